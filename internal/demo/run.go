package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"puntuale/internal/clock"
	"puntuale/internal/installation"
	"puntuale/internal/smtpsink"
)

const (
	intermediaryApplications = 12
	dayLasts                 = 2 * time.Hour
	receiptsWithin           = 5 * time.Minute
	receiptTarget            = 30 * time.Second // beyond the opening, for the last receipt
)

// models are those that the demo's click day takes: families, firms, farms.
func models() []string { return []string{"A", "B", "C-STAG-A"} }

// demo is one run.
type demo struct {
	Options
	out     io.Writer
	clock   clock.Clock
	place   *installation.Installation
	dayCode string
	opens   time.Time
}

// Run does a whole click day and, unless told otherwise, stays up until ctx ends.
func Run(ctx context.Context, o Options, out io.Writer, c clock.Clock) (err error) {
	lock, err := lockDir(o.Dir)
	if err != nil {
		return err
	}
	defer lock.Close()
	d := &demo{Options: o, out: out, clock: c}
	d.say("Avvio di PostgreSQL, Redis e chiavi… / Starting PostgreSQL, Redis and keys…")
	mails := filepath.Join(o.Dir, "mail")
	sink, err := smtpsink.Start(smtpsink.Options{Dir: mails})
	if err != nil {
		return err
	}
	defer sink.Stop()
	d.place, err = installation.Open(ctx, installation.Config{
		SMTP: sink.Addr(), MailDir: mails,
		Bin: o.Bin, Dir: o.Dir, DatabaseURL: o.DatabaseURL, RedisURL: o.RedisURL, PortalPort: o.Port, Output: io.Discard,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.place.Close()) }()
	if err := d.play(ctx); err != nil {
		return err
	}
	if o.Once {
		return nil
	}
	d.say("\nIl portale resta aperto. Ctrl-C per fermare tutto. / The portal stays up. Ctrl-C stops everything.")
	return d.stay(ctx)
}

// stay waits for the interruption, or for one of the programs to end by itself.
func (d *demo) stay(ctx context.Context) error {
	select {
	case <-ctx.Done():
		d.say("Arresto… / Stopping…")
		return nil
	case <-d.place.Portal.Done():
		return fmt.Errorf("the portal has ended:\n%s", d.place.Portal.Tail())
	case <-d.place.Intake.Done():
		return fmt.Errorf("the intake has ended:\n%s", d.place.Intake.Tail())
	case <-d.place.Worker.Done():
		return fmt.Errorf("the worker has ended:\n%s", d.place.Worker.Tail())
	}
}

// play does the rehearsal, or the click day, that was asked for.
func (d *demo) play(ctx context.Context) error {
	d.say("Avvio di intake, worker e portale… / Starting intake, worker and portal…")
	if err := d.place.Start(ctx); err != nil {
		return err
	}
	if err := d.place.OpenRehearsals(ctx, d.clock.Now(), models()...); err != nil {
		return err
	}
	if d.Rehearse {
		return d.rehearsal(ctx)
	}
	if err := d.clickDay(ctx); err != nil {
		return err
	}
	d.summary()
	return nil
}

// publish makes the click day that opens after a while, with accounts and
// applications for it.
func (d *demo) publish(ctx context.Context, in time.Duration) error {
	now := d.clock.Now()
	d.opens = now.Add(in).Truncate(time.Second)
	d.dayCode = "DEMO-" + now.UTC().Format("20060102-150405")
	day := installation.Day{
		ID: uint32(now.Unix()), Code: d.dayCode, TitleIT: "Click day dimostrativo", TitleEN: "Demo click day",
		Opens: d.opens, Closes: d.opens.Add(dayLasts), Models: models(),
	}
	if err := d.place.SetDay(ctx, day); err != nil {
		return err
	}
	if err := d.place.Seed(ctx, d.dayCode, Password, intermediaryApplications, models()...); err != nil {
		return err
	}
	d.credentials()
	return nil
}

func (d *demo) clickDay(ctx context.Context) error {
	if err := d.publish(ctx, d.OpensIn); err != nil {
		return err
	}
	if err := d.send(ctx); err != nil {
		return err
	}
	if err := d.receipts(ctx); err != nil {
		return err
	}
	return d.ledger(ctx)
}

// say writes a line for the person who watches; a broken terminal is no reason
// to end a click day.
func (d *demo) say(format string, args ...any) {
	fmt.Fprintf(d.out, format+"\n", args...)
}

func (d *demo) credentials() {
	d.say("\nPortale / portal:  %s", d.place.PortalURL)
	for _, p := range People() {
		d.say("  %-32s %s", p.Email, p.Who)
	}
	d.say("  assistenza@example.it  – assistenza, amministrazione, controllo / help desk, administration, audit")
	d.say("  password: %s", Password)
	d.say("\nClick day %s: apertura alle / opens at %s\n", d.dayCode, d.opens.Local().Format("02/01/2006 15:04:05"))
}

func (d *demo) summary() {
	took := d.clock.Now().Sub(d.opens)
	d.say("\nRicevute / receipts:  %s", d.receiptDir())
	d.say("Portale / portal:     %s  (password: %s)", d.place.PortalURL, Password)
	d.say("Prova generale / rehearsal: make demo-rehearsal")
	d.say("E-mail / e-mails:     %s/dev/mail", d.place.PortalURL)
	d.say("Da provare / to try:  /register (la conferma è in / its link is in /dev/mail) · /days · /applications · /parties (deleghe / delegations)")
	d.say("                      /help, poi / then /desk (assistenza@example.it) · /api/docs")
	verdict := "ok"
	if took > receiptTarget {
		verdict = "short"
	}
	d.say("FIGURE\tdemo_last_receipt_after_opening\t%.1f\ts\t<=%.0f\t%s", took.Seconds(), receiptTarget.Seconds(), verdict)
}

// receiptDir keeps the receipts of all demos; each file bears its click day.
func (d *demo) receiptDir() string { return filepath.Join(d.Dir, "receipts") }

// lockDir keeps two demos off the same directory.
func lockDir(dir string) (io.Closer, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, fmt.Errorf("demo: another demo runs on %s: stop it first", dir)
	}
	return f, nil
}
