//go:build linux

package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"puntuale/internal/clock"
	"puntuale/internal/keys"
	"puntuale/internal/loadgen"
)

// permission refuses targets that may not be loaded. Nothing is sent for that.
func (f *siteFlags) permission(clk clock.Clock) (*loadgen.Permission, error) {
	p := &loadgen.Permission{Now: clk.Now()}
	var err error
	if f.Allow != "" {
		if p.Allowed, err = loadgen.ReadAllowList(f.Allow); err != nil {
			return nil, fmt.Errorf("allow: %w", err)
		}
	}
	for _, path := range f.Consent {
		b, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("consent: %w", err)
		}
		p.Consents = append(p.Consents, b)
	}
	if p.Operator, err = keys.ReadPublic(filepath.Join(f.Keys, keys.CalendarPubFile)); err != nil && len(p.Consents) > 0 {
		return nil, fmt.Errorf("keys: %w", err)
	}
	for _, t := range f.Target {
		u, err := url.Parse(t)
		if err != nil || u.Port() == "" || u.Scheme != "https" && u.Scheme != "http" {
			return nil, fmt.Errorf("target: %q: want https://host:port", t)
		}
		if err := p.Check(u.Host); err != nil {
			return nil, fmt.Errorf("target: %w", err)
		}
	}
	return p, nil
}

// prove asks each target that is loaded by consent for its calendar, once: only
// where that is signed with the key of the consent has its operator consented.
// Anybody can draw a key and sign for the address of somebody else.
func prove(ctx context.Context, p *loadgen.Permission, targets []loadgen.Target) error {
	for _, t := range targets {
		if !p.ByConsent(t.Addr) {
			continue
		}
		n := newNode(t)
		_, err := n.calendar(ctx, p.Operator)
		n.web.CloseIdleConnections()
		if err != nil {
			return fmt.Errorf("target: %w: %[2]s non mostra un calendario firmato da chi ha dato il consenso / %[2]s does not show a calendar of the operator who has consented: %[3]w",
				loadgen.ErrNotPermitted, t.Addr, err)
		}
	}
	return nil
}
