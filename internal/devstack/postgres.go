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
	bin     string
	sockets string
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
	p := &Postgres{bin: filepath.Dir(initdb)}
	if p.sockets, err = socketDir(); err != nil {
		return nil, err
	}
	if err := owner.give(p.sockets); err != nil {
		return nil, err
	}
	remove = append(remove, p.sockets)
	data := filepath.Join(dir, "pg")
	if err := p.initialise(ctx, data, owner); err != nil {
		return nil, err
	}
	if err := evict(filepath.Join(data, "postmaster.pid"), "postgres"); err != nil {
		return nil, err
	}
	args := []string{"-D", data, "-k", p.sockets, "-c", "listen_addresses=", "-c", "max_connections=200"}
	if opts.Dir == "" { // durability of a test's database is not what the test is about
		args = append(args, "-c", "fsync=off", "-c", "full_page_writes=off")
	}
	cmd := exec.Command(filepath.Join(p.bin, "postgres"), args...)
	cmd.Dir = "/"
	cmd.SysProcAttr = owner.attr()
	logPath := filepath.Join(dir, "postgres.log")
	if p.process, err = launch(cmd, logPath, syscall.SIGINT, "INT", remove); err != nil {
		return nil, err
	}
	if err := p.ready(ctx, logPath); err != nil {
		return nil, errors.Join(err, p.Stop())
	}
	return p, nil
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

// PID returns the process number of the postmaster.
func (p *Postgres) PID() int { return p.process.cmd.Process.Pid }

// Kill ends the server with SIGKILL and waits for its end.
func (p *Postgres) Kill() error { return p.process.kill() }

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
