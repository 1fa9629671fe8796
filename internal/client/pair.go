package client

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"os"

	"puntuale/internal/client/keystore"
	"puntuale/internal/client/pairing"
	"puntuale/internal/client/portalapi"
	"puntuale/internal/client/store"
	"puntuale/internal/wire"
)

// Pairing is what a person decides when pairing.
type Pairing struct {
	Portal string // address
	Name   string // of this computer, as the portal lists it; "" is the host name
	// NoBrowser leaves it to the person to open the address.
	NoBrowser bool
	// Show is given the address of the log-in page; nil is allowed.
	Show func(address string)
}

// Pair connects this computer with an account: log-in in the browser, device
// key, registration. The profile is written last, so that a kill in between
// leaves an unpaired computer and a key that the next try uses again.
func (c *Client) Pair(ctx context.Context, p Pairing) error {
	if c.Reader {
		return ErrReader
	}
	if !c.work.TryLock() {
		return ErrBusy
	}
	defer c.work.Unlock()
	defer c.touch()
	api, err := portalapi.New(p.Portal, c.Transport)
	if err != nil {
		return err
	}
	settings, err := api.Settings(ctx)
	if err != nil {
		return err
	}
	if len(settings.CalendarKey) != ed25519.PublicKeySize {
		return errors.New("the portal's configuration has no calendar key: is this the address of a Puntuale portal?")
	}
	k, err := c.keystore()
	if err != nil {
		return err
	}
	key, err := ensureKey(k)
	if err != nil {
		return err
	}
	token, err := c.logIn(ctx, api, p)
	if err != nil {
		return err
	}
	return c.register(ctx, api.WithToken(token), token, k, key, p.Name, settings)
}

// ensureKey returns the device key, making it the first time.
func ensureKey(k keystore.Keystore) (ed25519.PrivateKey, error) {
	key, err := deviceKey(k)
	if !errors.Is(err, keystore.ErrNotFound) {
		return key, err
	}
	seed := make([]byte, ed25519.SeedSize)
	rand.Read(seed)
	if err := k.Save(keystore.DeviceSeed, seed); err != nil {
		return nil, err
	}
	return ed25519.NewKeyFromSeed(seed), nil
}

func (c *Client) logIn(ctx context.Context, api *portalapi.Client, p Pairing) (string, error) {
	req, err := pairing.Start(api.Address())
	if err != nil {
		return "", err
	}
	if p.Show != nil {
		p.Show(req.URL())
	}
	if !p.NoBrowser {
		if err := c.OpenBrowser(req.URL()); err != nil {
			c.Log.Warn("open the address by hand", "err", err)
		}
	}
	return req.Token(ctx, api.HTTP())
}

func (c *Client) register(ctx context.Context, api *portalapi.Client, token string, k keystore.Keystore,
	key ed25519.PrivateKey, name string, settings portalapi.Settings,
) error {
	if name == "" {
		name = hostName()
	}
	public := key.Public().(ed25519.PublicKey)
	r, err := api.Register(ctx, portalapi.Device{Name: name, PublicKey: public, Proof: wire.SignDevice(key, token)})
	if err != nil {
		return err
	}
	if old, paired := c.Profile(); paired && old.Account.ID != r.Account.ID && len(c.store.All()) > 0 {
		return ErrOtherUser
	}
	if err := k.Save(keystore.AccessToken, []byte(token)); err != nil {
		return err
	}
	return c.setProfile(store.Profile{
		Portal: api.Address(), Name: settings.Name, Account: r.Account, Device: string(r.DeviceID),
		PublicKey: public, Keystore: k.Kind(), CalendarKey: settings.CalendarKey,
		Nodes: settings.Nodes, NTPServers: settings.NTPServers, ReleaseKey: settings.ReleaseKey, Help: settings.Help, Computer: name,
	})
}

func (c *Client) setProfile(p store.Profile) error {
	if err := c.store.PutProfile(p); err != nil {
		return err
	}
	c.mu.Lock()
	c.profile, c.paired = p, true
	c.mu.Unlock()
	return c.calendars.pin(p.CalendarKey)
}

func hostName() string {
	name, err := os.Hostname()
	if err != nil || name == "" {
		return "mini-client"
	}
	return name
}

// Forget removes every local trace: secrets, profile, applications. It refuses
// with ErrUnsettled while an outcome is not known, unless forced.
func (c *Client) Forget(force bool) error {
	if c.Reader {
		return ErrReader
	}
	if !c.work.TryLock() {
		return ErrBusy
	}
	defer c.work.Unlock()
	defer c.touch()
	if !force && c.unsettled() {
		return ErrUnsettled
	}
	k, err := c.keystore()
	if err != nil {
		return err
	}
	if err := k.Forget(); err != nil {
		return err
	}
	if err := c.store.Forget(); err != nil {
		return err
	}
	c.mu.Lock()
	c.profile, c.paired, c.keys = store.Profile{}, false, nil
	c.mu.Unlock()
	c.calendars.forget()
	return nil
}

// unsettled reports whether an outcome is not known yet.
func (c *Client) unsettled() bool {
	for _, r := range c.store.All() {
		if r.State == store.Sending || r.State == store.Acknowledged {
			return true
		}
	}
	return false
}
