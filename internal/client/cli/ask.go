package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"puntuale/internal/clickday"
	"puntuale/internal/client"
	"puntuale/internal/client/portalapi"
)

// errQuestion: a request for help that the help desk could not read.
var errQuestion = errors.New("request for help")

type (
	askCmd struct {
		Kind        string `env:"PUNTUALE_ASK_KIND" required:"" enum:"technical,functional,legal" placeholder:"technical|functional|legal" help:"${help_ask_kind}"`
		Subject     string `env:"PUNTUALE_ASK_SUBJECT" required:"" help:"${help_ask_subject}"`
		Text        string `env:"PUNTUALE_ASK_TEXT" required:"" placeholder:"TEXT|-" help:"${help_ask_text}"`
		Diagnostics bool   `env:"PUNTUALE_ASK_DIAGNOSTICS" help:"${help_ask_diagnostics}"`
		JSON        bool   `name:"json" help:"${help_json}"`
	}
	jsonAsked struct {
		State       askState      `json:"state"`
		Number      string        `json:"number,omitempty"`
		Message     clickday.Text `json:"message"`
		Diagnostics string        `json:"diagnostics,omitempty"` // what was sent along
	}
	// askState is what has become of a request for help.
	askState string
)

const (
	askSent    askState = "sent"
	askWaiting askState = "waiting" // on disk, until the portal can be reached
	askRefused askState = "refused"
)

// Run sends a request to the help desk. It is on disk first; the same one once
// more, while it waits, is sent once.
func (a *askCmd) Run(e *env) error {
	t, err := a.ticket(e)
	if err != nil {
		return err
	}
	return e.with(0, func(c *client.Client) error {
		if _, paired := c.Profile(); !paired {
			return client.ErrNotPaired
		}
		if a.Diagnostics {
			checks := c.SelfTest(e.ctx, nil).Checks
			if err := e.ctx.Err(); err != nil {
				return err
			}
			snap := c.Snapshot()
			snap.Checks, snap.Settings = checks, e.kept
			t.Diagnostics = client.Diagnosis(&snap, e.Lang)
		}
		said, err := c.Ask(e.ctx, t)
		return a.print(e, c, asked(c, said, err, t.Diagnostics), err)
	})
}

// ticket makes the request out of the flags.
func (a *askCmd) ticket(e *env) (portalapi.Ticket, error) {
	t := portalapi.Ticket{Kind: a.Kind, Subject: strings.TrimSpace(a.Subject), Text: a.Text}
	if a.Text == "-" {
		if e.In == nil {
			return t, fmt.Errorf("%w: --text -: %s", errQuestion, e.say("ask_no_input"))
		}
		b, err := io.ReadAll(io.LimitReader(e.In, client.TicketTextMax*utf8.UTFMax+1))
		if err != nil {
			return t, fmt.Errorf("--text -: %w", err)
		}
		t.Text = string(b)
	}
	t.Text = strings.TrimSpace(t.Text)
	for _, part := range []struct {
		flag, text string
		most       int
	}{{"--subject", t.Subject, client.SubjectMax}, {"--text", t.Text, client.TicketTextMax}} {
		if n := utf8.RuneCountInString(part.text); n == 0 || n > part.most || !utf8.ValidString(part.text) {
			return t, fmt.Errorf("%w: %s: %s", errQuestion, part.flag, e.say("ask_length", part.most))
		}
	}
	return t, nil
}

// asked is what has become of the request that was made last.
func asked(c *client.Client, said clickday.Text, err error, diagnostics string) jsonAsked {
	out := jsonAsked{State: askRefused, Message: said, Diagnostics: diagnostics}
	if err != nil {
		out.Message = client.Explain(err)
		return out
	}
	ts := c.Snapshot().Tickets
	if last := ts[len(ts)-1]; last.Waiting() {
		out.State = askWaiting
	} else {
		out.State, out.Number = askSent, last.Number
	}
	return out
}

// print shows what has become of it; err is the refusal.
func (a *askCmd) print(e *env, c *client.Client, out jsonAsked, err error) error {
	ts := c.Snapshot().Tickets
	if err != nil && (len(ts) == 0 || ts[len(ts)-1].Failure == (clickday.Text{})) {
		return err // nobody has refused it: it is not even on disk
	}
	if a.JSON {
		if jerr := e.json(out); jerr != nil {
			return jerr
		}
	} else {
		e.line(out.Message.In(e.Lang))
	}
	switch out.State {
	case askRefused:
		return errRefused
	case askWaiting:
		return errUnknown
	default:
		return nil
	}
}
