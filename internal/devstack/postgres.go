package devstack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
)

const (
	dbUser = "puntuale"
	dbName = "puntuale"
)

// Postgres is a running private server.
type Postgres struct {
	// URL reaches the database "puntuale" as its owner.
	URL     string
	process *process
	pid     atomic.Int64 // of the postmaster, for those who watch
	bin     string
	sockets string
	owner   owner
	args    []string
	logPath string
	remove  []string
}

// StartPostgres starts a server on opts.Dir, which it initialises when empty.
// PostgreSQL refuses to run as root, so root runs it as the user "postgres" or
// "nobody".
func StartPostgres(ctx context.Context, opts Options) (*Postgres, error) {
	initdb, err := find("initdb")
	if err != nil {
		return nil, err
	}
	// The programs of one version lie together; a link only points there.
	if initdb, err = filepath.EvalSymlinks(initdb); err != nil {
		return nil, fmt.Errorf("devstack: %w", err)
	}
	owner, err := serverOwner()
	if err != nil {
		return nil, err
	}
	dir, remove, err := dataDir(opts, owner)
	if err != nil {
		return nil, err
	}
	p := &Postgres{bin: filepath.Dir(initdb), owner: owner, logPath: filepath.Join(dir, "postgres.log")}
	if p.sockets, err = socketDir(); err != nil {
		return nil, err
	}
	if err := owner.give(p.sockets); err != nil {
		return nil, err
	}
	p.remove = append(remove, p.sockets)
	data := filepath.Join(dir, "pg")
	if err := p.initialise(ctx, data, owner); err != nil {
		return nil, err
	}
	if err := evict(filepath.Join(data, "postmaster.pid"), "postgres"); err != nil {
		return nil, err
	}
	p.args = []string{"-D", data, "-k", p.sockets, "-c", "listen_addresses=", "-c", "max_connections=200"}
	if opts.Dir == "" { // durability of a test's database is not what the test is about
		p.args = append(p.args, "-c", "fsync=off", "-c", "full_page_writes=off")
	}
	return p, p.start(ctx)
}

func (p *Postgres) start(ctx context.Context) error {
	cmd := exec.Command(filepath.Join(p.bin, "postgres"), p.args...)
	cmd.Dir = "/"
	cmd.SysProcAttr = p.owner.attr()
	var err error
	if p.process, err = launch(cmd, p.logPath, syscall.SIGINT, "INT", p.remove); err != nil {
		return err
	}
	p.pid.Store(int64(p.process.cmd.Process.Pid))
	if err := p.ready(ctx, p.logPath); err != nil {
		return errors.Join(err, p.Stop())
	}
	return nil
}

func (p *Postgres) ready(ctx context.Context, logPath string) error {
	isReady := filepath.Join(p.bin, "pg_isready")
	err := p.process.await(ctx, "postgres", logPath, func(ctx context.Context) bool {
		return exec.CommandContext(ctx, isReady, "-q", "-h", p.sockets, "-d", "postgres", "-U", dbUser).Run() == nil
	})
	if err != nil {
		return err
	}
	p.URL = fmt.Sprintf("postgres://%s@/%s?host=%s", dbUser, dbName, p.sockets)
	psql := filepath.Join(p.bin, "psql")
	out, err := exec.CommandContext(ctx, psql, "-h", p.sockets, "-U", dbUser, "-d", "postgres", "-Atc",
		"SELECT count(*) FROM pg_database WHERE datname = '"+dbName+"'").CombinedOutput()
	if err != nil {
		return fmt.Errorf("devstack: psql: %w\n%s", err, out)
	}
	if string(out) == "0\n" {
		out, err = exec.CommandContext(ctx, filepath.Join(p.bin, "createdb"), "-h", p.sockets, "-U", dbUser, dbName).CombinedOutput()
		if err != nil {
			return fmt.Errorf("devstack: createdb: %w\n%s", err, out)
		}
	}
	return nil
}

// initialise makes the cluster in a directory beside data and moves it there, so
// that a cluster half made is never taken for a whole one.
func (p *Postgres) initialise(ctx context.Context, data string, owner owner) error {
	if _, err := os.Stat(filepath.Join(data, "PG_VERSION")); err == nil {
		return nil
	}
	half := data + ".new"
	if err := errors.Join(os.RemoveAll(half), os.RemoveAll(data)); err != nil {
		return fmt.Errorf("devstack: %w", err)
	}
	cmd := exec.CommandContext(ctx, filepath.Join(p.bin, "initdb"), "-D", half, "-U", dbUser, "-A", "trust",
		"-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
	cmd.Dir = "/"
	cmd.SysProcAttr = owner.attr()
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("devstack: initdb: %w\n%s", err, out)
	}
	if err := os.Rename(half, data); err != nil {
		return fmt.Errorf("devstack: %w", err)
	}
	return nil
}

// PID returns the process number of the postmaster, also while somebody starts
// the server again.
func (p *Postgres) PID() int { return int(p.pid.Load()) }

// Kill ends the server, all of its processes, with SIGKILL and waits for their
// end: what it has not written is lost, as in a crash of the machine's memory.
func (p *Postgres) Kill() error {
	if err := p.Signal(syscall.SIGSTOP); err != nil { // or new ones would come meanwhile
		return err
	}
	children := childrenOf(p.PID())
	for _, pid := range children {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("devstack: postgres: %w", err)
		}
	}
	if err := p.process.kill(); err != nil {
		return err
	}
	return awaitEnd(children)
}

// Restart starts the server again on the same data and sockets, after Kill.
func (p *Postgres) Restart(ctx context.Context) error {
	select {
	case <-p.process.done:
	default:
		return fmt.Errorf("devstack: postgres still runs as process %d", p.PID())
	}
	old := p.process
	if err := p.start(ctx); err != nil {
		return err
	}
	return old.retire()
}

// Signal sends a signal to all processes of the server, the postmaster first.
func (p *Postgres) Signal(s syscall.Signal) error {
	for _, pid := range append([]int{p.PID()}, childrenOf(p.PID())...) {
		if err := syscall.Kill(pid, s); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("devstack: postgres: %w", err)
		}
	}
	return nil
}

// Stop ends the server in order; a temporary one loses its data. It may be
// called more than once.
func (p *Postgres) Stop() error { return p.process.close() }

// owner is the user that a server runs as.
type owner struct {
	change   bool // false: as ourselves
	uid, gid uint32
}

func serverOwner() (owner, error) {
	if os.Geteuid() != 0 {
		return owner{}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uerr := strconv.ParseUint(u.Uid, 10, 32)
		gid, gerr := strconv.ParseUint(u.Gid, 10, 32)
		if err := errors.Join(uerr, gerr); err != nil {
			return owner{}, fmt.Errorf("devstack: user %s: %w", name, err)
		}
		return owner{change: true, uid: uint32(uid), gid: uint32(gid)}, nil
	}
	return owner{}, errors.New("devstack: PostgreSQL does not run as root and there is neither a user postgres nor nobody")
}

func (o owner) attr() *syscall.SysProcAttr {
	if !o.change {
		return &syscall.SysProcAttr{}
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: o.uid, Gid: o.gid}}
}

func (o owner) give(dir string) error {
	if !o.change {
		return nil
	}
	if err := os.Chown(dir, int(o.uid), int(o.gid)); err != nil {
		return fmt.Errorf("devstack: %w", err)
	}
	return nil
}
