package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"puntuale/internal/devstack"
	"puntuale/internal/keys"
	"puntuale/internal/loadgen"
	"puntuale/internal/wire"
)

// Names of the servers.
const (
	NameIntake = "intake"
	// NameInMemory is the intake with a Redis that writes no file: enough where the
	// journal alone is waited for, for it is what Redis is filled from.
	NameInMemory = "intake-redis-in-memory"
	NameWebdis   = "webdis"
	NameOK       = "ok"
	NameNginx    = "nginx"
)

// prepareMB is how much empty journal the intake has ready, in MiB: more than a
// run fills.
const prepareMB = 768

// Peer is one running server with everything behind it.
type Peer struct {
	Name string
	Addr string
	Head []byte // of a request with an envelope
	// Journal is the directory of the intake's journal, Admin its private
	// address; empty for the others.
	Journal, Admin string

	program *devstack.Program
	redis   *devstack.Redis // nil if there is none
	dir     string
}

// Start starts a server by name, over plain HTTP.
func (g *Ground) Start(ctx context.Context, name string) (*Peer, error) {
	switch name {
	case NameIntake:
		return g.StartIntake(ctx, false)
	case NameInMemory:
		return g.startIntake(ctx, false, true)
	case NameWebdis:
		return g.startWebdis(ctx)
	case NameOK:
		return g.startOK(ctx)
	case NameNginx:
		return g.startNginx(ctx)
	default:
		return nil, fmt.Errorf("bench: no peer %q", name)
	}
}

// PIDs returns the processes whose work counts.
func (p *Peer) PIDs() []int {
	out := family(p.program.PID())
	if p.redis != nil {
		out = append(out, p.redis.PID())
	}
	return out
}

// Stop ends the server and what is behind it in order, and leaves its files.
func (p *Peer) Stop() error {
	err := p.program.Stop()
	if p.redis != nil {
		err = errors.Join(err, p.redis.Stop())
	}
	return err
}

// Remove removes the files of a stopped server.
func (p *Peer) Remove() error { return os.RemoveAll(p.dir) }

func (g *Ground) peer(name string, head []byte) (*Peer, error) {
	dir, err := g.fresh(name)
	return &Peer{Name: name, Head: head, dir: dir}, err
}

func (p *Peer) startRedis(ctx context.Context, inMemory bool) (err error) {
	p.redis, err = devstack.StartRedis(ctx, devstack.Options{Dir: filepath.Join(p.dir, "redis"), InMemory: inMemory})
	return err
}

// launch starts the program and waits until it is ready.
func (p *Peer) launch(ctx context.Context, ready func() bool, path string, args ...string) error {
	p.program = &devstack.Program{Name: p.Name, Path: path, Args: args, Log: filepath.Join(p.dir, p.Name+".log")}
	err := p.program.Start()
	if err == nil {
		err = await(ctx, p.program, ready)
	}
	if err != nil {
		return errors.Join(err, p.Stop())
	}
	return nil
}

// StartIntake starts the real intake with an empty journal and a Redis of its own.
func (g *Ground) StartIntake(ctx context.Context, secure bool) (*Peer, error) {
	return g.startIntake(ctx, secure, false)
}

func (g *Ground) startIntake(ctx context.Context, secure, inMemory bool) (*Peer, error) {
	p, err := g.peer(NameIntake, loadgen.Head("POST", wire.PathSubmit, wire.TypeEnvelope, g.Pool.Size()))
	if err != nil {
		return nil, err
	}
	data := filepath.Join(p.dir, "data")
	p.Journal = filepath.Join(data, "journal")
	if err := errors.Join(os.MkdirAll(data, 0o700), os.WriteFile(filepath.Join(data, "calendar.bin"), g.calendar, 0o600)); err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	if err := p.startRedis(ctx, inMemory); err != nil {
		return nil, err
	}
	addrs := filepath.Join(p.dir, "addrs")
	args := []string{"serve", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--node", fmt.Sprint(node),
		"--data", data, "--keys", g.keys(), "--redis-url", p.redis.URL, "--addr-file", addrs, "--log-level", "warn",
		"--prepare-mb", fmt.Sprint(prepareMB)}
	if secure {
		args = append(args, "--tls-cert", filepath.Join(g.keys(), keys.TLSCertFile), "--tls-key", filepath.Join(g.keys(), keys.TLSKeyFile))
	} else {
		args = append(args, "--plain")
	}
	if err := p.launch(ctx, func() bool { return exists(addrs) }, g.Intake, args...); err != nil {
		return nil, err
	}
	b, err := os.ReadFile(addrs)
	lines := strings.Fields(string(b))
	if err != nil || len(lines) != 2 {
		return nil, errors.Join(fmt.Errorf("bench: addresses of the intake: %q", b), err, p.Stop())
	}
	p.Addr, p.Admin = lines[0], lines[1]
	return p, g.prepared(ctx, p)
}

// prepared waits until the journal has the empty segments that were asked for, as a
// node has them long before an opening.
func (g *Ground) prepared(ctx context.Context, p *Peer) error {
	var err error
	for range 6 { // a slow disk takes longer than a program to start
		err = await(ctx, p.program, func() bool {
			m, err := metrics(ctx, p.Admin)
			return err == nil && m["puntuale_journal_prepared_bytes"] >= prepareMB<<20
		})
		if err == nil {
			break
		}
	}
	if err != nil {
		return errors.Join(fmt.Errorf("bench: the journal is not prepared: %w", err), p.Stop())
	}
	return nil
}

// startWebdis starts webdis before a Redis with the settings of the intake's: a
// PUT appends its body to a stream.
func (g *Ground) startWebdis(ctx context.Context) (*Peer, error) {
	p, err := g.peer(NameWebdis, loadgen.Head("PUT", "/XADD/bench/*/f", "application/octet-stream", g.Pool.Size()))
	if err != nil {
		return nil, err
	}
	if p.Addr, err = freeAddress(); err != nil {
		return nil, err
	}
	if err := p.startRedis(ctx, false); err != nil {
		return nil, err
	}
	_, port, _ := net.SplitHostPort(p.Addr) // it was one a moment ago
	conf := filepath.Join(p.dir, "webdis.json")
	text := fmt.Sprintf(`{"redis_host": %q, "redis_port": 0, "http_host": "127.0.0.1", "http_port": %s, "threads": 2,
"pool_size": 20, "daemonize": false, "database": 0, "verbosity": 0, "logfile": %q}`,
		strings.TrimPrefix(p.redis.URL, "unix://"), port, filepath.Join(p.dir, "webdis.own.log"))
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		return nil, errors.Join(err, p.redis.Stop())
	}
	return p, p.launch(ctx, func() bool { return listens(p.Addr) }, NameWebdis, conf)
}

func (g *Ground) startOK(ctx context.Context) (*Peer, error) {
	p, err := g.peer(NameOK, loadgen.Head("POST", wire.PathSubmit, wire.TypeEnvelope, g.Pool.Size()))
	if err != nil {
		return nil, err
	}
	if p.Addr, err = freeAddress(); err != nil {
		return nil, err
	}
	return p, p.launch(ctx, func() bool { return listens(p.Addr) }, g.Self, "ok", "--listen", p.Addr)
}

func (g *Ground) startNginx(ctx context.Context) (*Peer, error) {
	p, err := g.peer(NameNginx, loadgen.Head("POST", "/", wire.TypeEnvelope, g.Pool.Size()))
	if err != nil {
		return nil, err
	}
	if p.Addr, err = freeAddress(); err != nil {
		return nil, err
	}
	path, err := exec.LookPath(NameNginx)
	if err != nil {
		path = "/usr/sbin/nginx" // not in everybody's path
	}
	conf := filepath.Join(p.dir, "nginx.conf")
	text := fmt.Sprintf(`daemon off; worker_processes auto; pid %[1]s/pid; error_log %[1]s/error.log crit;
events { worker_connections 4096; }
http { access_log off; keepalive_requests 1000000000; client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy;
fastcgi_temp_path %[1]s/fastcgi; uwsgi_temp_path %[1]s/uwsgi; scgi_temp_path %[1]s/scgi;
server { listen %[2]s backlog=4096; location / { return 200 "ok"; } } }
`, p.dir, p.Addr)
	if err := os.WriteFile(conf, []byte(text), 0o644); err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	return p, p.launch(ctx, func() bool { return listens(p.Addr) }, path, "-c", conf)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
