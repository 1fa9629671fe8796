package client

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/client/clienttest"
	"puntuale/internal/client/store"
	"puntuale/internal/wire"
)

// warmBench is a client that was told of a ticketed address and has armed n
// applications. Each has a connection of its own.
func warmBench(t *testing.T, n int, opensIn time.Duration) *bench {
	t.Helper()
	b := setup(t, opensIn)
	b.srv.OpenWarm(t)
	b.srv.Add(n)
	b.pair(t)
	b.sync(t)
	return b
}

func (b *bench) wantSent(t *testing.T, warm bool, path string, n int) {
	t.Helper()
	if got := b.srv.Visits(warm, path); got != n {
		t.Errorf("%s, ticketed %v: %d requests, want %d", path, warm, got, n)
	}
}

func TestSendsThroughTheTicketedAddress(t *testing.T) {
	b := warmBench(t, 12, 4*time.Second)
	b.send(t)
	b.want(t, store.Acknowledged)
	b.wantSent(t, true, wire.PathSubmit, 12)
	// One ticket for each connection, and more for those that a busy machine made anew.
	if got := b.srv.Visits(true, wire.PathWarm); got < 12 {
		t.Errorf("%d tickets shown, want 12", got)
	}
	b.wantSent(t, false, wire.PathSubmit, 0)
	b.wantSent(t, false, wire.PathWarm, 0)
}

// TestWithoutTheTicketedAddress: a ticketed address that is gone or that takes
// no ticket costs neither an application nor time.
func TestWithoutTheTicketedAddress(t *testing.T) {
	for name, spoil := range map[string]func(b *bench){
		"down":           func(b *bench) { b.srv.Warm.Close() },
		"full":           func(b *bench) { b.srv.RefuseTickets(clickday.CodeOverloaded) },
		"ticket refused": func(b *bench) { b.srv.RefuseTickets(clickday.CodeTicketInvalid) },
		"unreadable": func(b *bench) {
			p, _ := b.Profile()
			p.Nodes[0].WarmURL = "http://intake.example.it"
			if err := b.setProfile(p); err != nil {
				t.Error(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := warmBench(t, 5, 1500*time.Millisecond)
			spoil(b)
			b.send(t)
			b.want(t, store.Acknowledged)
			b.wantSent(t, true, wire.PathSubmit, 0)
			b.wantSent(t, false, wire.PathSubmit, 5)
			b.checkSoon(t)
		})
	}
}

// checkSoon: everything arrived within a second of the opening.
func (b *bench) checkSoon(t *testing.T) {
	t.Helper()
	opens := b.calendars.Current().Day(1).Opens
	for _, leaf := range b.srv.Stored() {
		if late := time.Duration(leaf.Stamp.UnixNano - opens); late < 0 || late > time.Second {
			t.Errorf("arrived %s after the opening", late)
		}
	}
}

// TestTheTicketedAddressIsCut: it goes down for good, after the connections
// were warmed, while they wait or with an answer on its way.
func TestTheTicketedAddressIsCut(t *testing.T) {
	t.Run("while waiting", func(t *testing.T) {
		t.Parallel()
		b := warmBench(t, 5, 3*time.Second)
		var cut sync.WaitGroup
		cut.Go(func() {
			b.await(t, func() bool { return b.srv.Visits(true, wire.PathWarm) == 5 })
			b.srv.Warm.CloseClientConnections()
			b.srv.Warm.Close()
		})
		b.send(t)
		cut.Wait()
		b.want(t, store.Acknowledged)
		b.wantSent(t, false, wire.PathSubmit, 5)
		b.checkSoon(t)
	})
	t.Run("while sending", func(t *testing.T) {
		t.Parallel()
		b := warmBench(t, 5, 1500*time.Millisecond)
		var once sync.Once
		b.srv.Fault(func(_ clickday.SubmissionID, attempt int) clienttest.Fault {
			if attempt > 1 {
				return clienttest.Fine
			}
			once.Do(func() { b.srv.Warm.Listener.Close() })
			return clienttest.CutBefore
		})
		b.send(t)
		b.want(t, store.Acknowledged)
		b.wantSent(t, true, wire.PathSubmit, 5)
		b.wantSent(t, false, wire.PathSubmit, 5)
		b.checkSoon(t)
	})
}

// await waits for something that another process would do.
func (b *bench) await(t *testing.T, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Error("it did not happen")
			return
		}
	}
}

func TestAnOlderPortalNamesNoTicketedAddress(t *testing.T) {
	b := setup(t, time.Hour)
	b.srv.Add(1)
	b.pair(t)
	p, _ := b.Profile()
	if len(p.Nodes) != 1 || p.Nodes[0].WarmURL != "" {
		t.Fatalf("%+v", p.Nodes)
	}
	b.srv.OpenWarm(t) // the portal is told of it later: the next sync brings it
	b.sync(t)
	if p, _ = b.Profile(); !strings.HasPrefix(p.Nodes[0].WarmURL, "https://") {
		t.Fatalf("%+v", p.Nodes)
	}
}
