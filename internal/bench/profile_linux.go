package bench

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

// profileSeconds is how long a processor profile is taken.
const profileSeconds = 15

// fetchProfile asks the debug listener whose address is in the file.
func fetchProfile(ctx context.Context, addrFile string) ([]byte, error) {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	var addr []byte
	for len(addr) == 0 {
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-tick.C:
		}
		var err error
		if addr, err = os.ReadFile(addrFile); err != nil && !os.IsNotExist(err) {
			return nil, fmt.Errorf("bench: %w", err)
		}
	}
	url := fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", strings.TrimSpace(string(addr)), profileSeconds)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	defer res.Body.Close()
	return io.ReadAll(res.Body)
}
