package portalapi

import (
	"context"
	"net/http"

	"puntuale/internal/clickday"
	"puntuale/internal/client/store"
)

// Settings is the public configuration of a portal.
type Settings struct {
	Name        string       `json:"name"`
	CalendarKey []byte       `json:"calendar_key"` // Ed25519
	Nodes       []store.Node `json:"nodes"`
	NTPServers  []string     `json:"ntp_servers"`
	Help        store.Help   `json:"help"`
	ReleaseKey  []byte       `json:"release_key"` // Ed25519, of versions of the mini-client
}

// Settings returns the configuration; it needs no token.
func (c *Client) Settings(ctx context.Context) (Settings, error) {
	var s Settings
	err := c.get(ctx, "/api/v1/config", &s)
	return s, err
}

// Device registers a device key for the token's account.
type Device struct {
	Name      string `json:"name"`
	PublicKey []byte `json:"public_key"` // Ed25519
	Proof     []byte `json:"proof"`      // wire.SignDevice
}

// Registered is the portal's answer to a Device.
type Registered struct {
	DeviceID text          `json:"device_id"`
	Account  store.Account `json:"account"`
}

// text is an identifier that a portal may write as a string or a number.
type text string

// UnmarshalJSON takes either form.
func (t *text) UnmarshalJSON(b []byte) error {
	if len(b) >= 2 && b[0] == '"' {
		b = b[1 : len(b)-1]
	}
	*t = text(b)
	return nil
}

// Register registers the device; the same key again gets the same answer.
func (c *Client) Register(ctx context.Context, d Device) (Registered, error) {
	var r Registered
	err := c.call(ctx, http.MethodPost, "/api/v1/devices", d, &r)
	return r, err
}

// Sync is everything that may be sent from this device.
type Sync struct {
	Account      store.Account `json:"account"`
	Calendar     []byte        `json:"calendar"` // signed
	Models       []Model       `json:"models"`
	Applications []Application `json:"applications"`
}

// Model names the compression dictionary of one model version.
type Model struct {
	Code         clickday.ModelCode `json:"code"`
	Version      uint16             `json:"version"`
	DictionaryID uint32             `json:"dictionary_id"`
	Dictionary   []byte             `json:"dictionary"`
}

// Application is one sealed application with its ticket.
type Application struct {
	ID           string             `json:"id"`
	ClickDay     clickday.DayID     `json:"click_day"`
	Model        clickday.ModelCode `json:"model"`
	ModelVersion uint16             `json:"model_version"`
	SealVersion  uint32             `json:"seal_version"`
	Digest       string             `json:"digest"` // hexadecimal
	Document     []byte             `json:"document"`
	Ticket       []byte             `json:"ticket"`
	Employer     string             `json:"employer"`
	Worker       string             `json:"worker"`
	DictionaryID uint32             `json:"dictionary_id"`
}

// Sync fetches calendar, models and applications.
func (c *Client) Sync(ctx context.Context) (Sync, error) {
	var s Sync
	err := c.get(ctx, "/api/v1/sync", &s)
	return s, err
}
