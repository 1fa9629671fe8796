package verify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/trust"
	"puntuale/internal/wire"
)

// KeysPath is where a portal offers keys.json.
const KeysPath = "/ledger/keys.json"

// fetchPatience bounds the one request that a verification may make.
const fetchPatience = 30 * time.Second

// ErrKeysWanted says that neither a file nor a portal was given.
var ErrKeysWanted = errors.New("say what to trust: --trust keys.json, or --portal URL to fetch it now")

// FetchKeys gets keys.json from a portal. It does not check whose they are:
// that is what https, or a comparison with a published copy, is for.
func FetchKeys(ctx context.Context, portal string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchPatience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimRight(portal, "/")+KeysPath, nil)
	if err != nil {
		return nil, fmt.Errorf("--portal: %w", err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("--portal: %w", err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("--portal: %s answered %s", req.URL, res.Status)
	}
	return io.ReadAll(io.LimitReader(res.Body, trust.MaxFile+1))
}

// readKeys returns the keys of a file, or of a portal.
func (c *Command) readKeys(ctx context.Context) (*trust.Keys, error) {
	var b []byte
	var err error
	switch {
	case c.Trust != "":
		b, err = os.ReadFile(c.Trust)
	case c.Portal != "":
		b, err = FetchKeys(ctx, c.Portal)
	default:
		err = ErrKeysWanted
	}
	if err != nil {
		return nil, err
	}
	return trust.Parse(b)
}

// readCalendar returns the signed calendar, or nil when none was given.
func (c *Command) readCalendar(k *trust.Keys) (*clickday.Calendar, error) {
	if c.Calendar == "" {
		return nil, nil
	}
	b, err := os.ReadFile(c.Calendar)
	if err != nil {
		return nil, fmt.Errorf("--calendar: %w", err)
	}
	cal, err := wire.OpenCalendar(b, k.Calendar)
	if err != nil {
		return nil, fmt.Errorf("--calendar: %w", err)
	}
	return &cal, nil
}
