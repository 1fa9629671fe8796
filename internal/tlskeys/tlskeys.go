// Package tlskeys holds what a node shows its clients in TLS: certificate, its
// key, and the session keys that all nodes share, so that a client resumes on
// any of them. A Store reads the files again when they change, or when it is
// told to, and puts all of it in force at once; a new set that is not sound is
// refused with a word in the log, and the one in force stays. Connections that
// are open do not notice.
package tlskeys

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"puntuale/internal/clock"
	"puntuale/internal/keys"
)

// ErrCertificate says that a certificate cannot be shown to clients.
var ErrCertificate = errors.New("certificate not usable")

// Files names what a store reads.
type Files struct {
	Cert, Key string // PEM: certificate chain, leaf first; its private key
	// Sessions is a file of keys.SessionKeys. If it is not there the process
	// makes keys of its own, and sessions can be resumed only with itself.
	Sessions string
}

// Store is certificate and session keys in force. Safe for concurrent use.
type Store struct {
	files Files
	clock clock.Clock
	log   *slog.Logger
	own   [32]byte // session key where there is no file
	cur   atomic.Pointer[loaded]

	mu      sync.Mutex // held by Reload
	refused [32]byte   // content that was refused last; guarded by mu

	reloads, failures atomic.Uint64
}

// loaded is one sound set; it never changes.
type loaded struct {
	config  *tls.Config
	expires time.Time
	shared  bool
	content [32]byte // SHA-256 over the files
}

// Open reads the files. Errors name the file and what to do.
func Open(files Files, clk clock.Clock, log *slog.Logger) (*Store, error) {
	s := &Store{files: files, clock: clk, log: log}
	rand.Read(s.own[:])
	l, err := s.load()
	if err != nil {
		return nil, err
	}
	if !l.shared {
		log.Warn("no session keys: TLS sessions can be resumed with this process only", "file", files.Sessions)
	}
	s.cur.Store(l)
	return s, nil
}

// Config returns settings for tls.Server that follow the store: TLS 1.3,
// HTTP/1.1, the certificate and the session keys in force at each handshake.
func (s *Store) Config() *tls.Config {
	return &tls.Config{
		MinVersion:         tls.VersionTLS13,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return s.cur.Load().config, nil },
	}
}

// Expires returns until when the certificate in force is valid.
func (s *Store) Expires() time.Time { return s.cur.Load().expires }

// Reloads returns how many times a new set was put in force, and how many times
// one was refused.
func (s *Store) Reloads() (taken, refused uint64) { return s.reloads.Load(), s.failures.Load() }

// Watch reloads when hup gives a value and looks every interval whether the
// files have changed, until ctx ends.
func (s *Store) Watch(ctx context.Context, hup <-chan os.Signal, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-hup:
		case <-tick.C:
		}
		s.Reload()
	}
}

// Reload puts the files in force if they have changed and are sound. It reports
// whether what is in the files is in force.
func (s *Store) Reload() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, err := s.load()
	if err != nil {
		if l.content != s.refused { // said once for each content
			s.refused = l.content
			s.failures.Add(1)
			s.log.Error("new TLS files refused; the ones in force stay", "error", err, "expires", s.Expires())
		}
		return false
	}
	s.refused = [32]byte{}
	if l.content == s.cur.Load().content {
		return true
	}
	s.cur.Store(l)
	s.reloads.Add(1)
	s.log.Info("TLS files in force", "expires", l.expires, "shared_sessions", l.shared)
	return true
}

// load reads and checks the files; content is set also with an error.
func (s *Store) load() (*loaded, error) {
	cert, cerr := os.ReadFile(s.files.Cert)
	key, kerr := os.ReadFile(s.files.Key)
	sessions, serr := os.ReadFile(s.files.Sessions)
	l := &loaded{content: digest(cert, key, sessions)}
	if err := errors.Join(cerr, kerr); err != nil {
		return l, fmt.Errorf("tls-cert, tls-key: %w", err)
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return l, fmt.Errorf("tls-cert %s, tls-key %s: %w", s.files.Cert, s.files.Key, err)
	}
	if err := s.check(pair.Leaf); err != nil {
		return l, fmt.Errorf("tls-cert %s: %w", s.files.Cert, err)
	}
	l.expires = pair.Leaf.NotAfter
	l.config = &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{pair}, NextProtos: []string{"http/1.1"}}
	return l, s.share(l, sessions, serr)
}

// share gives a set its session keys: those of the file, or if there is none the
// process's own, which stay the same, so that a reload costs nobody a session.
func (s *Store) share(l *loaded, sessions []byte, err error) error {
	if errors.Is(err, os.ErrNotExist) {
		if cur := s.cur.Load(); cur != nil && cur.shared {
			return fmt.Errorf("session keys have vanished: %w", err)
		}
		l.config.SetSessionTicketKeys([][32]byte{s.own})
		return nil
	}
	if err != nil {
		return fmt.Errorf("session keys: %w", err)
	}
	shared, err := keys.ParseSessions(sessions)
	if err != nil {
		return fmt.Errorf("%s: %w; make them with \"intake sessions rotate\"", s.files.Sessions, err)
	}
	l.config.SetSessionTicketKeys(shared)
	l.shared = true
	return nil
}

// check refuses what our clients would not take, or what costs more than the
// rate of handshakes allows for.
func (s *Store) check(leaf *x509.Certificate) error {
	public, ok := leaf.PublicKey.(*ecdsa.PublicKey)
	now := s.clock.Now()
	switch {
	case !ok || public.Curve != elliptic.P256():
		return fmt.Errorf("%w: want a key of ECDSA P-256, got %s", ErrCertificate, leaf.PublicKeyAlgorithm)
	case now.After(leaf.NotAfter):
		return fmt.Errorf("%w: it has expired on %s", ErrCertificate, leaf.NotAfter)
	case now.Before(leaf.NotBefore):
		return fmt.Errorf("%w: it is not valid before %s", ErrCertificate, leaf.NotBefore)
	}
	return nil
}

func digest(parts ...[]byte) [32]byte {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:", len(p))
		h.Write(p)
	}
	return [32]byte(h.Sum(nil))
}
