package client

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/client/clienttest"
	"puntuale/internal/client/keystore"
	"puntuale/internal/client/portalapi"
	"puntuale/internal/client/store"
	"puntuale/internal/clock"
)

// bench is a client with a portal and an intake.
type bench struct {
	*Client
	srv *clienttest.Server
	dir string
}

// browser follows the log-in page as a browser does, without a person.
func browser(t *testing.T) func(string) error {
	return func(address string) error {
		go func() {
			resp, err := http.Get(address)
			if err != nil {
				t.Error(err)
				return
			}
			defer resp.Body.Close()
			if _, err := io.Copy(io.Discard, resp.Body); err != nil {
				t.Error(err)
			}
		}()
		return nil
	}
}

func setup(t *testing.T, opensIn time.Duration) *bench {
	t.Helper()
	clk := clock.System{}
	b := &bench{srv: clienttest.NewServer(t, clk, clk.Now().Add(opensIn).UnixNano()), dir: t.TempDir()}
	b.reopen(t)
	return b
}

// reopen is a new process on the same directory.
func (b *bench) reopen(t *testing.T) {
	t.Helper()
	if b.Client != nil {
		if err := b.Client.Close(); err != nil {
			t.Fatal(err)
		}
	}
	c, err := Open(Config{
		Dir: b.dir, Clock: clock.System{}, Keystore: keystore.KindFile, OpenBrowser: browser(t),
		Passphrase: func(bool) (string, error) { return "long enough", nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	b.Client = c
	t.Cleanup(func() { c.Close() })
}

func (b *bench) pair(t *testing.T) {
	t.Helper()
	if err := b.Pair(t.Context(), Pairing{Portal: b.srv.Portal.URL, Name: "test"}); err != nil {
		t.Fatal(err)
	}
}

func (b *bench) sync(t *testing.T) SyncReport {
	t.Helper()
	r, err := b.Sync(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (b *bench) send(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := b.Send(ctx, ""); err != nil {
		t.Fatal(err)
	}
}

func (b *bench) want(t *testing.T, s store.State) {
	t.Helper()
	rs := b.store.All()
	if len(rs) == 0 {
		t.Fatal("no application")
	}
	for _, r := range rs {
		if r.State != s {
			t.Fatalf("%s is %s (%s), want %s", r.Worker, r.State, r.Code, s)
		}
	}
}

// TestFromPairingToReceipt walks the whole way, with a new process before
// every step, so that everything a step needs lies on disk.
func TestFromPairingToReceipt(t *testing.T) {
	b := setup(t, 1500*time.Millisecond)
	b.srv.Add(25)
	b.pair(t)
	b.reopen(t)
	if r := b.sync(t); r.Prepared != 25 || len(r.Rejected) != 0 {
		t.Fatalf("%+v", r)
	}
	if r := b.sync(t); r.Unchanged != 25 {
		t.Fatalf("again: %+v", r)
	}
	b.reopen(t)
	b.want(t, store.Prepared)
	b.send(t)
	b.want(t, store.Acknowledged)
	b.checkStored(t, 25)
	b.reopen(t)
	if err := b.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.want(t, store.Sequenced)
	out := filepath.Join(b.dir, "receipts")
	if r, err := b.Receipts(t.Context(), out, 0); err != nil || r.Missing != 25 || r.Saved != 0 {
		t.Fatalf("%+v %v", r, err)
	}
	time.AfterFunc(300*time.Millisecond, b.srv.IssueReceipts)
	if r, err := b.Receipts(t.Context(), out, 10*time.Second); err != nil || r.Missing != 0 || r.Saved != 25 {
		t.Fatalf("%+v %v", r, err)
	}
	b.want(t, store.Receipted)
	first, err := os.ReadFile(filepath.Join(out, "ricevuta-B-2026-0000001.pdf"))
	if err != nil || !bytes.HasPrefix(first, []byte("%PDF")) {
		t.Fatalf("%q %v", first, err)
	}
}

// checkStored compares the client's records with what the intake has.
func (b *bench) checkStored(t *testing.T, n int) {
	t.Helper()
	stored := b.srv.Stored()
	if len(stored) != n {
		t.Fatalf("stored %d, want %d", len(stored), n)
	}
	stamps := map[string]int64{}
	opens := b.calendars.Current().Days[0].Opens
	for _, l := range stored {
		stamps[l.ID.String()] = l.Stamp.UnixNano
		if l.Stamp.UnixNano < opens {
			t.Fatalf("arrived %d ns early", opens-l.Stamp.UnixNano)
		}
	}
	for _, r := range b.store.All() {
		if r.State.Arrived() && stamps[r.Submission] != r.Arrived {
			t.Fatalf("%s: stamp %d, the intake has %d", r.Worker, r.Arrived, stamps[r.Submission])
		}
	}
}

func TestFaultsOnTheRealConnection(t *testing.T) {
	for name, f := range map[string]clienttest.Fault{
		"cut": clienttest.CutBefore, "lost": clienttest.LostAfter, "overloaded": clienttest.Overloaded,
		"forged": clienttest.Forged, "early": clienttest.EarlyRefusal,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, 500*time.Millisecond)
			b.srv.Add(10)
			b.srv.Fault(func(_ clickday.SubmissionID, attempt int) clienttest.Fault {
				if attempt == 1 {
					return f
				}
				return clienttest.Fine
			})
			b.pair(t)
			b.sync(t)
			b.send(t)
			b.want(t, store.Acknowledged)
			b.checkStored(t, 10)
			for _, r := range b.store.All() {
				if n := b.srv.Attempts(r.ID()); n < 2 {
					t.Fatalf("%d attempts: the fault did not happen", n)
				}
			}
		})
	}
}

func TestFinalRefusalIsKeptWithItsReason(t *testing.T) {
	b := setup(t, 0)
	ids := b.srv.Add(1)
	b.srv.Fault(func(clickday.SubmissionID, int) clienttest.Fault { return clienttest.WrongKey })
	b.pair(t)
	b.sync(t)
	b.send(t)
	b.want(t, store.Refused)
	row := b.Snapshot().Days[0].Rows[0]
	if row.Code != clickday.CodeTicketInvalid || row.Reason.IT == "" || row.Reason.EN == "" {
		t.Fatalf("%+v", row)
	}
	// A new seal starts anew, and the refused envelope stays as evidence.
	b.srv.Fault(nil)
	b.srv.Reseal(ids[0])
	if r := b.sync(t); r.Replaced != 1 {
		t.Fatalf("%+v", r)
	}
	b.send(t)
	b.want(t, store.Acknowledged)
	if rec, _ := b.store.Get(ids[0].String()); len(rec.Past) != 1 || rec.Past[0].Code != clickday.CodeTicketInvalid {
		t.Fatalf("past %+v", rec.Past)
	}
}

func TestANewSealReplacesOnlyTheUnsent(t *testing.T) {
	b := setup(t, time.Hour)
	ids := b.srv.Add(4)
	b.pair(t)
	b.sync(t)
	set := func(i int, states ...store.State) store.Record {
		var out store.Record
		for _, s := range states {
			if err := b.store.Update(ids[i].String(), func(r *store.Record) bool { r.State = s; out = *r; return true }); err != nil {
				t.Fatal(err)
			}
		}
		return out
	}
	set(1, store.Armed)
	unknown := set(2, store.Armed, store.Sending)
	for _, id := range ids[:3] {
		b.srv.Reseal(id)
	}
	b.srv.Remove(ids[3])
	if r := b.sync(t); r.Replaced != 2 || r.Unchanged != 1 || r.Dropped != 1 {
		t.Fatalf("%+v", r)
	}
	for i, want := range []store.State{store.Prepared, store.Armed, store.Sending} {
		if r, _ := b.store.Get(ids[i].String()); r.State != want {
			t.Errorf("application %d is %s, want %s", i, r.State, want)
		}
	}
	if r, _ := b.store.Get(ids[2].String()); !bytes.Equal(r.Envelope, unknown.Envelope) {
		t.Error("an envelope that may have been sent was changed")
	}
	b.srv.Remove(ids[2])
	if r := b.sync(t); r.Dropped != 0 {
		t.Error("an envelope that may have been sent was dropped")
	}
}

func TestMovedAndSuspendedOnTheRealConnection(t *testing.T) {
	b := setup(t, 700*time.Millisecond)
	b.srv.Add(3)
	b.pair(t)
	b.sync(t)
	b.srv.Day(func(d *clickday.Day) { d.Opens += int64(900 * time.Millisecond) })
	b.send(t)
	b.want(t, store.Acknowledged)
	b.checkStored(t, 3)
}

func TestPairingRefusals(t *testing.T) {
	b := setup(t, time.Hour)
	if _, err := b.Sync(t.Context()); !errors.Is(err, ErrNotPaired) {
		t.Fatalf("sync before pairing: %v", err)
	}
	if err := b.Send(t.Context(), ""); !errors.Is(err, ErrNotPaired) {
		t.Fatalf("send before pairing: %v", err)
	}
	for _, address := range []string{"http://portale.example.it", "ftp://x", "", "portale.example.it", "http://127.0.0.1.example.it"} {
		if err := b.Pair(t.Context(), Pairing{Portal: address}); !errors.Is(err, portalapi.ErrInsecure) {
			t.Errorf("%q: %v", address, err)
		}
	}
	b.srv.Deny()
	if err := b.Pair(t.Context(), Pairing{Portal: b.srv.Portal.URL}); err == nil || strings.Contains(Explain(err).IT, "non ha funzionato") {
		t.Fatalf("denied: %v", err)
	}
	if _, paired := b.Profile(); paired {
		t.Fatal("paired though denied")
	}
}

func TestCalendarNeverGoesBackAndIsNeverForeign(t *testing.T) {
	b := setup(t, time.Hour)
	b.srv.Add(1)
	b.pair(t)
	b.sync(t)
	old, err := b.store.Calendar()
	if err != nil {
		t.Fatal(err)
	}
	b.srv.Day(func(d *clickday.Day) { d.Opens++ })
	b.sync(t)
	if changed, err := b.calendars.Offer(old); changed || err != nil || b.calendars.Current().Version != 2 {
		t.Fatalf("went back: %v %v", changed, err)
	}
	forged := bytes.Clone(old)
	forged[20] ^= 1
	if _, err := b.calendars.Offer(forged); err == nil {
		t.Fatal("took a forged calendar")
	}
	b.reopen(t)
	if v := b.calendars.Current().Version; v != 2 {
		t.Fatalf("version %d after reopening", v)
	}
}

func TestForget(t *testing.T) {
	b := setup(t, 0)
	b.srv.Add(2)
	b.pair(t)
	b.sync(t)
	b.send(t)
	if err := b.Forget(false); !errors.Is(err, ErrUnsettled) {
		t.Fatalf("forgot what has no number yet: %v", err)
	}
	if err := b.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := b.Forget(false); err != nil {
		t.Fatal(err)
	}
	b.reopen(t)
	if _, paired := b.Profile(); paired || len(b.store.All()) != 0 {
		t.Fatal("something is left")
	}
	if _, err := os.Stat(filepath.Join(b.dir, keystore.FileName)); !os.IsNotExist(err) {
		t.Fatalf("secrets are left: %v", err)
	}
}

// TestSession drives a client as the window does: taps in, snapshots out.
func TestSession(t *testing.T) {
	b := setup(t, time.Hour)
	b.srv.Add(6)
	ctx, cancel := context.WithCancel(t.Context())
	s := NewSession(ctx, b.Client)
	var mu sync.Mutex
	var last Snapshot
	var wg sync.WaitGroup
	wg.Go(func() {
		s.Run(func(snap Snapshot) {
			mu.Lock()
			defer mu.Unlock()
			last = snap
		})
	})
	until := func(what string, ok func(Snapshot) bool) {
		t.Helper()
		deadline := time.After(20 * time.Second)
		for {
			mu.Lock()
			good := ok(last)
			mu.Unlock()
			if good {
				return
			}
			select {
			case <-deadline:
				t.Fatalf("%s: %+v", what, last)
			case <-time.After(10 * time.Millisecond):
			}
		}
	}
	s.Pair(b.srv.Portal.URL, "window", "")
	until("paired and synced", func(n Snapshot) bool {
		return n.Paired && n.Activity == Idle && len(n.Days) == 1 && n.Days[0].Counts.Prepared == 6 && n.Clock.Known
	})
	s.Send("B-2026")
	until("waiting", func(n Snapshot) bool { return n.Days[0].Running && n.Days[0].Counts.Armed == 6 })
	s.Stop()
	until("stopped", func(n Snapshot) bool { return !n.Days[0].Running && n.Days[0].Counts.Prepared == 6 })
	b.srv.Day(func(d *clickday.Day) { d.Opens = b.Clock.Now().Add(2 * time.Second).UnixNano() })
	s.Sync() // brings the new calendar
	until("synced", func(n Snapshot) bool {
		return n.Activity == Idle && n.Days[0].Opens.Before(b.Clock.Now().Add(time.Minute))
	})
	s.Send("B-2026")
	until("numbered", func(n Snapshot) bool { return n.Days[0].Counts.Sequenced == 6 })
	b.srv.IssueReceipts()
	until("receipted", func(n Snapshot) bool { return n.Days[0].Counts.Receipted == 6 })
	s.SaveReceipts(filepath.Join(b.dir, "out"))
	until("saved", func(n Snapshot) bool { return n.Activity == Idle && n.Days[0].Rows[0].ReceiptFile != "" })
	cancel()
	wg.Wait()
	b.checkStored(t, 6)
}
