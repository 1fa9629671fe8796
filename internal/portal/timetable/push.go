package timetable

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"puntuale/internal/wire"
)

// pushTimeout bounds one push; a node that is slower fetches the calendar itself.
const pushTimeout = 3 * time.Second

// PushResult is what one admin listener said to a new calendar.
type PushResult struct {
	URL string
	Err error // nil when the node has it
}

// Push sends signed calendar bytes to the admin listeners (base URLs) at the
// same time and returns the results in their order. A repeated push of the same
// version changes nothing at a node.
func Push(ctx context.Context, client *http.Client, urls []string, signed []byte) []PushResult {
	results := make([]PushResult, len(urls))
	var wg sync.WaitGroup
	for i, u := range urls {
		wg.Go(func() { results[i] = PushResult{URL: u, Err: pushOne(ctx, client, u, signed)} })
	}
	wg.Wait()
	return results
}

func pushOne(ctx context.Context, client *http.Client, base string, signed []byte) error {
	ctx, cancel := context.WithTimeout(ctx, pushTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, strings.TrimSuffix(base, "/")+"/calendar", bytes.NewReader(signed))
	if err != nil {
		return fmt.Errorf("push calendar: %w", err)
	}
	req.Header.Set("Content-Type", wire.TypeCalendar)
	res, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("push calendar: %w", err)
	}
	defer res.Body.Close()
	if res.StatusCode/100 != 2 {
		text, _ := io.ReadAll(io.LimitReader(res.Body, 500)) // only to say why
		return fmt.Errorf("push calendar: %s: %s", res.Status, strings.TrimSpace(string(text)))
	}
	return nil
}
