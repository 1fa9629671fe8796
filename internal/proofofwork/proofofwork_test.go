package proofofwork

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"puntuale/internal/clock"
)

func desk(t *testing.T, bits int) (*Desk, *clock.Fake) {
	t.Helper()
	c := clock.NewFake(time.Date(2027, 1, 10, 10, 0, 0, 0, time.UTC))
	d, err := New(bytes.Repeat([]byte{3}, 32), bits, c)
	if err != nil {
		t.Fatal(err)
	}
	return d, c
}

func TestSolution(t *testing.T) {
	d, c := desk(t, 10)
	ch := d.Challenge()
	n := Solve(ch, "anna@example.it", 10)
	if err := d.Check(ch, "anna@example.it", n); err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string][3]string{
		"no number": {ch, "anna@example.it", ""}, "no digits": {ch, "anna@example.it", "x"}, "negative": {ch, "anna@example.it", "-1"},
		"too large": {ch, "anna@example.it", "18446744073709551615"},
	} {
		if err := d.Check(bad[0], bad[1], bad[2]); !errors.Is(err, ErrUnsolved) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// One number in 1,024 solves for another address as well: take one that does not.
	others := 0
	for _, subject := range []string{"bruno@example.it", "carla@example.it", "dario@example.it"} {
		if d.Check(ch, subject, n) == nil {
			others++
		}
	}
	if others > 1 {
		t.Errorf("the solution holds for %d other addresses of 3", others)
	}
	c.Advance(Lifetime)
	if err := d.Check(ch, "anna@example.it", n); err != nil {
		t.Error("at its end:", err)
	}
	c.Advance(time.Second)
	if err := d.Check(ch, "anna@example.it", n); !errors.Is(err, ErrChallenge) {
		t.Error("after its end:", err)
	}
}

func TestForgedChallenges(t *testing.T) {
	d, c := desk(t, 20)
	ch := d.Challenge()
	easy, _ := desk(t, 1)
	c.Advance(30 * time.Second)
	if age, err := d.Age(ch); err != nil || age != 30*time.Second {
		t.Error(age, err)
	}
	other, err := New(bytes.Repeat([]byte{4}, 32), 1, c)
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string]string{
		"empty": "", "cut": ch[:len(ch)-1], "longer": ch + "A", "not base64": strings.Repeat("!", len(ch)), "another key": other.Challenge(),
		"changed": flip(ch),
	} {
		if _, err := d.Age(bad); !errors.Is(err, ErrChallenge) {
			t.Errorf("%s: %v", name, err)
		}
		if err := d.Check(bad, "a", "0"); !errors.Is(err, ErrChallenge) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// The difficulty is the one that was signed, not today's setting.
	simple := easy.Challenge()
	if err := d.Check(simple, "a", Solve(simple, "a", 1)); err != nil {
		t.Error(err)
	}
}

func flip(s string) string {
	b := []byte(s)
	if b[20]++; b[20] > 'z' || b[20] == '[' || b[20] == ':' {
		b[20] = 'a'
	}
	return string(b)
}

func TestSettings(t *testing.T) {
	for _, bits := range []int{0, -1, MaxBits + 1} {
		if _, err := New(make([]byte, 32), bits, clock.System{}); err == nil {
			t.Errorf("%d bits are taken", bits)
		}
	}
	if _, err := New(make([]byte, 31), 18, clock.System{}); err == nil {
		t.Error("a short secret is taken")
	}
}
