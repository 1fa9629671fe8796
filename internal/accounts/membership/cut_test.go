package membership_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"puntuale/internal/accounts"
	"puntuale/internal/accounts/membership"
	"puntuale/internal/clickday"
	"puntuale/internal/clock"
	"puntuale/internal/notices"
	"puntuale/internal/postgres"
	"puntuale/internal/postgres/pgtest"
)

var now = time.Date(2027, 1, 10, 10, 0, 0, 0, time.UTC)

// office is one database over a connection that can be cut, and over one that
// cannot.
type office struct {
	t         *testing.T
	db, frail *postgres.DB
	cut       *pgtest.Cutter
	ok        *membership.Service
	n         byte
}

func newOffice(t *testing.T) *office {
	t.Helper()
	url := pgtest.URL(t)
	cutter, through := pgtest.NewCutter(t, url, func(sql string) string { return sql })
	o := &office{t: t, cut: cutter}
	for address, db := range map[string]**postgres.DB{url: &o.db, through: &o.frail} {
		var err error
		if *db, err = postgres.Open(t.Context(), address); err != nil {
			t.Fatal(err)
		}
		t.Cleanup((*db).Close)
	}
	o.ok = service(t, o.db)
	return o
}

func service(t *testing.T, db *postgres.DB) *membership.Service {
	t.Helper()
	vault, err := accounts.NewVault(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	s, err := membership.New(membership.Config{
		Store: db, Login: accounts.NewAuthenticator(db, clock.System{}, accounts.DefaultThrottle, 2), Vault: vault, Clock: clock.System{}, Rome: time.UTC,
		PublicURL: "https://p.example", Name: "Puntuale", Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (o *office) count(sql string, args ...any) (n int) {
	o.t.Helper()
	if err := o.db.Pool.QueryRow(context.Background(), sql, args...).Scan(&n); err != nil {
		o.t.Fatal(err)
	}
	return n
}

// link is a fresh one.
func (o *office) link() accounts.MailLink {
	o.n++
	return accounts.MailLink{Hash: [32]byte{o.n}, CreatedAt: now, ExpiresAt: now.Add(time.Hour)}
}

func letter(to, subject string) notices.Letter {
	return notices.Letter{To: to, Lang: "it", Subject: subject, Text: "x", Key: to + subject}
}

func pending(email string) *accounts.Pending {
	return &accounts.Pending{
		Email: email, PasswordHash: "old", TaxCode: "RSSMRA80A01H501U", Lang: "it", Conditions: "1", Privacy: "1", BegunAt: now, Identity: accounts.Identity{
			Surname: "Rossi", Name: "Mario", Sex: "M", Birth: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC), BirthPlace: "H501",
			HomePlace: "L219", HomeAddress: "Via Po 1", HomeCAP: "10123", Phone: "0111234567",
		},
	}
}

// begun is a registration that waits; it returns its link.
func (o *office) begun(email string) accounts.MailLink {
	o.t.Helper()
	l := o.link()
	if err := o.db.BeginRegistration(o.t.Context(), pending(email), l, letter(email, "fresh"), letter(email, "known")); err != nil {
		o.t.Fatal(err)
	}
	return l
}

// member is an account.
func (o *office) member(email string) accounts.Account {
	o.t.Helper()
	acc, err := o.db.ConfirmRegistration(o.t.Context(), o.begun(email).Hash, now)
	if err != nil {
		o.t.Fatal(err)
	}
	return acc
}

// everyCut runs a step once for each round trip, cut before the server has seen
// it or after the server has done it, each time with an address of its own;
// check is told what the step said.
func (o *office) everyCut(prepare func(email string) (step func(*postgres.DB) error), check func(email string, first error)) {
	o.t.Helper()
	for _, applied := range []bool{false, true} {
		for at := 1; ; at++ {
			if at > 30 {
				o.t.Fatal("the step does not come to an end")
			}
			email := fmt.Sprintf("p%d%t@example.it", at, applied)
			step := prepare(email)
			o.cut.Arm(at, applied)
			err := step(o.frail)
			last := len(o.cut.Seen()) < at
			o.cut.Arm(0, false)
			if last && err != nil {
				o.t.Fatalf("nothing was cut, and still: %v", err)
			}
			check(email, err)
			if o.t.Failed() {
				o.t.Fatalf("cut at %d (applied: %t) of %q", at, applied, o.cut.Seen())
			}
			if last {
				break
			}
		}
	}
}

// TestConfirmationIsCutOff: there is an account with all its data or none, and
// whoever tries again gets in or is told that it is done.
func TestConfirmationIsCutOff(t *testing.T) {
	o := newOffice(t)
	var link accounts.MailLink
	o.everyCut(func(email string) func(*postgres.DB) error {
		link = o.begun(email)
		return func(db *postgres.DB) error { _, err := db.ConfirmRegistration(t.Context(), link.Hash, now); return err }
	}, func(email string, first error) {
		whole := `SELECT count(*) FROM accounts a JOIN persons p ON p.account_id = a.id
			WHERE a.email = $1 AND (SELECT count(*) FROM acceptances c WHERE c.account_id = a.id) = 2`
		all, done := o.count("SELECT count(*) FROM accounts WHERE email = $1", email), o.count(whole, email)
		if all != done || first == nil && done != 1 {
			t.Errorf("%d accounts, %d of them whole; %v", all, done, first)
		}
		_, err := o.db.ConfirmRegistration(t.Context(), link.Hash, now)
		if done == 1 && !errors.Is(err, accounts.ErrLink) || done == 0 && err != nil {
			t.Errorf("again: %v", err)
		}
		if n := o.count(whole, email); n != 1 {
			t.Errorf("%d accounts in the end", n)
		}
	})
}

// TestRegistrationIsCutOff: no link without its letter, no letter without its
// link.
func TestRegistrationIsCutOff(t *testing.T) {
	o := newOffice(t)
	o.everyCut(func(email string) func(*postgres.DB) error {
		l := o.link()
		return func(db *postgres.DB) error {
			return db.BeginRegistration(t.Context(), pending(email), l, letter(email, "fresh"), letter(email, "known"))
		}
	}, func(email string, first error) {
		letters := o.count("SELECT count(*) FROM letters WHERE recipient = $1", email)
		links := o.count("SELECT count(*) FROM mail_links l JOIN registrations r ON r.id = l.registration_id WHERE r.email = $1", email)
		if letters != links || letters > 1 || first == nil && letters != 1 {
			t.Errorf("%d letters, %d links; %v", letters, links, first)
		}
	})
}

// TestResetIsCutOff: the new password counts, all log-ins are over, every link is
// void and the owner is told, or nothing of that.
func TestResetIsCutOff(t *testing.T) {
	o := newOffice(t)
	var link accounts.MailLink
	var id clickday.AccountID
	reset := func(db *postgres.DB, email string) error {
		return db.ResetPassword(t.Context(), link.Hash, "new", now, letter(email, "changed"))
	}
	o.everyCut(func(email string) func(*postgres.DB) error {
		id = o.member(email).ID
		if _, err := o.db.OpenLogin(t.Context(), id, "", now); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			link = o.link()
			if err := o.db.BeginReset(t.Context(), id, link, letter(email, fmt.Sprint("reset ", o.n))); err != nil {
				t.Fatal(err)
			}
		}
		return func(db *postgres.DB) error { return reset(db, email) }
	}, func(email string, first error) {
		changed := o.count("SELECT count(*) FROM accounts WHERE id = $1 AND password_hash = 'new'", id)
		told := o.count("SELECT count(*) FROM letters WHERE recipient = $1 AND subject = 'changed'", email)
		over := o.count("SELECT count(*) FROM logins WHERE account_id = $1 AND ended_at IS NOT NULL", id)
		void := o.count("SELECT count(*) FROM mail_links WHERE account_id = $1 AND used_at IS NOT NULL", id)
		if changed != told || changed != over || 2*changed != void || first == nil && changed != 1 {
			t.Errorf("changed %d, told %d, over %d, void %d; %v", changed, told, over, void, first)
		}
		if err := reset(o.db, email); err != nil != (changed == 1) || err != nil && !errors.Is(err, accounts.ErrLink) {
			t.Errorf("again: %v", err)
		}
	})
}

// TestNewAddressIsCutOff: the new address comes with the way back from it.
func TestNewAddressIsCutOff(t *testing.T) {
	o := newOffice(t)
	var id clickday.AccountID
	o.everyCut(func(email string) func(*postgres.DB) error {
		id = o.member(email).ID
		link, undo := o.link(), o.link()
		if err := o.db.BeginAddress(t.Context(), id, "new."+email, link, letter("new."+email, "confirm")); err != nil {
			t.Fatal(err)
		}
		return func(db *postgres.DB) error {
			return db.ConfirmAddress(t.Context(), link.Hash, undo, now, letter(email, "moved"))
		}
	}, func(email string, first error) {
		moved := o.count("SELECT count(*) FROM accounts WHERE id = $1 AND email = 'new.' || $2", id, email)
		back := o.count("SELECT count(*) FROM mail_links WHERE account_id = $1 AND purpose = 'undo' AND email = $2", id, email)
		told := o.count("SELECT count(*) FROM letters WHERE recipient = $1 AND subject = 'moved'", email)
		if moved != back || moved != told || first == nil && moved != 1 {
			t.Errorf("moved %d, way back %d, told %d; %v", moved, back, told, first)
		}
	})
}

// TestLeavingIsCutOff: an account is there with everything, or gone with it.
func TestLeavingIsCutOff(t *testing.T) {
	o := newOffice(t)
	var id clickday.AccountID
	o.everyCut(func(email string) func(*postgres.DB) error {
		id = o.member(email).ID
		return func(db *postgres.DB) error {
			_, err := db.Leave(t.Context(), id, now, func(bool) notices.Letter { return letter(email, "gone") })
			return err
		}
	}, func(email string, first error) {
		there := o.count("SELECT count(*) FROM accounts WHERE email = $1 AND password_hash <> ''", email)
		persons := o.count("SELECT count(*) FROM persons WHERE account_id = $1", id)
		told := o.count("SELECT count(*) FROM letters WHERE recipient = $1 AND subject = 'gone'", email)
		if there != persons || there == told || first == nil && there != 0 {
			t.Errorf("account %d, data %d, told %d; %v", there, persons, told, first)
		}
	})
}

// TestOrganisationsDoNotLogIn: an account without a password behaves as one that
// is not there, and does not stand in the way of one that logs in.
func TestOrganisationsDoNotLogIn(t *testing.T) {
	o := newOffice(t)
	_, err := o.db.Pool.Exec(t.Context(), `INSERT INTO accounts (kind, email, password_hash, display_name, tax_code, created_at)
		SELECT 'company', 'info@example.it', '', 'Ditta ' || n, n::text, now() FROM generate_series(1, 2) AS n`)
	if err != nil {
		t.Fatal(err)
	}
	for _, password := range []string{"", "x"} {
		if _, err := o.ok.Login.Login(t.Context(), "info@example.it", password); !errors.Is(err, accounts.ErrLogin) {
			t.Errorf("log-in with %q: %v", password, err)
		}
	}
	if err := o.ok.AskReset(t.Context(), "info@example.it", "it"); err != nil || o.count("SELECT count(*) FROM mail_links") != 0 {
		t.Error("an organisation gets a link to a password", err)
	}
	o.member("info@example.it")
	if acc, err := o.db.AccountByEmail(t.Context(), "INFO@example.it"); err != nil || acc.Kind != accounts.Person {
		t.Error(acc.Kind, err)
	}
}
