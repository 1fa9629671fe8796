package client

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"puntuale/internal/clickday"
)

// What follows is asked of the account that is shown; see Session.

// Pair connects this computer.
func (d *Desk) Pair(address, name, passphrase string) { d.now().Pair(address, name, passphrase) }

// Cancel ends what is under way besides sending.
func (d *Desk) Cancel() { d.now().Cancel() }

// Unlock gives the passphrase of the key file.
func (d *Desk) Unlock(passphrase string) { d.now().Unlock(passphrase) }

// Sync fetches the sealed applications.
func (d *Desk) Sync() { d.now().Sync() }

// Send arms a click day.
func (d *Desk) Send(dayCode string) { d.now().Send(dayCode) }

// Stop takes that back.
func (d *Desk) Stop() { d.now().Stop() }

// SaveReceipts saves every receipt that is ready.
func (d *Desk) SaveReceipts(dir string) { d.now().SaveReceipts(dir) }

// SaveProofs saves every acknowledgement.
func (d *Desk) SaveProofs(dir string) { d.now().SaveProofs(dir) }

// SelfTest looks at what a click day needs.
func (d *Desk) SelfTest() { d.now().SelfTest() }

// Rehearse plays a click day.
func (d *Desk) Rehearse() { d.now().Rehearse(Rehearsal{}) }

// Preview unpacks an application; "" puts it away.
func (d *Desk) Preview(application, lang string) { d.now().Preview(application, lang) }

// SetOrder changes the order of sending.
func (d *Desk) SetOrder(applications []string) { d.now().SetOrder(applications) }

// Browse opens an address in the browser or mail program.
func (d *Desk) Browse(address string) {
	d.mu.Lock()
	open := d.shown.client.OpenBrowser
	d.mu.Unlock()
	d.wg.Go(func() { d.tell(open(address)) })
}

// Dismiss takes the message away.
func (d *Desk) Dismiss() {
	d.now().Dismiss()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.publish()
}

// Diagnose makes the self-test if there was none, then the report of Snapshot.Report.
func (d *Desk) Diagnose(lang string) {
	d.mu.Lock()
	s := d.shown
	tested := len(s.last.Checks) > 0
	d.mu.Unlock()
	if tested {
		d.setReport(s, lang)
		return
	}
	s.session.testThen(func() { d.setReport(s, lang) })
}

func (d *Desk) setReport(of *seat, lang string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.shown != of {
		return
	}
	snap := of.client.Snapshot()
	of.session.decorate(&snap)
	snap.Settings = d.settings
	for _, s := range d.seats {
		snap.Accounts = append(snap.Accounts, d.accountView(s))
	}
	d.report = Diagnosis(&snap, lang)
	d.publish()
}

// Forget deletes every local trace of all accounts, and the settings. Without
// force it is refused while an outcome is missing, with ErrUnsettled.
func (d *Desk) Forget(force bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.busy() {
		d.notice = Notice{Bad: true, Text: Explain(ErrBusy)}
		d.publish()
		return
	}
	seats := d.seats
	d.wg.Go(func() { d.forget(seats, force) })
}

func (d *Desk) forget(seats []*seat, force bool) {
	for _, s := range seats {
		if !force && s.client.unsettled() {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.notice = Notice{Bad: true, Unsettled: true, Text: Explain(ErrUnsettled)}
			d.publish()
			return
		}
	}
	var err error
	for _, s := range seats {
		if _, paired := s.client.Profile(); paired {
			err = errors.Join(err, s.client.Forget(true))
		}
	}
	if rerr := os.Remove(filepath.Join(d.dir, settingsName)); !errors.Is(rerr, os.ErrNotExist) {
		err = errors.Join(err, rerr)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.shown, d.report = seats[0], ""
	d.settings = Settings{Lang: d.settings.Lang, Theme: d.settings.Theme, Zoom: d.settings.Zoom}
	d.notice = Notice{Text: textForgotten}
	if err != nil {
		d.notice = Notice{Bad: true, Text: Explain(err)}
	}
	d.publish()
}

// SaveReport writes the report of Snapshot.Report into a folder.
func (d *Desk) SaveReport(dir string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	path := filepath.Join(dir, "puntuale-rapporto.txt")
	d.notice = Notice{Text: clickday.Text{IT: "Rapporto salvato: " + path, EN: "Report saved: " + path}}
	if err := os.WriteFile(path, []byte(d.report), 0o600); err != nil {
		d.notice = Notice{Bad: true, Text: Explain(err)}
	}
	d.publish()
}

// SaveProofs saves every acknowledgement that is on disk into a folder.
func (s *Session) SaveProofs(dir string) {
	s.start(Receives, func(context.Context) error {
		_, err := s.c.SaveProofs(dir)
		return err
	}, clickday.Text{IT: "Le prove provvisorie sono state salvate.", EN: "The provisional proofs have been saved."})
}

// SetOrder changes the order of sending; see Client.SetOrder.
func (s *Session) SetOrder(applications []string) {
	s.start(Orders, func(context.Context) error { return s.c.SetOrder(applications) }, clickday.Text{})
}

// Preview unpacks an application into Snapshot.Preview; "" puts it away.
func (s *Session) Preview(application, lang string) {
	s.wg.Go(func() {
		v := PreviewView{}
		if application != "" {
			v = s.c.Preview(application, lang)
		}
		s.mu.Lock()
		s.preview = v
		s.mu.Unlock()
		s.c.touch()
	})
}

// Dismiss takes the message away.
func (s *Session) Dismiss() {
	s.mu.Lock()
	s.notice = Notice{}
	s.mu.Unlock()
	s.c.touch()
}

// doing is the activity under way.
func (s *Session) doing() Activity {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.activity
}
