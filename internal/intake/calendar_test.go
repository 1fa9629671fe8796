package intake

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/wire"
)

func newCalendar(t *testing.T) (*Calendar, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "calendar.bin")
	c, err := OpenCalendar(path, calendarKey.Public().(ed25519.PublicKey))
	must(t, err)
	return c, path
}

func TestVersionsOfTheCalendarNeverGoBack(t *testing.T) {
	c, path := newCalendar(t)
	two := signedCalendar(t, 2, testDays()...)
	if changed, err := c.Put(two); err != nil || !changed {
		t.Fatal(changed, err)
	}
	if changed, err := c.Put(two); err != nil || changed {
		t.Fatal("the same again is no news and no error", changed, err)
	}
	for _, v := range []uint64{1, 2} {
		if _, err := c.Put(signedCalendar(t, v, testDays()[0])); !errors.Is(err, ErrOlder) {
			t.Fatal(v, err)
		}
	}
	forged := bytes.Clone(two)
	forged[len(forged)-1] ^= 1
	if _, err := c.Put(forged); !errors.Is(err, &wire.Error{Code: clickday.CodeSignature}) {
		t.Fatal(err)
	}
	again, err := OpenCalendar(path, c.key)
	must(t, err)
	if again.Current().Version != 2 || !bytes.Equal(again.Current().Signed, two) {
		t.Fatal("not kept")
	}
	must(t, os.WriteFile(path, forged, 0o600))
	if _, err := OpenCalendar(path, c.key); err == nil {
		t.Fatal("a damaged calendar was opened")
	}
}

func TestACalendarThatCannotBeKeptIsNotInForce(t *testing.T) {
	c, path := newCalendar(t)
	must(t, os.Remove(filepath.Dir(path)))
	if _, err := c.Put(signedCalendar(t, 1, testDays()...)); err == nil || c.Current() != nil {
		t.Fatal(err)
	}
}

func TestPushedCalendars(t *testing.T) {
	c, _ := newCalendar(t)
	log := slog.New(slog.DiscardHandler)
	push := func(b []byte) int {
		rec := httptest.NewRecorder()
		c.Pusher(log).ServeHTTP(rec, httptest.NewRequest(http.MethodPut, "/calendar", bytes.NewReader(b)))
		return rec.Code
	}
	five := signedCalendar(t, 5, testDays()...)
	forged := bytes.Clone(five)
	forged[20] ^= 1
	for _, step := range []struct {
		name string
		body []byte
		want int
	}{
		{"first", five, 200}, {"again", five, 200}, {"older", signedCalendar(t, 4, testDays()...), 409}, {"forged", forged, 403},
		{"garbage", []byte("?"), 400}, {"huge", make([]byte, wire.CalendarMax+1), 413}, {"newer", signedCalendar(t, 6, testDays()...), 200},
	} {
		if got := push(step.body); got != step.want {
			t.Errorf("%s: %d, want %d", step.name, got, step.want)
		}
	}
	if c.Current().Version != 6 {
		t.Fatal(c.Current().Version)
	}
}

func TestPolledCalendars(t *testing.T) {
	c, _ := newCalendar(t)
	var serving atomic.Pointer[[]byte]
	var asked atomic.Int64
	portal := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		if b := serving.Load(); b != nil {
			w.Write(*b)
			return
		}
		w.WriteHeader(http.StatusBadGateway)
	}))
	defer portal.Close()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { c.Poll(ctx, portal.URL, 20*time.Millisecond, slog.New(slog.DiscardHandler)); close(done) }()
	serve := func(b []byte) { serving.Store(&b) }
	await := func(what string, holds func() bool) {
		t.Helper()
		deadline := wall.Now().Add(10 * time.Second)
		for !holds() {
			if wall.Now().After(deadline) {
				t.Fatal("never: ", what)
			}
			<-time.After(5 * time.Millisecond)
		}
	}
	await("asks again after failures", func() bool { return asked.Load() > 3 })
	serve(signedCalendar(t, 3, testDays()...))
	await("takes the calendar", func() bool { return c.Current() != nil && c.Current().Version == 3 })
	serve([]byte("garbage"))
	before := asked.Load()
	await("goes on after garbage", func() bool { return asked.Load() > before+3 })
	serve(signedCalendar(t, 4, testDays()...))
	await("takes the next", func() bool { return c.Current().Version == 4 })
	cancel()
	<-done
}
