package client

import (
	"puntuale/internal/clickday"
	"puntuale/internal/client/awake"
)

// AwakeView is whether the computer stays awake while something is armed, and
// what can put it to sleep all the same.
type AwakeView struct {
	Armed    bool
	Held     bool
	Warnings []clickday.Text
}

// batteryLow is the charge below which a computer may not live to the opening.
const batteryLow = 50

// stayAwake keeps the computer awake until the returned function is called.
func (c *Client) stayAwake() (release func()) {
	hold, err := c.Awake("Puntuale")
	if err != nil {
		c.Log.Warn("the computer may go to sleep", "err", err)
	}
	v := &AwakeView{Armed: true, Held: err == nil, Warnings: awakeWarnings(hold, awake.Look())}
	c.mu.Lock()
	c.awake = v
	c.mu.Unlock()
	c.touch()
	return func() {
		c.mu.Lock()
		c.awake = nil
		c.mu.Unlock()
		if hold == nil {
			return
		}
		if err := hold.Release(); err != nil {
			c.Log.Warn("release of the sleep inhibitor", "err", err)
		}
	}
}

// awakeWarnings says what nobody can keep the computer from; hold is nil when
// the system did not promise anything.
func awakeWarnings(hold *awake.Hold, p awake.Power) []clickday.Text {
	var out []clickday.Text
	if hold == nil {
		out = append(out, clickday.Text{
			IT: "Il sistema non permette di impedire la sospensione: disattivala nelle impostazioni di risparmio energetico fino a dopo l’apertura.",
			EN: "The system does not let us prevent sleep: turn it off in the power settings until after the opening.",
		})
	}
	if p.Lid && (hold == nil || !hold.Lid) {
		out = append(out, clickday.Text{
			IT: "Non chiudere il coperchio: il computer si sospenderebbe comunque.",
			EN: "Do not close the lid: the computer would go to sleep all the same.",
		})
	}
	if p.OnBattery {
		out = append(out, clickday.Text{
			IT: "Il computer va a batteria: collega l’alimentatore.",
			EN: "The computer runs on battery: plug it in.",
		})
	}
	return out
}
