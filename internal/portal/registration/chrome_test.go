package registration_test

import (
	"maps"
	"strings"
	"testing"
	"time"

	"puntuale/internal/portal/pagetest"
)

// fills is what Mario Rossi writes into the form, by the ids of its fields.
func fills(email string) map[string]string {
	return map[string]string{
		"email": email, "password": chosen, "again": chosen, "surname": "Rossi", "name": "Mario", "sex.1": "on", "birth": "1980-01-01",
		"birth_place": "Roma", "tax_code": "RSSMRA80A01H501U", "home_address": "Via Po 1", "home_place": "Torino", "home_cap": "10123",
		"phone": "011 1234567", "accept": "on",
	}
}

// TestRegistrationInABrowser: with scripts the form is sent at once, because the
// browser did its work; without them a person takes a little while.
func TestRegistrationInABrowser(t *testing.T) {
	for name, scripts := range map[string]bool{"with scripts": true, "without scripts": false} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			c := pagetest.Start(t, w.Server.URL)
			c.Scripts(scripts)
			email := "paola@example.it"
			c.Open("/register")
			values := fills(email)
			wrong := maps.Clone(values)
			wrong["tax_code"] = "RSSMRA80A41H501Y" // a woman's
			c.Fill(wrong)
			if !scripts {
				w.Clock.Advance(time.Minute)
			}
			c.Click("main button[type=submit]")
			c.Arrive("/register")
			waitFor(t, func() bool { return strings.Contains(c.Text(".summary"), "sesso") }, func() string { return c.Text("main") })
			c.Fill(values)
			c.Click("main button[type=submit]")
			c.Arrive("/register/sent")
			c.Open(w.link(email))
			c.Fill(map[string]string{"current": chosen})
			c.Click("main button[type=submit]")
			c.Arrive("/account")
			if text := c.Text("main"); !strings.Contains(text, "La registrazione è completa") {
				t.Error(text)
			}
			for _, complaint := range c.Complaints() {
				t.Error(complaint)
			}
		})
	}
}

func waitFor(t *testing.T, ok func() bool, have func() string) {
	t.Helper()
	deadline, tick := time.After(time.Minute), time.NewTicker(20*time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-deadline:
			t.Fatalf("not in time; have %s", have())
		case <-tick.C:
		}
	}
}

// TestHowThePagesLook looks at the pages that no address alone leads to.
func TestHowThePagesLook(t *testing.T) {
	w := newWorld(t)
	b := w.confirmed("quinto@example.it")
	w.register(w.Browser(), "rita@example.it")
	b.Post("/account/email", map[string][]string{"email": {"nuovo@example.it"}, "current": {chosen}})
	w.Browser().Post("/password", map[string][]string{"email": {"quinto@example.it"}})
	reset := w.link("quinto@example.it")
	c := pagetest.Start(t, w.Server.URL)
	look := func(paths ...string) {
		for _, path := range paths {
			for _, s := range pagetest.Screens {
				c.Look(path, s)
			}
		}
	}
	look("/register", "/register?lang=en", "/login?lang=it", w.link("rita@example.it"), reset, w.link("nuovo@example.it"))
	c.Cookies(b.Cookies())
	look("/account", "/account/data", "/account/factor") // with the data of a registration
}
