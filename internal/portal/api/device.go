package api

import (
	"crypto/ed25519"
	"encoding/json"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
	"puntuale/internal/wire"
)

const (
	maxDeviceBody = 8 << 10 // bytes
	maxDeviceName = 80      // runes
)

type accountJSON struct {
	ID    clickday.AccountID `json:"id"`
	Name  string             `json:"name"`
	Email string             `json:"email"`
}

func accountOf(a *accounts.Account) accountJSON { return accountJSON{a.ID, a.Name, a.Email} }

type registration struct {
	Name      string `json:"name"`
	PublicKey []byte `json:"public_key"`
	Proof     []byte `json:"proof"` // wire.SignDevice over the access token
}

func (g *registration) valid(token string) bool {
	g.Name = strings.Join(strings.Fields(g.Name), " ")
	return g.Name != "" && !strings.ContainsRune(g.Name, 0) && utf8.ValidString(g.Name) && utf8.RuneCountInString(g.Name) <= maxDeviceName &&
		len(g.PublicKey) == ed25519.PublicKeySize && wire.CheckDevice(g.PublicKey, token, g.Proof) == nil
}

func (a *API) registerDevice(w http.ResponseWriter, r *http.Request, c *caller) error {
	var g registration
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxDeviceBody))
	if err := dec.Decode(&g); err != nil || !g.valid(c.token) {
		return refuse(codeBadDevice)
	}
	d := accounts.Device{Account: c.Account.ID, Name: g.Name, CreatedAt: a.Clock.Now()}
	copy(d.PublicKey[:], g.PublicKey)
	stored, err := a.Store.RegisterDevice(r.Context(), c.tokenHash, &d)
	if err != nil {
		return err
	}
	if stored.Revoked { // an old token cannot lift a revocation
		return refuse(clickday.CodeDeviceRevoked)
	}
	a.Log.InfoContext(r.Context(), "device registered", "account", c.Account.ID, "device", stored.ID)
	return a.json(w, r, http.StatusCreated, struct {
		DeviceID int64       `json:"device_id"`
		Account  accountJSON `json:"account"`
	}{stored.ID, accountOf(&c.Account)})
}

type deviceJSON struct {
	ID        int64     `json:"id"`
	Name      string    `json:"name"`
	PublicKey []byte    `json:"public_key"`
	CreatedAt time.Time `json:"created_at"`
	Revoked   bool      `json:"revoked"`
}

func (a *API) listDevices(w http.ResponseWriter, r *http.Request, c *caller) error {
	list, err := a.Store.Devices(r.Context(), c.Account.ID)
	if err != nil {
		return err
	}
	out := make([]deviceJSON, len(list))
	for i, d := range list {
		out[i] = deviceJSON{d.ID, d.Name, d.PublicKey[:], d.CreatedAt.UTC(), d.Revoked}
	}
	return a.json(w, r, http.StatusOK, map[string][]deviceJSON{"devices": out})
}

type nodeJSON struct {
	Node      clickday.NodeID `json:"node"`
	URL       string          `json:"url"`
	WarmURL   string          `json:"warm_url,omitempty"`
	PublicKey []byte          `json:"public_key"`
	CA        string          `json:"ca_pem"`
}

func (a *API) config(w http.ResponseWriter, r *http.Request) error {
	nodes, err := a.Store.Nodes(r.Context())
	if err != nil {
		return err
	}
	out := make([]nodeJSON, len(nodes))
	for i, n := range nodes {
		out[i] = nodeJSON{n.ID, n.URL, n.WarmURL, n.PublicKey, n.CA}
	}
	w.Header().Set("Cache-Control", "no-cache")
	return a.json(w, r, http.StatusOK, struct {
		Name        string     `json:"name"`
		CalendarKey []byte     `json:"calendar_key"`
		Nodes       []nodeJSON `json:"nodes"`
		NTPServers  []string   `json:"ntp_servers"`
		ReleaseKey  []byte     `json:"release_key,omitempty"`
	}{a.Name, a.CalendarKey, out, a.NTPServers, a.ReleaseKey})
}
