package cli

import (
	"encoding/json"
	"fmt"

	"puntuale/internal/client"
	"puntuale/internal/client/store"
)

type (
	jsonPaired struct {
		Portal   string        `json:"portal"`
		Account  store.Account `json:"account"`
		Device   string        `json:"device"`
		Keystore string        `json:"keystore"`
	}
	jsonSync struct {
		Prepared  int            `json:"prepared"`
		Replaced  int            `json:"replaced"`
		Unchanged int            `json:"unchanged"`
		Dropped   int            `json:"dropped"`
		Rejected  []jsonRejected `json:"rejected"`
	}
	jsonRejected struct {
		Application string `json:"application"`
		Worker      string `json:"worker"`
		Reason      string `json:"reason"`
	}
	jsonReceipts struct {
		Saved   int    `json:"saved"`
		Missing int    `json:"missing"`
		Folder  string `json:"folder"`
	}
	jsonForgotten struct {
		Folder string `json:"folder"`
	}
	jsonUpdate struct {
		Running string             `json:"running"`
		Newer   *client.UpdateView `json:"newer"`
	}
	jsonAccount struct {
		Name    string        `json:"name"`
		Portal  string        `json:"portal"`
		Account store.Account `json:"account"`
	}
)

// json writes one document.
func (e *env) json(v any) error {
	enc := json.NewEncoder(e.Out)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	return nil
}

func (s *syncCmd) print(e *env, r client.SyncReport) error {
	out := jsonSync{r.Prepared, r.Replaced, r.Unchanged, r.Dropped, []jsonRejected{}}
	for _, bad := range r.Rejected {
		out.Rejected = append(out.Rejected, jsonRejected{bad.Application, bad.Worker, client.Explain(bad.Err).In(e.Lang)})
	}
	if err := e.json(out); err != nil {
		return err
	}
	if len(r.Rejected) > 0 {
		return errRefused
	}
	return nil
}

// Run makes the self-test.
func (k *checkCmd) Run(e *env) error {
	return e.with(0, func(c *client.Client) error {
		tell := e.printCheck
		if k.JSON {
			tell = nil
		}
		r := c.SelfTest(e.ctx, tell)
		if e.ctx.Err() != nil {
			return e.ctx.Err()
		}
		if k.JSON {
			if err := e.json(r); err != nil {
				return err
			}
		}
		if r.Worst() == client.Bad {
			return errToMend
		}
		return nil
	})
}

func (e *env) printCheck(k client.Check) {
	e.line(fmt.Sprintf("%-4s %s: %s", e.say("grade_"+string(k.Grade)), k.Title.In(e.Lang), k.Finding.In(e.Lang)))
	if mend := k.Mend.In(e.Lang); mend != "" {
		e.line("     " + mend)
	}
}

// Run plays a click day.
func (r *rehearseCmd) Run(e *env) error {
	return e.with(0, func(c *client.Client) error {
		if _, paired := c.Profile(); !paired {
			return client.ErrNotPaired
		}
		ask := client.Rehearsal{In: r.In, Applications: r.Applications, Out: r.Out, Wait: r.Wait}
		if !r.JSON {
			e.line(e.say("rehearsing"))
			if c.Unfinished() {
				e.line(e.say("rehearsal_resumes"))
			}
			ask.Tell = e.tellRehearsal()
		}
		report, err := c.Rehearse(e.ctx, ask)
		if err != nil {
			return err
		}
		if r.JSON {
			err = e.json(report)
		} else {
			e.line("")
			e.line(report.Text(e.Lang))
			e.line(e.say("rehearsal_folder", report.Folder))
		}
		if err == nil && !report.Good {
			err = errToMend
		}
		return err
	})
}

// tellRehearsal prints each phase once, and the opening when it is known.
func (e *env) tellRehearsal() func(client.RehearsalStep) {
	var last client.RehearsalPhase
	opens := false
	return func(s client.RehearsalStep) {
		if s.Phase != last {
			last = s.Phase
			e.line(e.say("phase_" + string(s.Phase)))
		}
		if !opens && s.Phase == client.PhaseFiring && !s.Opens.IsZero() {
			opens = true
			e.line(e.say("rehearsal_opens", client.OpeningText(s.Opens), s.Counts.Total))
		}
	}
}

// Run tells whether there is a newer version.
func (u *updateCmd) Run(e *env) error {
	return e.withOrLook(func(c *client.Client) error {
		v, err := c.CheckUpdate(e.ctx, true)
		if err != nil {
			return err
		}
		switch {
		case u.JSON:
			return e.json(jsonUpdate{client.Version, v})
		case v == nil:
			e.line(e.say("no_update"))
		default:
			e.line(e.say("newer", v.Version, v.Notes.In(e.Lang)))
			if v.Download.URL != "" {
				e.line(fmt.Sprintf("  %s\n  SHA-256 %s", v.Download.URL, v.Download.SHA256))
			}
		}
		return nil
	})
}

// Run lists the accounts that lie side by side.
func (a *accountsCmd) Run(e *env) error {
	names, err := store.Accounts(e.Dir)
	if err != nil {
		return err
	}
	out := []jsonAccount{}
	for _, name := range names {
		dir, err := store.AccountDir(e.Dir, name)
		if err != nil {
			return err
		}
		st, err := store.OpenReader(dir)
		if err != nil {
			return err
		}
		p, _, err := st.Profile()
		if err != nil {
			return err
		}
		out = append(out, jsonAccount{name, p.Portal, p.Account})
	}
	if a.JSON {
		return e.json(out)
	}
	for _, x := range out {
		e.line(fmt.Sprintf("%-20s %s <%s> %s", x.Name, x.Account.Name, x.Account.Email, x.Portal))
	}
	return nil
}
