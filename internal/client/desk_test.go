package client

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"puntuale/internal/client/awake"
	"puntuale/internal/client/clienttest"
	"puntuale/internal/client/keystore"
	"puntuale/internal/clock"
)

// deskWatch keeps the newest snapshot of a desk.
type deskWatch struct {
	mu   sync.Mutex
	last Snapshot
}

func (w *deskWatch) take(s Snapshot) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last = s
}

func (w *deskWatch) until(t *testing.T, what string, f func(s *Snapshot) bool) Snapshot {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		w.mu.Lock()
		s := w.last
		w.mu.Unlock()
		if f(&s) {
			return s
		}
		select {
		case <-ctx.Done():
			t.Fatalf("not within a minute: %s; %+v", what, s)
		case <-tick.C:
		}
	}
}

// TestADeskOfTwoAccounts: a second account beside the first, settings that open
// both anew, a report without names, and the deletion of everything.
func TestADeskOfTwoAccounts(t *testing.T) {
	dir := t.TempDir()
	clk := clock.System{}
	srv := clienttest.NewServer(t, clk, clk.Now().Add(24*time.Hour).UnixNano())
	srv.Add(2)
	d, err := OpenDesk(t.Context(), dir, "", Settings{}, func(account string, s Settings) (*Client, error) {
		at := dir
		if account != "" {
			at = filepath.Join(dir, "accounts", account)
		}
		return Open(Config{
			Dir: at, Clock: clk, Keystore: keystore.KindFile, Proxy: s.Proxy, OpenBrowser: browser(t),
			Awake: func(string) (*awake.Hold, error) { return nil, os.ErrPermission },
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	w := &deskWatch{}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		d.Run(w.take)
	}()
	d.Pair(srv.Portal.URL, "ufficio", "frase")
	first := w.until(t, "paired", func(s *Snapshot) bool { return s.Paired && s.Activity == Idle && len(s.Days) == 1 })
	d.AddAccount()
	w.until(t, "a second account", func(s *Snapshot) bool { return !s.Paired && len(s.Accounts) == 2 && s.Accounts[1].Current })
	d.ShowAccount("")
	w.until(t, "the first again", func(s *Snapshot) bool { return s.Paired })
	d.Set(Settings{Lang: "en", Proxy: "direct"})
	w.until(t, "opened anew", func(s *Snapshot) bool {
		return s.Settings.Proxy == "direct" && s.Activity == Idle && s.Paired && !s.Locked && len(s.Accounts) == 2
	})
	if s, err := LoadSettings(dir); err != nil || s.Lang != "en" || s.Proxy != "direct" {
		t.Fatalf("%+v, %v", s, err)
	}
	d.Diagnose("it")
	report := w.until(t, "the report", func(s *Snapshot) bool { return s.Report != "" }).Report
	if !strings.Contains(report, "day B-2026") || !strings.Contains(report, "check disk") ||
		strings.Contains(report, first.Account.Name) || strings.Contains(report, srv.Token) || strings.Contains(report, first.Days[0].Rows[0].Worker) {
		t.Fatalf("report:\n%s", report)
	}
	w.until(t, "idle", func(s *Snapshot) bool { return s.Activity == Idle })
	d.Forget(false)
	w.until(t, "forgotten", func(s *Snapshot) bool { return !s.Paired && s.Notice.Text == textForgotten })
	d.Stopping()
	<-ended
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"profile.json", "secrets.json", settingsName} {
		if _, err := os.Stat(filepath.Join(dir, name)); !os.IsNotExist(err) {
			t.Errorf("%s is still there: %v", name, err)
		}
	}
}
