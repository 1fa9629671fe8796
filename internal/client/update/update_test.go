package update

import (
	"context"
	"crypto/ed25519"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"puntuale/internal/clickday"
)

func TestOnlyThePublisherIsBelieved(t *testing.T) {
	public, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	other, _, _ := ed25519.GenerateKey(nil)
	want := Manifest{Version: "1.2.3", Published: time.Unix(1e9, 0).UTC(), Downloads: map[string]Download{"linux/amd64": {URL: "https://x.example/p", SHA256: "00", Size: 1}}}
	b, err := Sign(want, key)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/good" {
			http.NotFound(w, r)
			return
		}
		w.Write(b)
	}))
	defer srv.Close()
	m, err := Fetch(context.Background(), srv.Client(), srv.URL+"/good", public)
	if err != nil || m.Version != "1.2.3" || m.Downloads["linux/amd64"].Size != 1 {
		t.Fatalf("%+v %v", m, err)
	}
	if _, err := Fetch(context.Background(), srv.Client(), srv.URL+"/missing", public); err == nil {
		t.Fatal("a 404 was taken for a manifest")
	}
	if _, err := Open(b, other); !errors.Is(err, ErrSignature) {
		t.Fatalf("another key: %v", err)
	}
	for _, bad := range []string{"", "{}", "<html>"} {
		if _, err := Open([]byte(bad), public); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
	if _, err := Sign(Manifest{Version: "new"}, key); !errors.Is(err, ErrForm) {
		t.Fatalf("err %v", err)
	}
}

func TestNewer(t *testing.T) {
	for _, c := range []struct {
		version, running string
		want             bool
	}{
		{"1.2.3", "1.2.2", true}, {"1.10.0", "1.9.9", true}, {"v2.0.0", "1.9.9", true},
		{"1.2.3", "1.2.3", false}, {"1.2.2", "1.2.3", false}, {"1.2.3", "", false}, {"1.2.3", "devel", false}, {"x", "1.0.0", false},
	} {
		if got := Newer(c.version, c.running); got != c.want {
			t.Errorf("%s after %s: %v", c.version, c.running, got)
		}
	}
}

func TestQuietAroundAClickDay(t *testing.T) {
	hour := int64(time.Hour)
	c := &clickday.Calendar{Days: []clickday.Day{{Opens: 1000 * hour, Closes: 1002 * hour, State: clickday.DayScheduled}}}
	for at, want := range map[int64]bool{900: false, 951: false, 953: true, 1000: true, 1013: true, 1015: false} {
		if Quiet(c, at*hour) != want {
			t.Errorf("hour %d: want %v", at, want)
		}
	}
	c.Days[0].State = clickday.DayClosed
	if Quiet(c, 1000*hour) {
		t.Error("quiet for a day that is closed")
	}
}
