package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"time"
)

// weeks is how far away the opening is in a demo of a rehearsal.
const weeks = 21 * 24 * time.Hour

// rehearsal does what a person does weeks before: pair, fetch, rehearse. All
// accounts rehearse at once; each has a folder with report, receipts and proofs.
func (d *demo) rehearsal(ctx context.Context) error {
	if err := d.publish(ctx, weeks); err != nil {
		return err
	}
	senders, err := d.senders()
	if err != nil {
		return err
	}
	for i := range senders {
		s := &senders[i]
		if err := s.run(ctx, "pair", "--portal", d.place.PortalURL, "--name", "demo "+s.Key); err != nil {
			return err
		}
	}
	d.say("Prova generale: apertura al prossimo minuto intero… / Rehearsal: opening at the next whole minute…")
	folder := filepath.Join(d.Dir, "rehearsals", d.dayCode)
	err = each(senders, func(s *sender) error {
		// It ends with 10 where this computer has something to mend, which is no failure of the demo.
		out, err := s.output(ctx, "rehearse", "--json", "--out", filepath.Join(folder, s.Key))
		var report struct {
			Applications, Receipts, Early int
			Verdict                       struct{ IT, EN string }
		}
		if jerr := json.Unmarshal(out, &report); jerr != nil {
			return fmt.Errorf("demo: rehearsal of %s: %w (%w)\n%s", s.Email, jerr, err, out)
		}
		if report.Applications == 0 || report.Receipts != report.Applications || report.Early != 0 {
			return fmt.Errorf("demo: rehearsal of %s: %s", s.Email, report.Verdict.IT)
		}
		d.say("  %s\n    %s\n    %s", s.Email, report.Verdict.IT, report.Verdict.EN)
		return nil
	})
	if err != nil {
		return err
	}
	d.say("\nRapporti, ricevute e prove / reports, receipts and proofs:  %s", folder)
	d.say("Portale / portal:  %s  (password: %s)", d.place.PortalURL, Password)
	d.say("Un’altra prova, con la finestra / another one, with the window:\n  make miniclient && bin/miniclient-desktop  →  %s", d.place.PortalURL)
	return nil
}
