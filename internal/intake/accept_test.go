package intake

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/journal"
	"puntuale/internal/wire"
)

func TestAnEnvelopeIsStampedStoredAndAcknowledged(t *testing.T) {
	for name, secure := range map[string]bool{"tls": true, "plain": false} {
		t.Run(name, func(t *testing.T) {
			w := start(t, t.TempDir(), secure, nil)
			w.publish(1)
			for i := range 3 { // the second and third on a warm connection
				before := wall.Now().UnixNano()
				ack, _ := w.accepted(envelopeFor(t, dayOpen))
				s := ack.Leaf.Stamp
				if s.UnixNano < before || s.UnixNano > wall.Now().UnixNano() {
					t.Fatalf("stamp %d, sent after %d", s.UnixNano, before)
				}
				if s.Source != clickday.StampKernel || s.Node != 7 || s.Sequence != uint64(i+1) || s.Journal != w.journal.ID() {
					t.Fatalf("%+v", s)
				}
			}
			if w.journal.Records() != 3 {
				t.Fatal(w.journal.Records())
			}
		})
	}
}

// A repeat gets the same bytes: at once, by its id, after a restart, after the
// close, and while the day is suspended.
func TestARepeatGetsTheSameBytesForEver(t *testing.T) {
	dir := t.TempDir()
	w := start(t, dir, false, nil)
	w.publish(1)
	env := envelopeFor(t, dayOpen)
	_, first := w.accepted(env)
	same := func(when string) {
		t.Helper()
		if _, again := w.accepted(env); !bytes.Equal(first, again) {
			t.Fatalf("%s: other bytes", when)
		}
		if a := w.get(wire.PathSubmit + "/" + wire.IDOf(env).String()); a.status != 200 || !bytes.Equal(a.body, first) {
			t.Fatalf("%s: by id: status %d", when, a.status)
		}
		if w.journal.Records() != 1 || w.journal.LastBatch() != 1 {
			t.Fatalf("%s: a second record", when)
		}
	}
	same("at once")
	w.stop()
	w = start(t, dir, false, nil)
	same("after a restart") // the calendar was kept, too
	days := testDays()
	days[0].State = clickday.DaySuspended
	w.publish(2, days...)
	same("suspended")
	days[0].State = clickday.DayClosed
	w.publish(3, days...)
	same("closed")
	w.publish(4, days[1])
	same("day gone from the calendar")
}

func TestARepeatWithAnExpiredTicketIsStillAnswered(t *testing.T) {
	w := open(t)
	env := envelopeWith(t, macKey, func(tk *wire.Ticket) { tk.NotAfter = wall.Now().Unix() - 10 })
	if a := w.post(env); a.problem().Code != clickday.CodeTicketExpired {
		t.Fatalf("%s", a.body)
	}
	stamp := clickday.Stamp{UnixNano: wall.Now().UnixNano() - int64(time.Minute), Source: clickday.StampKernel}
	out, err := w.journal.Append(t.Context(), wire.IDOf(env), stamp, env) // as when it was still good
	must(t, err)
	if a := w.post(env); a.status != 200 || !bytes.Equal(a.body, out.Acknowledgement) {
		t.Fatalf("status %d", a.status)
	}
}

func TestTheSameEnvelopeAtOnceOnManyConnectionsIsOnePlace(t *testing.T) {
	w := open(t)
	env := envelopeFor(t, dayOpen)
	var all sync.WaitGroup
	earliest := make([]int64, 40)
	for i := range earliest {
		all.Go(func() {
			ack, _ := w.accepted(env)
			earliest[i] = ack.Leaf.Stamp.UnixNano
		})
	}
	all.Wait()
	ack, _ := w.accepted(env)
	for _, at := range earliest {
		if at < ack.Leaf.Stamp.UnixNano {
			t.Fatal("the node forgot an earlier arrival")
		}
	}
	if w.journal.Records() != 1 {
		t.Fatal(w.journal.Records())
	}
}

func TestEarlyIsNotStoredAndTheSameEnvelopeCountsFromTheOpeningOn(t *testing.T) {
	w := open(t)
	env := envelopeFor(t, dayEarly)
	before := wall.Now().UnixNano()
	a := w.post(env)
	p := a.problem()
	opens := w.calendar.Current().Find(dayEarly).Opens
	if a.status != 425 || p.Code != clickday.CodeTooEarly || p.OpensAt != opens || p.CalendarVersion != 1 ||
		p.ReceivedAt < before || p.ServerTime < p.ReceivedAt || p.Detail == "" || p.DetailEN == "" {
		t.Fatalf("%d %+v", a.status, p)
	}
	if w.journal.Records() != 0 {
		t.Fatal("an early shot was stored")
	}
	days := testDays()
	days[1].Opens = wall.Now().UnixNano() // an operator moves the opening
	w.publish(2, days...)
	ack, _ := w.accepted(env)
	if ack.Leaf.Stamp.UnixNano < days[1].Opens {
		t.Fatal("accepted before the opening")
	}
}

func TestTimeAnswersAreSignedAndEchoTheNonce(t *testing.T) {
	w := open(t)
	nonce := [wire.NonceSize]byte{1, 2, 3}
	before := wall.Now().UnixNano()
	a := w.get(wire.PathTime + "?nonce=01020300000000000000000000000000")
	got, err := wire.OpenTime(a.body, nonce, nodePublic)
	must(t, err)
	if got.ReceivedAt < before || got.SentAt < got.ReceivedAt || got.Source != clickday.StampKernel ||
		got.Node != 7 || got.CalendarVersion != 1 || got.Clock != clickday.ClockUnknown {
		t.Fatalf("%+v", got)
	}
	for _, bad := range []string{"", "?nonce=", "?nonce=00", "?nonce=zz020300000000000000000000000000", "?n=01020300000000000000000000000000"} {
		if a := w.get(wire.PathTime + bad); a.problem().Code != clickday.CodeRequest {
			t.Errorf("%q: %d %s", bad, a.status, a.body)
		}
	}
}

// appendFunc is Journal.Append.
type appendFunc func(context.Context, clickday.SubmissionID, clickday.Stamp, []byte) (journal.Outcome, error)

// troubled is a journal that misbehaves on demand.
type troubled struct {
	Journal
	instead atomic.Pointer[appendFunc]
}

func (j *troubled) Append(ctx context.Context, id clickday.SubmissionID, s clickday.Stamp, e []byte) (journal.Outcome, error) {
	if f := j.instead.Load(); f != nil {
		return (*f)(ctx, id, s, e)
	}
	return j.Journal.Append(ctx, id, s, e)
}

// do replaces Append; nil brings the real one back.
func (j *troubled) do(f appendFunc) {
	if f == nil {
		j.instead.Store(nil)
		return
	}
	j.instead.Store(&f)
}

func TestAJournalThatFailsIsAnsweredForAndTheNodeLivesOn(t *testing.T) {
	j := &troubled{}
	w := start(t, t.TempDir(), false, func(real Journal) Journal { j.Journal = real; return j })
	w.publish(1)
	fails := func(err error) appendFunc {
		return func(context.Context, clickday.SubmissionID, clickday.Stamp, []byte) (journal.Outcome, error) {
			return journal.Outcome{}, err
		}
	}
	for name, c := range map[string]struct {
		append appendFunc
		code   clickday.Code
	}{
		"full":  {fails(journal.ErrFull), clickday.CodeOverloaded},
		"dead":  {fails(journal.ErrDead), clickday.CodeInternal},
		"close": {fails(journal.ErrClosed), clickday.CodeShuttingDown},
		"other": {fails(errors.New("?")), clickday.CodeInternal},
		"panic": {func(context.Context, clickday.SubmissionID, clickday.Stamp, []byte) (journal.Outcome, error) {
			panic("bug")
		}, clickday.CodeInternal},
	} {
		env := envelopeFor(t, dayOpen)
		j.do(c.append)
		a := w.post(env)
		if p := a.problem(); p.Code != c.code || a.status != clickday.MeaningOf(c.code).Status {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
		if a.status == 503 && a.header.Get("Retry-After") == "" {
			t.Errorf("%s: no Retry-After", name)
		}
		j.do(nil)
		w.accepted(env)
	}
	// Failed, but applied: the repeat gets the first arrival.
	env := envelopeFor(t, dayOpen)
	applied := make(chan journal.Outcome, 1)
	j.do(func(ctx context.Context, id clickday.SubmissionID, s clickday.Stamp, e []byte) (out journal.Outcome, err error) {
		lost, _ := j.Journal.Append(ctx, id, s, e)
		applied <- lost
		return out, journal.ErrDead
	})
	w.post(env)
	j.do(nil)
	lost := <-applied
	if _, again := w.accepted(env); !bytes.Equal(again, lost.Acknowledgement) {
		t.Fatal("the repeat lost its first arrival")
	}
}

func TestShutdownAnswersWhatIsInFlight(t *testing.T) {
	j := &troubled{}
	w := start(t, t.TempDir(), false, func(real Journal) Journal { j.Journal = real; return j })
	w.publish(1)
	entered, release := make(chan struct{}), make(chan struct{})
	j.do(func(ctx context.Context, id clickday.SubmissionID, s clickday.Stamp, e []byte) (journal.Outcome, error) {
		close(entered)
		<-release
		return j.Journal.Append(ctx, id, s, e)
	})
	env := envelopeFor(t, dayOpen)
	inFlight := make(chan answer, 1)
	go func() { inFlight <- w.post(env) }()
	<-entered
	idle := w.get(wire.PathCalendar) // another connection, kept open
	if idle.status != 200 {
		t.Fatal(idle.status)
	}
	stopped := make(chan struct{})
	go func() { w.stop(); close(stopped) }()
	select {
	case <-stopped:
		t.Fatal("stopped with a request in flight")
	case <-time.After(300 * time.Millisecond):
	}
	close(release)
	if a := <-inFlight; a.status != 200 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	<-stopped
}
