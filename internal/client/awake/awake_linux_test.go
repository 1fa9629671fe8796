package awake

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestWhatTheKernelSaysOfPower(t *testing.T) {
	dir := t.TempDir()
	put := func(name string, files map[string]string) {
		for file, text := range files {
			path := filepath.Join(dir, name, file)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	if p := lookBelow(filepath.Join(dir, "none"), dir); p.Known || p.Battery {
		t.Fatalf("%+v", p)
	}
	put("supply/AC", map[string]string{"type": "Mains", "online": "0"})
	put("supply/BAT0", map[string]string{"type": "Battery", "status": "Discharging", "capacity": "41"})
	put("supply/mouse", map[string]string{"type": "Battery", "scope": "Device", "status": "Discharging", "capacity": "3"})
	put("lid/LID0", map[string]string{"state": "open"})
	supply, lid := filepath.Join(dir, "supply"), filepath.Join(dir, "lid")
	if p := lookBelow(supply, lid); p != (Power{Known: true, Battery: true, OnBattery: true, Percent: 41, Lid: true}) {
		t.Fatalf("%+v", p)
	}
	put("supply/AC", map[string]string{"online": "1"})
	if p := lookBelow(supply, lid); p.OnBattery {
		t.Fatalf("%+v", p)
	}
}

// TestKeepOrSayThatItCannot: with systemd-logind there is a hold that can be
// released; without it the error says so.
func TestKeepOrSayThatItCannot(t *testing.T) {
	h, err := Keep("test")
	if err != nil {
		if !errors.Is(err, ErrCannot) {
			t.Fatal(err)
		}
		return
	}
	if err := h.Release(); err != nil {
		t.Fatal(err)
	}
}
