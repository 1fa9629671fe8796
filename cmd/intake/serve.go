package main

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/clock"
	"puntuale/internal/daemon"
	"puntuale/internal/keys"
	"puntuale/internal/tlskeys"
)

// serveCmd is the process that receives; docs/intake.md explains its settings.
type serveCmd struct {
	Listen         string          `default:"127.0.0.1:8443" help:"Public address; port 0 takes any."`
	Plain          bool            `help:"Speak plain HTTP, behind something that ends TLS. Stamps are then taken behind it too."`
	TLSCert        string          `name:"tls-cert" help:"Certificate chain of the public address, PEM."`
	TLSKey         string          `name:"tls-key" help:"Its private key, PEM."`
	AdminListen    string          `default:"127.0.0.1:9443" help:"Private address: calendar push, health, metrics, profiles. No authentication."`
	Node           clickday.NodeID `default:"1" help:"Number of this node, 1 to 65535."`
	Data           string          `required:"" help:"Directory of journal and calendar." type:"path"`
	Keys           string          `required:"" help:"Directory of the key files." type:"existingdir"`
	RedisURL       string          `name:"redis-url" env:"REDIS_URL" required:"" help:"Queue to the worker, redis://…"`
	Ack            string          `default:"journal" enum:"journal,journal+redis" help:"What must hold a submission before it is acknowledged: ${enum}."`
	AckReplicas    int             `default:"0" help:"With journal+redis: replicas of Redis that must have it too."`
	AckWait        time.Duration   `default:"3s" help:"With journal+redis: how long a request waits for the copy before it is told to come back."`
	CalendarURL    string          `name:"calendar-url" help:"Where to ask for the signed calendar, http(s)://…"`
	CalendarEvery  time.Duration   `default:"10s" help:"About how often to ask."`
	WatermarkGrace time.Duration   `default:"500ms" help:"How far the watermark stays behind; also how long numbers are late."`
	PerTicket      uint8           `default:"16" help:"Different submissions of one sealed application from one device that are stored at most; 0 for any number, at most 255."`
	SegmentMB      int64           `name:"segment-mb" default:"64" help:"Size of new journal segments in MiB, 1 to 1024."`
	PrepareMB      int64           `name:"prepare-mb" default:"64" help:"MiB of empty journal to keep ready, where the disk has room: about 1.2 KiB for each application that the day may bring."`
	ReserveMB      int64           `name:"reserve-mb" default:"64" help:"MiB that a new segment must leave free on the disk."`
	MaxConns       int             `default:"65536" help:"Open connections of the public address at most."`
	WarmListen     string          `help:"Second address, for clients that show a ticket; with room of its own."`
	WarmConns      int             `default:"16384" help:"Open connections of the second address at most."`
	Handshakes     int             `default:"500" help:"TLS handshakes a second at the public address from 1 minute before an opening to 10 after; 0 for any number."`
	Clock          clockFlags      `embed:"" prefix:"clock-"`
	AddrFile       string          `help:"File to write the two real addresses to, public first." type:"path"`
	LogLevel       string          `default:"info" help:"debug, info, warn or error."`
}

// Run serves until SIGINT or SIGTERM, or until the journal dies.
func (c *serveCmd) Run() error {
	log, err := daemon.NewLogger(os.Stderr, c.LogLevel)
	if err != nil {
		return err
	}
	ctx, stop := daemon.Context()
	defer stop()
	n, err := c.open(ctx, log)
	if err != nil {
		return err
	}
	return n.run(ctx)
}

// secrets are the keys of a node.
type secrets struct {
	node     ed25519.PrivateKey
	calendar ed25519.PublicKey
	tickets  *keys.TicketKeys
	tls      *tlskeys.Store // nil with --plain
}

func (c *serveCmd) secrets(log *slog.Logger) (s secrets, err error) {
	if c.Node == 0 {
		return s, errors.New("node: want 1 to 65535")
	}
	if s.node, err = keys.ReadPrivate(filepath.Join(c.Keys, keys.NodeKeyFile(c.Node))); err != nil {
		return s, fmt.Errorf("keys: %w", err)
	}
	if s.calendar, err = keys.ReadPublic(filepath.Join(c.Keys, keys.CalendarPubFile)); err != nil {
		return s, fmt.Errorf("keys: %w", err)
	}
	if s.tickets, err = keys.ReadTicketKeys(filepath.Join(c.Keys, keys.TicketFile)); err != nil {
		return s, fmt.Errorf("keys: %w", err)
	}
	if c.Plain {
		return s, nil
	}
	if c.TLSCert == "" || c.TLSKey == "" {
		return s, errors.New("tls-cert, tls-key: both are needed, or --plain")
	}
	s.tls, err = tlskeys.Open(tlskeys.Files{
		Cert: c.TLSCert, Key: c.TLSKey, Sessions: filepath.Join(c.Keys, keys.SessionsFile),
	}, clock.System{}, log)
	if err != nil {
		return s, err
	}
	return s, nil
}

func (c *serveCmd) check() error {
	switch {
	case c.WatermarkGrace < 0 || c.WatermarkGrace > time.Minute:
		return fmt.Errorf("watermark-grace: %s: want 0 to 1m", c.WatermarkGrace)
	case c.SegmentMB < 1 || c.SegmentMB > 1024:
		return fmt.Errorf("segment-mb: %d: want 1 to 1024", c.SegmentMB)
	case c.PrepareMB < 0 || c.PrepareMB > 1<<20:
		return fmt.Errorf("prepare-mb: %d: want 0 to 1048576", c.PrepareMB)
	case c.ReserveMB < 1:
		return fmt.Errorf("reserve-mb: %d: want 1 or more", c.ReserveMB)
	case c.MaxConns < 1:
		return fmt.Errorf("max-conns: %d: want 1 or more", c.MaxConns)
	case c.WarmConns < 1:
		return fmt.Errorf("warm-conns: %d: want 1 or more", c.WarmConns)
	case c.Handshakes < 0:
		return fmt.Errorf("handshakes: %d: want 0 or more", c.Handshakes)
	case c.AckReplicas < 0:
		return fmt.Errorf("ack-replicas: %d: want 0 or more", c.AckReplicas)
	case c.AckReplicas > 0 && !c.secondCopy():
		return errors.New("ack-replicas: only with --ack journal+redis")
	case c.AckWait < 100*time.Millisecond || c.AckWait > time.Minute:
		return fmt.Errorf("ack-wait: %s: want 100ms to 1m", c.AckWait)
	case c.CalendarEvery < 100*time.Millisecond:
		return fmt.Errorf("calendar-every: %s: want 100ms or more", c.CalendarEvery)
	}
	return c.Clock.check()
}

// secondCopy reports whether acknowledgements wait for the copy in Redis.
func (c *serveCmd) secondCopy() bool { return c.Ack == "journal+redis" }

// copyWait is how long they wait for it; 0 when they do not.
func (c *serveCmd) copyWait() time.Duration {
	if !c.secondCopy() {
		return 0
	}
	return c.AckWait
}

// appendTimeout is how long a request waits to become durable, wherever it must.
func (c *serveCmd) appendTimeout() time.Duration {
	if c.secondCopy() {
		return diskTimeout + c.AckWait
	}
	return diskTimeout
}
