package accounts

import (
	"strings"
	"testing"
	"time"
)

func TestPassword(t *testing.T) {
	hash, err := HashPassword("corretto cavallo")
	if err != nil {
		t.Fatal(err)
	}
	again, err := HashPassword("corretto cavallo")
	if err != nil {
		t.Fatal(err)
	}
	if hash == again {
		t.Error("two hashes of one password are the same: the salt is not fresh")
	}
	for password, want := range map[string]bool{"corretto cavallo": true, "Corretto cavallo": false, "": false, strings.Repeat("x", 2000): false} {
		if got, err := CheckPassword(hash, password); err != nil || got != want {
			t.Errorf("CheckPassword(%.20q) = %v, %v; want %v", password, got, err, want)
		}
	}
	for _, bad := range []string{"", "corto", strings.Repeat("x", 2000)} {
		if _, err := HashPassword(bad); err == nil {
			t.Errorf("HashPassword takes %.20q", bad)
		}
	}
}

func TestForeignHashesAreErrorsNotMatches(t *testing.T) {
	hash, err := HashPassword("corretto cavallo")
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{
		"", "corretto cavallo", hash[:len(hash)-4], strings.Replace(hash, "m=19456", "m=8", 1), strings.Replace(hash, "argon2id", "argon2i", 1), hash + "!",
	} {
		if ok, err := CheckPassword(bad, "corretto cavallo"); ok || err == nil {
			t.Errorf("CheckPassword with hash %q = %v, %v", bad, ok, err)
		}
	}
}

func TestThrottle(t *testing.T) {
	th := Throttle{Free: 2, Base: 10 * time.Second, Max: time.Minute, Forget: time.Hour}
	now := time.Date(2027, 1, 12, 9, 0, 0, 0, time.UTC)
	failures, until := 0, now
	for i, want := range []time.Duration{0, 0, 10 * time.Second, 20 * time.Second, 40 * time.Second, time.Minute, time.Minute} {
		failures, until = th.Next(failures, until, now)
		if got := until.Sub(now); got != want || failures != i+1 {
			t.Errorf("attempt %d: count %d, wait %v; want wait %v", i+1, failures, got, want)
		}
		now = until
	}
	for range 100 { // far beyond any shift
		failures, until = th.Next(failures, until, now)
	}
	if got := until.Sub(now); got != time.Minute {
		t.Errorf("wait after a hundred attempts is %v", got)
	}
	if failures, until = th.Next(failures, until, until.Add(time.Hour+time.Second)); failures != 1 {
		t.Errorf("count after an hour of rest is %d", failures)
	}
}
