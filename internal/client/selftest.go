package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/client/awake"
	"puntuale/internal/client/link"
	"puntuale/internal/client/portalapi"
	"puntuale/internal/client/store"
	"puntuale/internal/client/timing"
)

// Grade is how one check ended.
type Grade string

const (
	Good Grade = "good"
	Warn Grade = "warning" // works, but look at it before the day
	Bad  Grade = "bad"     // has to be mended before the day
)

// Check is one thing that was looked at. Nobody changes it afterwards.
type Check struct {
	ID      string        `json:"id"` // pairing, portal, intake-1, clock, disk, sleep, battery, proxy
	Grade   Grade         `json:"grade"`
	Title   clickday.Text `json:"title"`
	Finding clickday.Text `json:"finding"`
	Mend    clickday.Text `json:"mend,omitzero"` // what to do and how; empty when all is well
}

// CheckReport is a self-test. It holds no secret.
type CheckReport struct {
	At     time.Time `json:"at"`
	Checks []Check   `json:"checks"`
}

// Worst is the worst grade of all checks.
func (r *CheckReport) Worst() Grade {
	worst := Good
	for _, c := range r.Checks {
		if c.Grade == Bad || c.Grade == Warn && worst == Good {
			worst = c.Grade
		}
	}
	return worst
}

const (
	// diskFree is how much room there has to be, diskSlow how long a durable
	// write may take.
	diskFree = 200 << 20
	diskSlow = 100 * time.Millisecond
	// clockWrong is how far off a computer's clock may be before it is worth a word.
	clockWrong = 2 * time.Second
	// farBound is an error of the intake's clock above which the network is bad.
	farBound = 100 * time.Millisecond
)

// SelfTest looks at everything that a click day needs, weeks before it: portal
// and intake nodes with their certificates, proxy, clock, disk, sleep and
// battery. It changes nothing, and each is told when it is done; tell may be nil.
func (c *Client) SelfTest(ctx context.Context, tell func(Check)) CheckReport {
	report := CheckReport{At: time.Unix(0, c.base.Now()).UTC()}
	add := func(checks ...Check) {
		for _, k := range checks {
			report.Checks = append(report.Checks, k)
			if tell != nil {
				tell(k)
			}
		}
	}
	p, paired := c.Profile()
	add(checkPairing(paired, &p))
	if paired {
		add(c.checkPortal(ctx, p.Portal))
		add(c.checkIntake(ctx)...)
		if err := c.CheckTime(ctx); err != nil {
			c.Log.Info("time servers", "err", err)
		}
	}
	add(c.checkClock(), c.checkDisk(), c.checkSleep())
	add(checkBattery(awake.Look()))
	return report
}

func checkPairing(paired bool, p *store.Profile) Check {
	k := Check{ID: "pairing", Grade: Good, Title: clickday.Text{IT: "Collegamento all’account", EN: "Pairing"}}
	if !paired {
		k.Grade = Bad
		k.Finding = clickday.Text{IT: "Questo computer non è collegato a un account.", EN: "This computer is not paired with an account."}
		k.Mend = clickday.Text{IT: "Esegui il collegamento: serve l’indirizzo del portale.", EN: "Pair it: the address of the portal is needed."}
		return k
	}
	k.Finding = clickday.Text{IT: p.Account.Name + " su " + p.Portal, EN: p.Account.Name + " at " + p.Portal}
	return k
}

// failed makes a check bad, with the words for its error.
func (k *Check) failed(err error) {
	k.Grade = Bad
	k.Finding = Explain(err)
	k.Mend = clickday.Text{
		IT: "Rimedia e ripeti il controllo; se non basta, prova un’altra rete. Dettaglio tecnico: " + err.Error(),
		EN: "Mend that and check again; if it does not help, try another network. Technical detail: " + err.Error(),
	}
}

func (c *Client) checkPortal(ctx context.Context, address string) Check {
	k := Check{ID: "portal", Grade: Good, Title: clickday.Text{IT: "Portale", EN: "Portal"}}
	api, err := portalapi.New(address, c.Transport)
	began := c.base.Now()
	if err == nil {
		_, err = api.Settings(ctx)
	}
	if err != nil {
		k.failed(err)
		return k
	}
	took := time.Duration(c.base.Now() - began).Round(time.Millisecond)
	k.Finding = clickday.Text{IT: fmt.Sprintf("Risponde in %s.", took), EN: fmt.Sprintf("Answers in %s.", took)}
	return k
}

// checkIntake connects to every node as a click day does.
func (c *Client) checkIntake(ctx context.Context) []Check {
	nodes, err := c.nodes()
	if err == nil && len(nodes) == 0 {
		err = errors.New("the portal names no intake node yet: sync again later")
	}
	if err != nil {
		k := Check{ID: "intake", Title: clickday.Text{IT: "Nodo di ricezione", EN: "Intake node"}}
		k.failed(err)
		return []Check{k}
	}
	var out []Check
	for _, n := range nodes {
		out = append(out, c.checkNode(ctx, n))
	}
	return out
}

func (c *Client) checkNode(ctx context.Context, n link.Node) Check {
	k := Check{ID: fmt.Sprintf("intake-%d", n.ID), Grade: Good, Title: clickday.Text{
		IT: fmt.Sprintf("Nodo di ricezione %d", n.ID), EN: fmt.Sprintf("Intake node %d", n.ID),
	}}
	e, err := c.look(ctx, n)
	if err != nil {
		k.failed(err)
		return k
	}
	through := ""
	if n.Proxy != nil {
		through = " (proxy " + n.Proxy.Host + ")"
	}
	rtt, bound := e.RoundTrip.Round(10*time.Microsecond), e.Bound.Round(10*time.Microsecond)
	k.Finding = clickday.Text{
		IT: fmt.Sprintf("Collegamento sicuro%s, andata e ritorno %s, orologio noto entro %s.", through, rtt, bound),
		EN: fmt.Sprintf("Secure connection%s, round trip %s, clock known within %s.", through, rtt, bound),
	}
	if e.Bound > farBound {
		k.Grade = Warn
		k.Mend = clickday.Text{
			IT: "La rete è lenta o molto irregolare: il giorno del click usa il cavo al posto del Wi-Fi, e chiudi ciò che usa la rete.",
			EN: "The network is slow or very uneven: on the click day use a cable rather than Wi-Fi, and close what uses the network.",
		}
	}
	return k
}

// look measures a node's clock over a connection of its own.
func (c *Client) look(ctx context.Context, n link.Node) (timing.Estimate, error) {
	if err := c.measure(ctx, n); err != nil {
		return timing.Estimate{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.measured.estimate, nil
}
