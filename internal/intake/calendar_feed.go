package intake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/wire"
)

const (
	pollTimeout = 5 * time.Second
	pollSoon    = time.Second // after a failure
)

// Pusher answers PUT /calendar on the private listener: 200 and the version in
// force, 409 for an older one, 400 or 403 for bytes that are no calendar or not
// signed with our key.
func (c *Calendar) Pusher(log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, wire.CalendarMax))
		if err == nil {
			err = c.take(b, "push", log)
		}
		if err != nil {
			http.Error(w, err.Error(), pushStatus(err))
			return
		}
		fmt.Fprintf(w, "version %d\n", c.Current().Version)
	})
}

func pushStatus(err error) int {
	var refusal *wire.Error
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return http.StatusRequestEntityTooLarge
	case errors.Is(err, ErrOlder):
		return http.StatusConflict
	case errors.As(err, &refusal) && refusal.Code == clickday.CodeSignature:
		return http.StatusForbidden
	case errors.As(err, &refusal):
		return http.StatusBadRequest
	default:
		return http.StatusInternalServerError
	}
}

func (c *Calendar) take(b []byte, from string, log *slog.Logger) error {
	changed, err := c.Put(b)
	if err != nil {
		log.Warn("calendar refused", "from", from, "error", err)
		return err
	}
	if changed {
		log.Info("calendar in force", "version", c.Current().Version, "days", len(c.Current().Days), "from", from)
	}
	return nil
}

// Poll asks a URL for the calendar until ctx ends, about every interval, spread
// so that nodes do not ask together. Failures are logged and change nothing.
func (c *Calendar) Poll(ctx context.Context, url string, every time.Duration, log *slog.Logger) {
	failing := false
	for ctx.Err() == nil {
		wait := every*3/4 + rand.N(every/2)
		err := c.poll(ctx, url, log)
		if err != nil {
			wait = min(wait, pollSoon)
			if !failing && ctx.Err() == nil {
				log.Warn("no calendar to be had; the one in force stays", "url", url, "error", err)
			}
		}
		failing = err != nil
		t := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-t.C:
		}
		t.Stop()
	}
}

func (c *Calendar) poll(ctx context.Context, url string, log *slog.Logger) error {
	ctx, cancel := context.WithTimeout(ctx, pollTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("intake: calendar-url: %w", err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("intake: %w", err)
	}
	defer res.Body.Close() // only read
	if res.StatusCode == http.StatusNotFound {
		return nil // there is no calendar yet
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("intake: %s answers %s", url, res.Status)
	}
	b, err := io.ReadAll(io.LimitReader(res.Body, wire.CalendarMax+1))
	if err != nil {
		return fmt.Errorf("intake: %w", err)
	}
	if err := c.take(b, "poll", log); err != nil && !errors.Is(err, ErrOlder) {
		return err
	}
	return nil
}
