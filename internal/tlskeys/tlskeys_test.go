package tlskeys

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"puntuale/internal/clock"
	"puntuale/internal/keys"
)

var wall = clock.System{}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// eventually waits for a condition that another goroutine brings about.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	end := time.NewTimer(20 * time.Second)
	defer end.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-end.C:
			t.Fatal("never: " + what)
		}
	}
}

// issue puts a fresh pair with that name into dir and returns its serial number.
func issue(t *testing.T, dir, name string, curve elliptic.Curve, notAfter time.Duration) *big.Int {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	must(t, err)
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	must(t, err)
	now := wall.Now()
	c := &x509.Certificate{SerialNumber: serial, DNSNames: []string{"node"}, NotBefore: now.Add(-2 * time.Hour), NotAfter: now.Add(notAfter)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	must(t, err)
	must(t, keys.WritePrivate(filepath.Join(dir, name+".key"), key))
	must(t, keys.Write(filepath.Join(dir, name+".crt"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644))
	return serial
}

func filesIn(dir string) Files {
	return Files{
		Cert: filepath.Join(dir, "tls.crt"), Key: filepath.Join(dir, "tls.key"), Sessions: filepath.Join(dir, keys.SessionsFile),
	}
}

func openIn(t *testing.T, dir string) *Store {
	t.Helper()
	s, err := Open(filesIn(dir), wall, slog.New(slog.DiscardHandler))
	must(t, err)
	return s
}

// echo serves a store on loopback: one byte for one byte.
func echo(t *testing.T, s *Store) string {
	t.Helper()
	ln, err := tls.Listen("tcp", "127.0.0.1:0", s.Config())
	must(t, err)
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() { io.Copy(c, c); c.Close() }()
		}
	}()
	return ln.Addr().String()
}

// client is one that keeps its sessions.
func client() *tls.Config {
	return &tls.Config{InsecureSkipVerify: true, ServerName: "node", ClientSessionCache: tls.NewLRUClientSessionCache(4)}
}

func connect(t *testing.T, addr string, c *tls.Config) *tls.Conn {
	t.Helper()
	conn, err := tls.Dial("tcp", addr, c)
	must(t, err)
	t.Cleanup(func() { conn.Close() })
	ping(t, conn) // reads the session ticket too
	return conn
}

func ping(t *testing.T, c net.Conn) {
	t.Helper()
	must(t, c.SetDeadline(wall.Now().Add(20*time.Second)))
	_, err := c.Write([]byte{7})
	must(t, err)
	var b [1]byte
	_, err = io.ReadFull(c, b[:])
	must(t, err)
}

func TestASessionIsResumedOnAnotherNodeAndAfterARotation(t *testing.T) {
	first, second := t.TempDir(), t.TempDir()
	issue(t, first, "tls", elliptic.P256(), time.Hour)
	issue(t, second, "tls", elliptic.P256(), time.Hour)
	must(t, keys.InitSessions(first))
	b, err := os.ReadFile(filepath.Join(first, keys.SessionsFile))
	must(t, err)
	must(t, keys.Write(filepath.Join(second, keys.SessionsFile), b, 0o600))
	one, other := openIn(t, first), openIn(t, second)
	addr1, addr2 := echo(t, one), echo(t, other)

	c := client()
	if s := connect(t, addr1, c).ConnectionState(); s.DidResume || s.Version != tls.VersionTLS13 {
		t.Fatalf("first connection: resumed %v, version %x", s.DidResume, s.Version)
	}
	if !connect(t, addr2, c).ConnectionState().DidResume {
		t.Fatal("not resumed on the other node")
	}
	must(t, keys.RotateSessions(first)) // the ticket is of the older key now
	if !one.Reload() || !connect(t, addr1, c).ConnectionState().DidResume {
		t.Fatal("not resumed after a rotation")
	}
	// The newest ticket is under a key that the other node has not got yet.
	if connect(t, addr2, c).ConnectionState().DidResume {
		t.Fatal("resumed with a key that is not there")
	}
}

func TestStrangersKeysDoNotResume(t *testing.T) {
	first, second := t.TempDir(), t.TempDir()
	for _, dir := range []string{first, second} {
		issue(t, dir, "tls", elliptic.P256(), time.Hour)
	}
	c := client()
	one := openIn(t, first) // without a file: keys of its own
	addr := echo(t, one)
	connect(t, addr, c)
	if !connect(t, addr, c).ConnectionState().DidResume {
		t.Fatal("a process without a file does not resume its own sessions")
	}
	if connect(t, echo(t, openIn(t, second)), c).ConnectionState().DidResume {
		t.Fatal("resumed by a process with other keys")
	}
}

func TestReloadWhileConnectionsLive(t *testing.T) {
	dir := t.TempDir()
	issue(t, dir, "tls", elliptic.P256(), time.Hour)
	must(t, keys.InitSessions(dir))
	s := openIn(t, dir)
	addr := echo(t, s)
	old := connect(t, addr, client())

	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	hup := make(chan os.Signal, 1)
	go func() { s.Watch(ctx, hup, 5*time.Millisecond); close(done) }()
	defer func() { cancel(); <-done }()
	serial := issue(t, dir, "tls", elliptic.P256(), 2*time.Hour)
	eventually(t, "the new certificate is shown", func() bool {
		c, err := tls.Dial("tcp", addr, client())
		if err != nil {
			return false
		}
		defer c.Close()
		return c.ConnectionState().PeerCertificates[0].SerialNumber.Cmp(serial) == 0
	})
	ping(t, old)
	if taken, _ := s.Reloads(); taken == 0 || s.Expires().Before(wall.Now().Add(90*time.Minute)) {
		t.Fatal("the reload was not counted, or the expiry is that of the old one")
	}
}

func TestABrokenPairIsRefusedAndTheOldStays(t *testing.T) {
	for name, breakIt := range map[string]func(t *testing.T, dir string){
		"key of another": func(t *testing.T, dir string) {
			issue(t, dir, "other", elliptic.P256(), time.Hour)
			must(t, os.Rename(filepath.Join(dir, "other.key"), filepath.Join(dir, "tls.key")))
		},
		"garbage": func(t *testing.T, dir string) {
			must(t, os.WriteFile(filepath.Join(dir, "tls.crt"), []byte("x"), 0o600))
		},
		"removed":    func(t *testing.T, dir string) { must(t, os.Remove(filepath.Join(dir, "tls.crt"))) },
		"expired":    func(t *testing.T, dir string) { issue(t, dir, "tls", elliptic.P256(), -time.Hour) },
		"P-384":      func(t *testing.T, dir string) { issue(t, dir, "tls", elliptic.P384(), time.Hour) },
		"no session": func(t *testing.T, dir string) { must(t, os.Remove(filepath.Join(dir, keys.SessionsFile))) },
		"bad session": func(t *testing.T, dir string) {
			must(t, os.WriteFile(filepath.Join(dir, keys.SessionsFile), []byte("{}"), 0o600))
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			serial := issue(t, dir, "tls", elliptic.P256(), time.Hour)
			must(t, keys.InitSessions(dir))
			var log strings.Builder
			s, err := Open(filesIn(dir), wall, slog.New(slog.NewTextHandler(&log, nil)))
			must(t, err)
			addr := echo(t, s)
			breakIt(t, dir)
			if s.Reload() || s.Reload() {
				t.Fatal("it was taken")
			}
			if _, refused := s.Reloads(); refused != 1 || strings.Count(log.String(), "level=ERROR") != 1 {
				t.Fatalf("refused %d times, want the same content once:\n%s", refused, log.String())
			}
			if got := connect(t, addr, client()).ConnectionState().PeerCertificates[0].SerialNumber; got.Cmp(serial) != 0 {
				t.Fatal("the old certificate is gone")
			}
			serial = issue(t, dir, "tls", elliptic.P256(), time.Hour)
			must(t, keys.RotateSessions(dirWithout(t, dir)))
			if !s.Reload() {
				t.Fatal("a sound set after a broken one was refused")
			}
			if got := connect(t, addr, client()).ConnectionState().PeerCertificates[0].SerialNumber; got.Cmp(serial) != 0 {
				t.Fatal("the new certificate is not shown")
			}
		})
	}
}

// dirWithout removes a session file that cannot be rotated.
func dirWithout(t *testing.T, dir string) string {
	t.Helper()
	if err := os.Remove(filepath.Join(dir, keys.SessionsFile)); err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return dir
}

func TestOpenNamesTheSettingOfABadFile(t *testing.T) {
	dir := t.TempDir()
	if _, err := Open(filesIn(dir), wall, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "tls-cert") {
		t.Fatal(err)
	}
	issue(t, dir, "tls", elliptic.P256(), -time.Minute)
	if _, err := Open(filesIn(dir), wall, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "expired") {
		t.Fatal(err)
	}
}

func TestOlderProtocolsAreRefused(t *testing.T) {
	dir := t.TempDir()
	issue(t, dir, "tls", elliptic.P256(), time.Hour)
	c := client()
	c.MaxVersion = tls.VersionTLS12
	if conn, err := tls.Dial("tcp", echo(t, openIn(t, dir)), c); err == nil {
		conn.Close()
		t.Fatal("TLS 1.2 was spoken")
	}
}
