package e2e

import (
	"bytes"
	"testing"
	"time"

	"puntuale/internal/demo"
)

// TestAMovedAndSuspendedOpeningIsObeyed is 12 February 2025: with the
// mini-client armed and waiting, the opening is put off, then suspended, then set
// anew. Nothing arrives before the opening that counts in the end, and everything
// arrives after it.
func TestAMovedAndSuspendedOpeningIsObeyed(t *testing.T) {
	in := newInstallation(t)
	day := publish(t, in, 12*time.Second)
	if err := in.Seed(t.Context(), day.Code, demo.Password, 5); err != nil {
		t.Fatal(err)
	}
	c := newClient(t, "patronato@example.it")
	c.run("pair", "--portal", in.PortalURL, "--name", "calendar test")
	c.run("sync")
	send := c.command(t.Context(), "send", "--day", day.Code)
	var said bytes.Buffer
	send.Stdout, send.Stderr = &said, &said
	if err := send.Start(); err != nil {
		t.Fatal(err)
	}
	first := day.Opens
	day.Opens = first.Add(4 * time.Second)
	if err := in.SetDay(t.Context(), day); err != nil { // put off
		t.Fatal(err)
	}
	eventually(t, time.Minute, "the first opening has passed", func() bool { return time.Now().After(first.Add(time.Second)) })
	day.State = "suspended"
	if err := in.SetDay(t.Context(), day); err != nil {
		t.Fatal(err)
	}
	eventually(t, time.Minute, "the second opening has passed", func() bool { return time.Now().After(day.Opens.Add(time.Second)) })
	if n := acknowledged(in); n != 0 {
		t.Errorf("%d accepted while suspended", n)
	}
	day.State, day.Opens = "scheduled", time.Now().Add(5*time.Second)
	if err := in.SetDay(t.Context(), day); err != nil {
		t.Fatal(err)
	}
	if err := send.Wait(); err != nil {
		t.Fatalf("send: %v\n%s", err, said.String())
	}
	acks := fromClient(t, c.dir, in)
	if len(acks) != 5 {
		t.Errorf("%d acknowledgements, want 5", len(acks))
	}
	for id, claim := range acks {
		if claim.arrived < day.Opens.UnixNano() {
			t.Errorf("%s arrived %d ns before the opening", id, day.Opens.UnixNano()-claim.arrived)
		}
	}
}
