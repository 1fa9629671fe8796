package bench

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	mrand "math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"puntuale/internal/clickday"
	"puntuale/internal/clock"
	"puntuale/internal/devstack"
	"puntuale/internal/forms"
	"puntuale/internal/forms/sample"
	"puntuale/internal/keys"
	"puntuale/internal/postgres"
	"puntuale/internal/queue/redisqueue"
	"puntuale/internal/wire"
)

// office is everything that a worker works on: servers whose disks are real, and
// what the portal has stored before the opening.
type office struct {
	clock    clock.Clock
	dir      string
	pg       *devstack.Postgres
	redis    *devstack.Redis
	db       *postgres.DB
	queue    *redisqueue.Queue
	models   *forms.Catalogue
	model    *forms.Model
	tickets  *keys.TicketKeys
	node     ed25519.PrivateKey
	opens    time.Time
	accounts []holder
}

// holder is an account with its computer.
type holder struct {
	id     clickday.AccountID
	device ed25519.PrivateKey
}

const (
	// Three applications of four are of persons, three each, the others of
	// intermediaries, who send hundreds.
	perPerson, perIntermediary = 3, 500
	// A group commit of an intake at its peak has some hundreds of records.
	commitRecords = 256
)

func openOffice(ctx context.Context, parent string, c clock.Clock) (*office, error) {
	dir, err := os.MkdirTemp(parent, "puntuale-register-")
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	if err := os.Chmod(dir, 0o755); err != nil { // the server runs as somebody else
		return nil, fmt.Errorf("bench: %w", err)
	}
	o := &office{clock: c, dir: dir, opens: c.Now().Add(-time.Hour).Truncate(time.Second)}
	if err := errors.Join(o.openServers(ctx), o.openKeys()); err != nil {
		return nil, errors.Join(err, o.close())
	}
	if err := o.openDay(ctx); err != nil {
		return nil, errors.Join(err, o.close())
	}
	return o, nil
}

func (o *office) keys() string { return filepath.Join(o.dir, "keys") }

func (o *office) openServers(ctx context.Context) error {
	var err error
	if o.pg, err = devstack.StartPostgres(ctx, devstack.Options{Dir: filepath.Join(o.dir, "db")}); err != nil {
		return err
	}
	if o.redis, err = devstack.StartRedis(ctx, devstack.Options{Dir: filepath.Join(o.dir, "redis")}); err != nil {
		return err
	}
	if o.queue, err = redisqueue.Open(o.redis.URL); err != nil {
		return err
	}
	if o.db, err = postgres.Open(ctx, o.pg.URL); err != nil {
		return err
	}
	return o.db.Migrate(ctx)
}

func (o *office) openKeys() error {
	err := errors.Join(keys.Init(o.keys(), node), keys.InitSeal(o.clock, o.keys(), "Ente di prova"), keys.InitLedger(o.keys(), "portale.example.it/ledger"))
	if err != nil {
		return err
	}
	if o.tickets, err = keys.ReadTicketKeys(filepath.Join(o.keys(), keys.TicketFile)); err != nil {
		return err
	}
	if o.node, err = keys.ReadPrivate(filepath.Join(o.keys(), keys.NodeKeyFile(node))); err != nil {
		return err
	}
	if o.models, err = forms.Load(); err != nil {
		return err
	}
	o.model, _ = o.models.Newest(model)
	return nil
}

// openDay stores the calendar and the node.
func (o *office) openDay(ctx context.Context) error {
	signer, err := keys.ReadPrivate(filepath.Join(o.keys(), keys.CalendarKeyFile))
	if err != nil {
		return err
	}
	opens := o.opens.UnixNano()
	signed, err := wire.SealCalendar(&clickday.Calendar{Version: 1, IssuedAt: opens, Days: []clickday.Day{{
		ID: day, Code: "BENCH", TitleIT: "Misura", TitleEN: "Measurement", Models: []clickday.ModelCode{model},
		Prepare: opens - 2, Sync: opens - 1, Opens: opens, Closes: opens + int64(dayLasts), State: clickday.DayScheduled,
	}}}, signer)
	if err != nil {
		return err
	}
	return errors.Join(
		o.exec(ctx, "INSERT INTO click_days (id, code, tie_seed) VALUES ($1, 'BENCH', $2)", day, make([]byte, 32)),
		o.exec(ctx, "INSERT INTO calendars (version, signed, created_at) VALUES (1, $1, $2)", signed, o.opens),
		o.exec(ctx, "INSERT INTO intake_nodes (node, public_key, url) VALUES ($1, $2, '')", node, []byte(o.node.Public().(ed25519.PublicKey))),
	)
}

func (o *office) exec(ctx context.Context, sql string, args ...any) error {
	if _, err := o.db.Pool.Exec(ctx, sql, args...); err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	return nil
}

// close stops the servers and removes everything.
func (o *office) close() error {
	var errs []error
	if o.db != nil {
		o.db.Close()
	}
	if o.queue != nil {
		errs = append(errs, o.queue.Close())
	}
	if o.redis != nil {
		errs = append(errs, o.redis.Stop())
	}
	if o.pg != nil {
		errs = append(errs, o.pg.Stop())
	}
	return errors.Join(append(errs, os.RemoveAll(o.dir))...)
}

// populate opens accounts for so many applications, each with one computer.
func (o *office) populate(ctx context.Context, applications int) error {
	persons := (applications*3/4 + perPerson - 1) / perPerson
	total := persons + applications/4/perIntermediary + 1
	o.accounts = make([]holder, total)
	ids, keys := make([]int64, total), make([][]byte, total)
	random := mrand.NewChaCha8([32]byte{1})
	for i := range o.accounts {
		var seed [ed25519.SeedSize]byte
		random.Read(seed[:])
		key := ed25519.NewKeyFromSeed(seed[:])
		o.accounts[i] = holder{clickday.AccountID(i + 1), key}
		ids[i], keys[i] = int64(i+1), key.Public().(ed25519.PublicKey)
	}
	return errors.Join(
		o.exec(ctx, `INSERT INTO accounts (id, kind, email, password_hash, display_name, tax_code, created_at) OVERRIDING SYSTEM VALUE
			SELECT i, CASE WHEN i <= $2 THEN 'person' ELSE 'intermediary' END, i || '@example.it', '-', 'Anna Verdi', 'VRDNNA80A41H501X', $3
			FROM unnest($1::bigint[]) i`, ids, persons, o.opens),
		o.exec(ctx, `INSERT INTO devices (account_id, public_key, name, created_at)
			SELECT u.i, u.k, 'PC', $3 FROM unnest($1::bigint[], $2::bytea[]) AS u (i, k)`, ids, keys, o.opens),
	)
}

// holderOf tells whose the i-th of n applications is.
func (o *office) holderOf(i, n int) *holder {
	persons := (n*3/4 + perPerson - 1) / perPerson
	if i < n*3/4 {
		return &o.accounts[i/perPerson]
	}
	return &o.accounts[min(persons+(i-n*3/4)/perIntermediary, len(o.accounts)-1)]
}

// sealed is an application with its envelope.
type sealed struct {
	content  forms.Document
	account  clickday.AccountID
	document []byte
	digest   clickday.Digest
	envelope []byte
}

// seal makes applications from to end of n, and stores them as the portal would.
func (o *office) seal(ctx context.Context, from, end, n int) ([]sealed, error) {
	out := make([]sealed, end-from)
	var group errgroup.Group
	group.SetLimit(2)
	for half := range 2 {
		group.Go(func() error {
			for i := half; i < len(out); i += 2 {
				if err := o.sealOne(&out[i], o.holderOf(from+i, n), uint64(from+i)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	return out, o.store(ctx, out)
}

func (o *office) sealOne(s *sealed, h *holder, i uint64) error {
	random := sample.New(i)
	s.account = h.id
	s.content = forms.Document{Day: day, Model: model, ModelVersion: o.model.Version, SealVersion: 1, Answers: sample.ModelB(random, sample.Any)}
	for at := range s.content.Application {
		s.content.Application[at] = byte(random.Uint32())
	}
	var err error
	if s.document, s.digest, err = forms.Freeze(&s.content); err != nil {
		return err
	}
	compressed, err := wire.Compress(s.document, o.model.Dictionary())
	if err != nil {
		return err
	}
	ticket := wire.SealTicket(&wire.Ticket{
		KeyID: o.tickets.Current, Day: day, Model: model, ModelVersion: o.model.Version, Application: s.content.Application, SealVersion: 1,
		Digest: s.digest, Device: [32]byte(h.device.Public().(ed25519.PublicKey)), Account: h.id,
		IssuedAt: o.opens.Unix() - 60, NotAfter: o.opens.Add(dayLasts).Unix(),
	}, o.tickets.Keys[o.tickets.Current])
	s.envelope, err = wire.SealEnvelope(ticket, o.model.Dictionary().ID, compressed, h.device)
	return err
}

func (o *office) store(ctx context.Context, list []sealed) error {
	ids, accounts := make([][16]byte, len(list)), make([]int64, len(list))
	documents, digests := make([][]byte, len(list)), make([][]byte, len(list))
	for i := range list {
		s := &list[i]
		ids[i], accounts[i], documents[i], digests[i] = s.content.Application, int64(s.account), s.document, s.digest[:]
	}
	at := o.opens.Add(-time.Minute)
	return errors.Join(
		o.exec(ctx, `INSERT INTO applications (id, account_id, click_day_id, model, model_version, state, seal_version, created_at, updated_at)
			SELECT u.i, u.a, $3, $4, $5, 'sealed', 1, $6, $6 FROM unnest($1::uuid[], $2::bigint[]) AS u (i, a)`,
			ids, accounts, day, string(model), o.model.Version, at),
		o.exec(ctx, `INSERT INTO seals (application_id, version, document, digest, sealed_at)
			SELECT u.i, 1, u.d, u.s, $4 FROM unnest($1::uuid[], $2::bytea[], $3::bytea[]) AS u (i, d, s)`, ids, documents, digests, at),
	)
}
