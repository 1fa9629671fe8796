package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// chromiumPatience is how long a browser may take for one page.
const chromiumPatience = 2 * time.Minute

// firstPage has a browser with an empty cache load the first page, with its
// style, fonts, icons and scripts, through a relay that counts the bytes of all
// answers, headers included.
func (b *portalBench) firstPage(ctx context.Context) ([]Figure, error) {
	program := b.plan.Chromium
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); program == "" && err == nil {
			program = found
		}
	}
	if program == "" {
		return nil, errors.New("bench: there is no Chromium to load the first page with")
	}
	relay, err := startRelay(strings.TrimPrefix(b.in.PortalURL, "http://"))
	if err != nil {
		return nil, err
	}
	defer relay.close()
	dir, err := os.MkdirTemp("", "puntuale-bench-browser-")
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	defer os.RemoveAll(dir)
	ctx, cancel := context.WithTimeout(ctx, chromiumPatience)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-dev-shm-usage",
		"--disable-background-networking", "--disable-component-update", "--user-data-dir="+dir, "--window-size=1280,900",
		"--screenshot="+filepath.Join(dir, "page.png"), "http://"+relay.address()+"/")
	cmd.Env = append(os.Environ(), "HOME="+dir)
	if text, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("bench: Chromium: %w\n%.2000s", err, text)
	}
	if _, err := os.Stat(filepath.Join(dir, "page.png")); err != nil {
		return nil, fmt.Errorf("bench: Chromium has not painted the page: %w", err)
	}
	return []Figure{
		atMost("portal_first_page_bytes", float64(relay.down.Load()), "bytes", firstPageMax),
		plain("portal_first_page_requests", float64(relay.requests.Load()), "requests"),
	}, nil
}

// relay carries bytes between a browser and the portal and counts them.
type relay struct {
	ln             net.Listener
	to             string
	down, requests atomic.Int64
	conns          sync.WaitGroup
}

func startRelay(to string) (*relay, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	r := &relay{ln: ln, to: to}
	r.conns.Go(r.accept)
	return r, nil
}

func (r *relay) address() string { return r.ln.Addr().String() }

func (r *relay) close() {
	r.ln.Close()
	r.conns.Wait()
}

func (r *relay) accept() {
	for {
		browser, err := r.ln.Accept()
		if err != nil {
			return
		}
		portal, err := net.Dial("tcp", r.to)
		if err != nil {
			browser.Close()
			continue
		}
		r.conns.Go(func() {
			io.Copy(portal, &requestsIn{browser, &r.requests}) // a connection that ends has ended
			portal.Close()
		})
		r.conns.Go(func() {
			n, _ := io.Copy(browser, portal) // likewise
			r.down.Add(n)
			browser.Close()
		})
	}
}

// requestsIn counts requests by their first line: a browser sends each whole.
type requestsIn struct {
	io.Reader
	n *atomic.Int64
}

// Read implements io.Reader.
func (r *requestsIn) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	r.n.Add(int64(strings.Count(string(p[:n]), " HTTP/1.1\r\n")))
	return n, err
}
