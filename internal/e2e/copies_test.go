package e2e

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"puntuale/internal/batch"
	"puntuale/internal/clickday"
	"puntuale/internal/client/link"
	"puntuale/internal/client/sending"
	"puntuale/internal/client/timing"
	"puntuale/internal/clock"
	"puntuale/internal/devstack"
	"puntuale/internal/journal"
	"puntuale/internal/keys"
	"puntuale/internal/queue/redisqueue"
	"puntuale/internal/wire"
)

// copyNode is "intake serve --ack journal+redis --ack-replicas 1" as a program,
// with a Redis of its own and whatever replicas the test starts.
type copyNode struct {
	t       *testing.T
	dir     string
	addr    string
	public  ed25519.PublicKey
	tickets *keys.TicketKeys
	device  ed25519.PrivateKey
	master  *devstack.Redis
	program *devstack.Program
}

func startCopyNode(t *testing.T) *copyNode {
	t.Helper()
	n := &copyNode{t: t, dir: t.TempDir()}
	dir := filepath.Join(n.dir, "keys")
	must(t, keys.Init(dir, 1))
	var err error
	n.public, err = keys.ReadPublic(filepath.Join(dir, keys.NodePubFile(1)))
	must(t, err)
	n.tickets, err = keys.ReadTicketKeys(filepath.Join(dir, keys.TicketFile))
	must(t, err)
	_, n.device, err = ed25519.GenerateKey(rand.Reader)
	must(t, err)
	n.master, err = devstack.StartRedis(t.Context(), devstack.Options{})
	must(t, err)
	t.Cleanup(func() { n.master.Stop() }) // it may have been killed
	addrs := filepath.Join(n.dir, "addrs")
	n.program = &devstack.Program{Name: "intake", Path: filepath.Join(bin, "intake"), Log: filepath.Join(n.dir, "intake.log"), Args: []string{
		"serve", "--plain", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--node", "1", "--addr-file", addrs,
		"--data", filepath.Join(n.dir, "data"), "--keys", dir, "--redis-url", n.master.URL,
		"--ack", "journal+redis", "--ack-replicas", "1", "--ack-wait", "500ms",
	}}
	must(t, n.program.Start())
	t.Cleanup(func() {
		if err := n.program.Stop(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Log(n.program.Tail())
		}
	})
	var lines []string
	eventually(t, time.Minute, "the addresses of the intake", func() bool {
		b, err := os.ReadFile(addrs)
		lines = strings.Fields(string(b))
		return err == nil && len(lines) >= 2
	})
	n.addr = lines[0]
	n.open(lines[1], dir)
	return n
}

// open gives the node a calendar with a day that is open.
func (n *copyNode) open(admin, dir string) {
	n.t.Helper()
	key, err := keys.ReadPrivate(filepath.Join(dir, keys.CalendarKeyFile))
	must(n.t, err)
	now := time.Now()
	signed, err := wire.SealCalendar(&clickday.Calendar{Version: 1, IssuedAt: now.UnixNano(), Days: []clickday.Day{{
		ID: 1, Code: "COPIES", TitleIT: "Prova delle copie", TitleEN: "Test of the copies", Models: []clickday.ModelCode{"B"},
		Prepare: 1, Sync: 2, Opens: now.Add(-time.Minute).UnixNano(), Closes: now.Add(time.Hour).UnixNano(), State: clickday.DayScheduled,
	}}}, key)
	must(n.t, err)
	eventually(n.t, time.Minute, "the calendar is taken", func() bool {
		req, err := http.NewRequestWithContext(n.t.Context(), http.MethodPut, "http://"+admin+"/calendar", bytes.NewReader(signed))
		must(n.t, err)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return false
		}
		res.Body.Close()
		return res.StatusCode/100 == 2
	})
}

func (n *copyNode) replica() *devstack.Redis {
	n.t.Helper()
	r, err := devstack.StartReplica(n.t.Context(), devstack.Options{}, n.master)
	must(n.t, err)
	n.t.Cleanup(func() { r.Stop() }) // it may have been killed
	return r
}

func (n *copyNode) envelope() []byte {
	now := time.Now()
	tk := wire.Ticket{
		KeyID: n.tickets.Current, Day: 1, Model: "B", ModelVersion: 1, Application: clickday.NewApplicationID(), SealVersion: 1,
		Device: [32]byte(n.device.Public().(ed25519.PublicKey)), Account: 1, IssuedAt: now.Unix(), NotAfter: now.Add(time.Hour).Unix(),
	}
	e, err := wire.SealEnvelope(wire.SealTicket(&tk, n.tickets.TicketKey(tk.KeyID)), 0, []byte("document"), n.device)
	if err != nil {
		n.t.Error(err)
	}
	return e
}

func (n *copyNode) send(ctx context.Context, envelope []byte) (sending.Answer, error) {
	c, err := link.Dial(ctx, link.Node{ID: 1, Addr: n.addr, Host: n.addr, Public: n.public}, timing.NewBase(clock.System{}))
	if err != nil {
		return sending.Answer{}, err
	}
	defer c.Close()
	return c.Submit(ctx, envelope)
}

// acked returns the checked acknowledgement in an answer, if it is one.
func (n *copyNode) acked(envelope []byte, a sending.Answer) (wire.Acknowledgement, bool) {
	if a.Status != http.StatusOK {
		return wire.Acknowledgement{}, false
	}
	ack, err := wire.ParseAcknowledgement(a.Body)
	if err == nil {
		err = ack.Check(wire.IDOf(envelope), n.public)
	}
	if err != nil {
		n.t.Error(err)
	}
	return ack, true
}

// stamps are the arrivals by submission.
type stamps map[clickday.SubmissionID]int64

func (s stamps) add(t *testing.T, frame []byte) {
	f, err := batch.Parse(frame)
	must(t, err)
	for i := range f.Records {
		l := &f.Records[i].Leaf
		s[l.ID] = l.Stamp.UnixNano
	}
}

// heldBy reads the stream of the node on one Redis.
func heldBy(t *testing.T, r *devstack.Redis) stamps {
	t.Helper()
	q, err := redisqueue.Open(r.URL)
	must(t, err)
	defer q.Close()
	out := stamps{}
	for after := ""; ; {
		entries, err := q.Read(t.Context(), 1, after, 500)
		must(t, err)
		if len(entries) == 0 {
			return out
		}
		for _, e := range entries {
			out.add(t, e.Frame)
			after = e.ID
		}
	}
}

// lacks expects every acknowledged submission in a place, with its stamp.
func lacks(t *testing.T, where string, have, acked stamps) {
	t.Helper()
	for id, stamp := range acked {
		if have[id] != stamp {
			t.Errorf("%s: %s acknowledged with %d, there with %d", where, id, stamp, have[id])
		}
	}
}

// crowd sends from some connections until stop is closed and returns what was
// acknowledged; refused envelopes are left behind.
func (n *copyNode) crowd(stop <-chan struct{}, told func(count int)) stamps {
	var mu sync.Mutex
	all := stamps{}
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				e := n.envelope()
				a, err := n.send(n.t.Context(), e)
				if err != nil {
					continue
				}
				if ack, ok := n.acked(e, a); ok {
					mu.Lock()
					all[wire.IDOf(e)] = ack.Leaf.Stamp.UnixNano
					told(len(all))
					mu.Unlock()
				}
			}
		})
	}
	group.Wait()
	return all
}

// TestAnAcknowledgementMeansTwoCopies takes the replica and then the master away
// from a node that waits for both: whatever it has acknowledged is in its journal
// and on the Redis that is left, and without a second copy it acknowledges nothing.
func TestAnAcknowledgementMeansTwoCopies(t *testing.T) {
	n := startCopyNode(t)

	lonely := n.envelope() // no replica yet
	a, err := n.send(t.Context(), lonely)
	must(t, err)
	if p := wire.ParseProblem(a.Body); a.Status != http.StatusServiceUnavailable || p.Code != clickday.CodeOverloaded {
		t.Fatalf("one copy only, and the answer is %d %s", a.Status, a.Body)
	}

	first := n.replica()
	acked := stamps{}
	eventually(t, time.Minute, "the repeat has its acknowledgement", func() bool {
		a, err := n.send(t.Context(), lonely)
		must(t, err)
		ack, ok := n.acked(lonely, a)
		acked[wire.IDOf(lonely)] = ack.Leaf.Stamp.UnixNano
		return ok
	})
	stop := make(chan struct{})
	for id, stamp := range n.crowd(stop, func(count int) {
		if count == 60 {
			close(stop)
		}
	}) {
		acked[id] = stamp
	}
	must(t, first.Kill())
	lacks(t, "the master, when the replica was killed", heldBy(t, n.master), acked)
	e := n.envelope()
	if a, err := n.send(t.Context(), e); err != nil || a.Status != http.StatusServiceUnavailable {
		t.Fatalf("the replica is gone, and the answer is %d, %v", a.Status, err)
	}

	second := n.replica()
	eventually(t, time.Minute, "acknowledgements with the new replica", func() bool {
		a, err := n.send(t.Context(), e)
		must(t, err)
		ack, ok := n.acked(e, a)
		acked[wire.IDOf(e)] = ack.Leaf.Stamp.UnixNano
		return ok
	})
	stop = make(chan struct{})
	for id, stamp := range n.crowd(stop, func(count int) {
		switch count {
		case 60: // in the middle of it
			if err := n.master.Kill(); err != nil {
				t.Error(err)
			}
			close(stop)
		}
	}) {
		acked[id] = stamp
	}
	must(t, second.Promote(t.Context()))
	lacks(t, "the replica, when the master was killed", heldBy(t, second), acked)
	if a, err := n.send(t.Context(), n.envelope()); err != nil || a.Status != http.StatusServiceUnavailable {
		t.Fatalf("no Redis at all, and the answer is %d, %v", a.Status, err)
	}
	must(t, n.program.Stop())
	have := stamps{}
	_, err = journal.Scan(filepath.Join(n.dir, "data", "journal"), n.public, func(f *batch.Frame) error {
		for i := range f.Records {
			have[f.Records[i].Leaf.ID] = f.Records[i].Leaf.Stamp.UnixNano
		}
		return nil
	})
	must(t, err)
	lacks(t, "the journal", have, acked)
	if len(acked) < 120 {
		t.Fatalf("%d acknowledged", len(acked))
	}
	t.Logf("%d acknowledged, each in both places", len(acked))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
