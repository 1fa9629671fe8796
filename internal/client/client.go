// Package client is the mini-client without a window: it pairs this computer
// with an account, syncs the sealed applications, sends them at the opening and
// collects outcomes and receipts. It owns every goroutine, repeat and state, and
// shows itself to terminal and window as immutable Snapshots only.
//
//	keystore   the two secrets
//	store      everything else, on disk before it is acted upon
//	pairing    log-in in the system browser (RFC 8252, PKCE)
//	portalapi  the portal's JSON
//	link       one connection to an intake node
//	timing     the intake's clock, the precise wait, the pauses
//	sending    one click day from waiting to the last answer
package client

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"sync"

	"puntuale/internal/clickday"
	"puntuale/internal/client/awake"
	"puntuale/internal/client/keystore"
	"puntuale/internal/client/link"
	"puntuale/internal/client/pairing"
	"puntuale/internal/client/portalapi"
	"puntuale/internal/client/sending"
	"puntuale/internal/client/store"
	"puntuale/internal/client/timing"
	"puntuale/internal/clock"
)

// Errors that say what to do. Explain gives their texts in both languages.
var (
	ErrNotPaired  = errors.New("this computer is not paired with an account: run pair first")
	ErrBusy       = errors.New("another operation is under way: wait for it to end")
	ErrUnsettled  = errors.New("there are applications whose outcome is not known yet: wait for it, or force")
	ErrOtherUser  = errors.New("this computer holds applications of another account: forget them first")
	ErrCalendar   = errors.New("the portal's calendar key has changed: pair this computer again if you trust that")
	ErrReader     = errors.New("another mini-client works in this directory: only looking is possible")
	ErrUnknownDay = errors.New("no click day with this code among the synced applications")
)

// Config is how a Client is made. Dir and Clock are required.
type Config struct {
	Dir   string
	Clock clock.Clock
	// Wait waits for the instant of sending; nil is timing.Precise.
	Wait timing.Wait
	// Keystore is keystore.KindKeyring, keystore.KindFile or "" for the better one.
	Keystore string
	// Passphrase is asked when the key file needs it; SetPassphrase comes before it.
	Passphrase keystore.Passphrase
	// OpenBrowser opens the log-in page; nil is pairing.OpenBrowser.
	OpenBrowser func(address string) error
	// Transport is for the portal; nil is one that goes through Proxy.
	Transport http.RoundTripper
	// Proxy is "" for what the system's environment says, "direct" for none, or
	// the address of an HTTP proxy with name and password if need be.
	Proxy string
	// NTP asks a time server; nil is timing.QueryNTP.
	NTP timing.Query
	// TimeServers are asked instead of those that the portal names; nil: those.
	TimeServers []string
	// Connections to the home node at most; 0 is sending.MaxConnections.
	Connections int
	// Moments of sending; the zero value is what docs/miniclient.md says.
	Moments sending.Moments
	// Version and PublisherKey stand in for those of the build; "" are those.
	Version, PublisherKey string
	// Awake keeps the computer awake; nil is awake.Keep.
	Awake func(reason string) (*awake.Hold, error)
	// Reader only looks: without the lock, and nothing it learns is kept. For a
	// look while another process sends.
	Reader bool
	Log    *slog.Logger // nil: none
}

// Client holds one profile directory, exclusively, until Close.
type Client struct {
	Config
	store     *store.Store
	proxy     func(*http.Request) (*url.URL, error)
	base      *timing.Base
	run       string // of the rehearsal that this is the client of; "" for the real one
	calendars *calendars
	getReady  func(context.Context) (end func()) // for the wait; nil: nothing to do

	asking sync.Mutex // held while the file of requests for help is read and written
	work   sync.Mutex // held by whatever changes profile or records; TryLock gives ErrBusy

	mu         sync.Mutex
	keys       keystore.Keystore           // guarded by mu
	profile    store.Profile               // guarded by mu
	paired     bool                        // guarded by mu
	passphrase string                      // guarded by mu
	progress   map[string]sending.Progress // guarded by mu; by code of the day, while it runs
	measured   *measured                   // guarded by mu
	reference  *timing.Reference           // guarded by mu; what the time servers said
	newer      *UpdateView                 // guarded by mu; nil when there is none
	awake      *AwakeView                  // guarded by mu; nil while nothing is armed
	tickets    []store.Ticket              // guarded by mu; requests for help, as on disk
	groups     map[clickday.DayID]group    // guarded by mu; rows of the records at groupsAt
	groupsAt   uint64                      // guarded by mu; version of the store
	changed    func()                      // guarded by mu; tells the session
}

// Open locks the directory and reads it. store.ErrLocked when it is in use.
func Open(c Config) (*Client, error) {
	open := store.Open
	if c.Reader {
		open = store.OpenReader
	}
	st, err := open(c.Dir)
	if err != nil {
		return nil, err
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	var getReady func(context.Context) func()
	if c.Wait == nil {
		c.Wait, getReady = timing.Precise(c.Clock), timing.Ready
	}
	if c.OpenBrowser == nil {
		c.OpenBrowser = pairing.OpenBrowser
	}
	if c.NTP == nil {
		c.NTP = timing.QueryNTP
	}
	if c.Awake == nil {
		c.Awake = awake.Keep
	}
	proxy, err := link.ParseProxy(c.Proxy)
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	if c.Transport == nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.Proxy = proxy
		c.Transport = t
	}
	cl := &Client{Config: c, store: st, proxy: proxy, getReady: getReady, base: timing.NewBase(c.Clock), progress: map[string]sending.Progress{}}
	if err := cl.load(); err != nil {
		return nil, errors.Join(err, st.Close())
	}
	return cl, nil
}

func (c *Client) load() error {
	p, paired, err := c.store.Profile()
	if err != nil {
		return err
	}
	c.profile, c.paired = p, paired
	c.calendars = newCalendars(c.store, c.touch)
	c.readTickets()
	if !paired {
		return nil
	}
	return c.calendars.pin(p.CalendarKey)
}

// Close gives the directory back. Runs under way have to be cancelled before.
func (c *Client) Close() error { return c.store.Close() }

// SetPassphrase gives the passphrase of the key file, in the place of asking.
func (c *Client) SetPassphrase(p string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.passphrase = p
}

// HasPassphrase reports whether SetPassphrase has been given one.
func (c *Client) HasPassphrase() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.passphrase != ""
}

// given is the passphrase that SetPassphrase was given.
func (c *Client) given() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.passphrase
}

func (c *Client) askPassphrase(fresh bool) (string, error) {
	c.mu.Lock()
	given := c.passphrase
	c.mu.Unlock()
	if given != "" {
		return given, nil
	}
	if c.Passphrase == nil {
		return "", keystore.ErrNoPassphrase
	}
	return c.Passphrase(fresh)
}

// keystore opens the keystore once: the kind of the profile, else that of the settings.
func (c *Client) keystore() (keystore.Keystore, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.keys != nil {
		return c.keys, nil
	}
	kind := c.Keystore
	if c.paired {
		kind = c.profile.Keystore
	}
	k, err := keystore.Open(kind, c.Dir, c.askPassphrase)
	if err == nil {
		c.keys = k
	}
	return k, err
}

// Profile returns the pairing, and false before it.
func (c *Client) Profile() (store.Profile, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.profile, c.paired
}

// portal returns the portal with this device's token.
func (c *Client) portal() (*portalapi.Client, error) {
	p, paired := c.Profile()
	if !paired {
		return nil, ErrNotPaired
	}
	api, err := portalapi.New(p.Portal, c.Transport)
	if err != nil {
		return nil, err
	}
	k, err := c.keystore()
	if err != nil {
		return nil, err
	}
	token, err := k.Load(keystore.AccessToken)
	if err != nil {
		return nil, err
	}
	if c.run != "" {
		api = api.InRehearsal(c.run)
	}
	return api.WithToken(string(token)), nil
}

func deviceKey(k keystore.Keystore) (ed25519.PrivateKey, error) {
	seed, err := k.Load(keystore.DeviceSeed)
	if err != nil {
		return nil, err
	}
	if len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("device key of %d bytes: pair this computer again", len(seed))
	}
	return ed25519.NewKeyFromSeed(seed), nil
}

// nodes returns the intake nodes of the profile.
func (c *Client) nodes() ([]link.Node, error) {
	p, paired := c.Profile()
	if !paired {
		return nil, ErrNotPaired
	}
	var out []link.Node
	for _, n := range p.Nodes {
		node, err := link.NewNode(n.Node, n.URL, n.CAPEM, n.PublicKey)
		if err != nil {
			return nil, err
		}
		if n.WarmURL != "" {
			warm, err := link.NewNode(n.Node, n.WarmURL, n.CAPEM, n.PublicKey)
			if err == nil {
				err = c.throughProxy(&warm)
			}
			if err != nil {
				c.Log.Warn("ticketed address is of no use", "err", err)
			} else {
				node.Warm = &warm
			}
		}
		if err := c.throughProxy(&node); err != nil {
			return nil, err
		}
		out = append(out, node)
	}
	return out, nil
}

// throughProxy finds out whether a node is reached through a proxy.
func (c *Client) throughProxy(n *link.Node) error {
	u, err := c.proxy(&http.Request{URL: &url.URL{Scheme: "https", Host: n.Addr}})
	if err != nil {
		return fmt.Errorf("proxy: %w", err)
	}
	n.Proxy = u
	return nil
}

// touch says that a new snapshot is worth taking.
func (c *Client) touch() {
	c.mu.Lock()
	f := c.changed
	c.mu.Unlock()
	if f != nil {
		f()
	}
}
