package intake

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"net"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/clock"
	"puntuale/internal/wire"
)

func TestHandshakesAreRationedOnlyAroundAnOpening(t *testing.T) {
	opens := time.Date(2026, 2, 12, 8, 0, 0, 0, time.UTC)
	day := clickday.Day{Opens: opens.UnixNano(), State: clickday.DayScheduled}
	table := &Timetable{Calendar: clickday.Calendar{Days: []clickday.Day{day}}}
	for at, want := range map[time.Duration]bool{
		-time.Hour: false, -rationBefore - 1: false, -rationBefore: true, 0: true, rationAfter - 1: true, rationAfter: false,
	} {
		if got := aroundOpening(table, opens.Add(at)); got != want {
			t.Errorf("%s from the opening: %v", at, got)
		}
	}
	table.Days[0].State = clickday.DayClosed
	if aroundOpening(table, opens) || aroundOpening(nil, opens) {
		t.Error("rationed without an opening")
	}
}

// limitNow is a limit in a calendar that has just opened.
func limitNow(t *testing.T, perSecond int, wait time.Duration, over context.Context) *handshakeLimit {
	t.Helper()
	var clk clock.System
	c, err := OpenCalendar(filepath.Join(t.TempDir(), "calendar.bin"), calendarKey.Public().(ed25519.PublicKey))
	must(t, err)
	now := clk.Now()
	_, err = c.Put(signedCalendar(t, 1, clickday.Day{
		ID: 1, Code: "NOW", TitleIT: "x", TitleEN: "x", Models: []clickday.ModelCode{"B"}, State: clickday.DayScheduled,
		Prepare: 1, Sync: 2, Opens: now.UnixNano(), Closes: now.Add(time.Hour).UnixNano(),
	}))
	must(t, err)
	return newHandshakeLimit(perSecond, wait, c, clk, over)
}

func TestTurnsComeAtTheRateAndNotTooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		h := limitNow(t, 10, time.Second, ctx)
		var clk clock.System
		began := clk.Now()
		turns := make(chan time.Duration, 30)
		refused := make(chan bool, 30)
		for range 30 { // one at once, ten more within the second that they may wait
			go func() {
				if h.turn(nil) {
					turns <- clk.Now().Sub(began)
				} else {
					refused <- true
				}
			}()
		}
		synctest.Wait()
		if len(refused) != 19 || len(turns) != 1 {
			t.Fatalf("%d refused at once, %d let in at once; want 19 and 1", len(refused), len(turns))
		}
		for i := range 11 {
			if at := <-turns; at != time.Duration(i)*100*time.Millisecond {
				t.Fatalf("turn %d after %s", i, at)
			}
		}
		for h.turn(nil) && clk.Now().Sub(began) < 3*time.Second { // one after the other there is always a turn
		}
		if clk.Now().Sub(began) < 3*time.Second {
			t.Fatal("no turn although nobody waits")
		}
		go cancel()
		synctest.Wait()
		if h.turn(nil) && h.turn(nil) {
			t.Fatal("waiting goes on after the end")
		}
		<-time.After(rationAfter)
		for range 100 {
			if !h.turn(nil) {
				t.Fatal("rationed long after the opening")
			}
		}
	})
}

// A crowd that arrives with the opening gets its handshakes at the rate, holds
// no watermark back meanwhile, and does not touch the ticketed listener.
func TestACrowdAtTheOpeningWaitsForItsHandshakes(t *testing.T) {
	w, ln := openWarm(t, true, func(c *Config) { c.Handshakes, c.Timeouts.Turn = 1, 1500*time.Millisecond })
	day := testDays()[0]
	day.Opens = wall.Now().UnixNano()
	w.publish(2, day)
	public := w.server.doors[0]
	for range 8 {
		c, err := net.Dial("tcp", w.listener.Addr().String())
		must(t, err)
		t.Cleanup(func() { c.Close() })
		go tls.Client(c, &tls.Config{InsecureSkipVerify: true}).Handshake()
	}
	eventually(t, "most of it is turned away", func() bool { return valueOf(t, public.count.noTurn) >= 5 })
	at := wall.Now().UnixNano()
	eventually(t, "the watermark passes those that wait", func() bool { return w.server.Safe() > at })
	for range 4 {
		w.warmed(ln, ticketWith(macKey, func(k *wire.Ticket) { k.Day = dayOpen }))
	}
	eventually(t, "who waits gets in", func() bool { return valueOf(t, public.count.complete) >= 2 })
	if n := valueOf(t, w.server.doors[1].count.noTurn); n != 0 {
		t.Fatalf("%v turned away at the ticketed listener", n)
	}
}
