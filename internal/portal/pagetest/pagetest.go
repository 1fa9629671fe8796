// Package pagetest looks at pages of the portal in a real Chromium, as a person
// on a desktop and one with a phone see them: axe-core for WCAG 2.1 A and AA,
// whether the page fits a width of 320 pixels, requests that go elsewhere, what
// the content policy refuses, and a picture of each.
package pagetest

import (
	"context"
	_ "embed"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

//go:embed axe.min.js
var axe string

// patience is how long one step in the browser may take.
const patience = time.Minute

// Screen is what a page is looked at with.
type Screen struct {
	Name          string
	Width, Height int64 // CSS pixels
	Phone         bool
}

// Screens are the two that every page is looked at with. 320 pixels is the width
// that WCAG 1.4.10 names.
var Screens = []Screen{{"desktop", 1280, 900, false}, {"phone", 320, 700, true}}

// Chrome is a tab of a real Chromium.
type Chrome struct {
	t    *testing.T
	ctx  context.Context
	base string

	mu     sync.Mutex
	events []string // guarded by mu: requests that went elsewhere, and errors of the console
}

// Start opens a tab for the portal at base.
func Start(t *testing.T, base string) *Chrome {
	t.Helper()
	opts := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.UserDataDir(t.TempDir()), chromedp.WindowSize(1280, 900), chromedp.Flag("accept-lang", "it-IT,it"),
		chromedp.Flag("no-sandbox", os.Geteuid() == 0), // Chromium refuses its sandbox to root
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-gpu", true), chromedp.WSURLReadTimeout(patience))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), opts...)
	t.Cleanup(stop)
	ctx, closeTab := chromedp.NewContext(allocator)
	t.Cleanup(closeTab)
	c := &Chrome{t: t, ctx: ctx, base: base}
	// The first run starts the browser, which then lives as long as ctx.
	if err := chromedp.Listen(ctx, c.listen); err != nil {
		t.Fatal(err)
	}
	send(c, network.Enable, network.EnableParams{})
	send(c, cdplog.Enable, cdp.Empty{})
	send(c, runtime.Enable, cdp.Empty{})
	return c
}

func (c *Chrome) listen(event any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		if !strings.HasPrefix(e.Request.URL, c.base) && !strings.HasPrefix(e.Request.URL, "data:") {
			c.events = append(c.events, "asks "+e.Request.URL)
		}
	case *cdplog.EventEntryAdded:
		// A refused form is answered 4xx, which Chromium calls an error.
		if e.Entry.Level == cdplog.EntryLevelError && e.Entry.Source != cdplog.EntrySourceNetwork {
			c.events = append(c.events, "console: "+e.Entry.Text)
		}
	case *runtime.EventExceptionThrown:
		c.events = append(c.events, "script: "+e.ExceptionDetails.Text)
	}
}

// send gives the browser one command.
func send[P, R any](c *Chrome, command cdp.Command[P, R], params P) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.ctx, patience)
	defer cancel()
	if _, err := chromedp.Call(ctx, command, params); err != nil {
		c.t.Fatalf("%s: %v", command.Method, err)
	}
}

// Cookies makes the tab the visitor that a jar belongs to.
func (c *Chrome) Cookies(jar http.CookieJar) {
	c.t.Helper()
	u, err := url.Parse(c.base)
	if err != nil {
		c.t.Fatal(err)
	}
	send(c, network.ClearBrowserCookies, cdp.Empty{})
	for _, k := range jar.Cookies(u) {
		send(c, network.SetCookie, network.SetCookieParams{Name: k.Name, Value: k.Value, URL: c.base})
	}
}

// Scripts switches JavaScript on or off for the pages opened from now on.
func (c *Chrome) Scripts(on bool) {
	c.t.Helper()
	send(c, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !on})
}

// violation is what axe-core found.
type violation struct {
	ID, Impact, Help string
	Nodes            []struct {
		HTML           string
		FailureSummary string
	}
}

const runAxe = `axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"], resultTypes: ["violations"]}).then(r => r.violations)`

// Look opens a page on a screen and reports what is wrong with it; the picture
// goes to the artefacts of the test.
func (c *Chrome) Look(path string, s Screen) {
	c.t.Helper()
	c.mu.Lock()
	c.events = nil
	c.mu.Unlock()
	send(c, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: s.Width, Height: s.Height, DeviceScaleFactor: 1, Mobile: s.Phone,
	})
	ctx, cancel := context.WithTimeout(c.ctx, patience)
	defer cancel()
	if _, err := chromedp.Run(ctx, chromedp.Navigate(c.base+path)); err != nil {
		c.t.Fatalf("open %s: %v", path, err)
	}
	c.picture(ctx, path, s)
	wide, err := chromedp.Run(ctx, chromedp.Evaluate[int64]("document.scrollingElement.scrollWidth"))
	if err != nil {
		c.t.Fatalf("%s: %v", path, err)
	}
	if wide > s.Width {
		c.t.Errorf("%s on a %s: %d pixels wide, the screen has %d%s", path, s.Name, wide, s.Width, c.widest(ctx, s))
	}
	if _, err := chromedp.Run(ctx, chromedp.Evaluate[bool](axe+"; true")); err != nil {
		c.t.Fatalf("%s: axe: %v", path, err)
	}
	found, err := chromedp.Run(ctx, chromedp.Evaluate[[]violation](runAxe, chromedp.EvalAwaitPromise))
	if err != nil {
		c.t.Fatalf("%s: axe: %v", path, err)
	}
	for _, v := range found {
		c.t.Errorf("%s on a %s: %s (%s): %s\n%s\n%s", path, s.Name, v.ID, v.Impact, v.Help, v.Nodes[0].HTML, v.Nodes[0].FailureSummary)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range c.events {
		c.t.Errorf("%s on a %s %s", path, s.Name, e)
	}
}

// widest names the element that sticks out.
func (c *Chrome) widest(ctx context.Context, s Screen) string {
	const find = `Array.from(document.querySelectorAll("main *, header *, footer *")).filter(e => e.getBoundingClientRect().right > %d + 1).slice(0, 3).map(e => e.outerHTML.slice(0, 120)).join("\n")`
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](fmt.Sprintf(find, s.Width)))
	if err != nil {
		return ""
	}
	return ":\n" + text
}

var notInNames = regexp.MustCompile(`[^a-zA-Z0-9]+`)

func (c *Chrome) picture(ctx context.Context, path string, s Screen) {
	c.t.Helper()
	image, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err != nil {
		c.t.Fatalf("%s: picture: %v", path, err)
	}
	name := strings.Trim(notInNames.ReplaceAllString(path, "-"), "-")
	file := filepath.Join(c.t.ArtifactDir(), fmt.Sprintf("%s-%s.png", name[:min(len(name), 80)], s.Name))
	if err := os.WriteFile(file, image, 0o644); err != nil {
		c.t.Error(err)
	}
}
