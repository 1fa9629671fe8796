package main

import (
	"context"
	"encoding/pem"
	"fmt"
	"net"
	"net/url"
	"os"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
	"puntuale/internal/keys"
	"puntuale/internal/postgres"
)

type nodeSetCommand struct {
	database
	ID        uint16 `help:"Number of the node, 1 to 65535." required:""`
	URL       string `help:"Where mini-clients send to, https://host[:port]." required:"" name:"url"`
	WarmURL   string `help:"Its ticketed address, https://host[:port], if it has one." name:"warm-url"`
	PublicKey string `help:"File of the node's public key, node-N.pub." required:"" type:"existingfile"`
	CA        string `help:"File of the private authority of its certificate, if it has one." name:"ca" type:"existingfile"`
}

// Run stores the node.
func (c *nodeSetCommand) Run(ctx context.Context) error {
	n := accounts.Node{ID: clickday.NodeID(c.ID), URL: c.URL, WarmURL: c.WarmURL}
	if c.ID == 0 {
		return fmt.Errorf("--id: want 1 to 65535")
	}
	if u, err := url.Parse(c.URL); err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.Path != "" {
		return fmt.Errorf("--url %q: want https://host[:port] and nothing behind", c.URL)
	}
	if err := checkWarmURL(c.WarmURL); err != nil {
		return err
	}
	key, err := keys.ReadPublic(c.PublicKey)
	if err != nil {
		return fmt.Errorf("--public-key: %w", err)
	}
	n.PublicKey = key
	if n.CA, err = readCA(c.CA); err != nil {
		return fmt.Errorf("--ca: %w", err)
	}
	return c.with(ctx, func(db *postgres.DB) error {
		if err := db.SetNode(ctx, &n); err != nil {
			return err
		}
		fmt.Printf("node %d at %s\n", n.ID, n.URL)
		return nil
	})
}

type nodeRetireCommand struct {
	database
	ID uint16 `help:"Number of the node." required:""`
}

// Run retires the node; setting it again brings it back.
func (c *nodeRetireCommand) Run(ctx context.Context) error {
	return c.with(ctx, func(db *postgres.DB) error {
		if err := db.RetireNode(ctx, clickday.NodeID(c.ID)); err != nil {
			return err
		}
		fmt.Printf("node %d is retired; its keys stay published\n", c.ID)
		return nil
	})
}

// checkWarmURL takes what mini-clients take: https, plain http only on loopback,
// or nothing.
func checkWarmURL(raw string) error {
	if raw == "" {
		return nil
	}
	u, err := url.Parse(raw)
	bare := err == nil && u.Hostname() != "" && u.Path == "" && u.RawQuery == "" && u.Fragment == "" && u.User == nil
	if bare && (u.Scheme == "https" || u.Scheme == "http" && loopback(u.Hostname())) {
		return nil
	}
	return fmt.Errorf("--warm-url %q: want https://host[:port] and nothing behind; http only on this machine", raw)
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func readCA(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	if block, _ := pem.Decode(b); block == nil || block.Type != "CERTIFICATE" {
		return "", fmt.Errorf("%s: want a PEM certificate", path)
	}
	return string(b), nil
}
