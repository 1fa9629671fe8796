// Package demo is `make demo`: a whole click day on this machine with the real
// programs. It stands in for the people only (it logs in and agrees in their
// place when the mini-client opens the browser); everything else is what an
// installation does.
package demo

import "time"

// Password is that of all demo accounts. It is printed, so it is no secret.
const Password = "puntuale-demo"

// Person is one demo account with a mini-client of its own.
type Person struct {
	Key   string // names files
	Email string
	Who   string
}

// People are the accounts that `portal seed` makes.
func People() []Person {
	return []Person{
		{Key: "rossi", Email: "mario.rossi@example.it", Who: "Mario Rossi, datore di lavoro privato / private employer"},
		{Key: "bianchi", Email: "info@aziendabianchi.example.it", Who: "Azienda Bianchi, impresa / company"},
		{Key: "patronato", Email: "patronato@example.it", Who: "Patronato, intermediario / intermediary"},
	}
}

// Options are the settings of a demo.
type Options struct {
	Bin     string        // directory of the programs
	Dir     string        // what the demo keeps
	OpensIn time.Duration // from the end of the preparations to the opening
	Once    bool          // end after the last receipt instead of staying up
	// Rehearse makes a rehearsal in the place of a click day: the real opening is
	// weeks away.
	Rehearse bool
	Port     int // preferred port of the portal
	// DatabaseURL and RedisURL as in package installation.
	DatabaseURL, RedisURL string
}
