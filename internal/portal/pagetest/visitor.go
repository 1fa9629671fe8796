package pagetest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// Visitor opens a tab of the same Chromium for somebody else, with cookies of
// their own, for the portal at base. It is closed when t ends.
func (c *Chrome) Visitor(t *testing.T, base string) *Chrome {
	t.Helper()
	ctx, closeTab := chromedp.NewContext(c.ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(closeTab)
	v := &Chrome{t: t, ctx: ctx, base: base}
	if err := chromedp.Listen(ctx, v.listen); err != nil {
		t.Fatal(err)
	}
	send(v, network.Enable, network.EnableParams{})
	send(v, cdplog.Enable, cdp.Empty{})
	send(v, runtime.Enable, cdp.Empty{})
	// A page that still glides to where a link leads is not where a click aims.
	send(v, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-reduced-motion", Value: "reduce"}},
	})
	// Several people have a window in front of them at the same time.
	send(v, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
	return v
}

// Keys of a keyboard.
const (
	Tab       = kb.Tab
	Enter     = kb.Enter
	Space     = " "
	ArrowDown = kb.ArrowDown
)

// Press presses keys, one after the other; whatever has the focus gets them.
func (c *Chrome) Press(keys string) {
	c.t.Helper()
	ask(c, "press keys", chromedp.KeyEvent(keys))
}

// Back presses Shift and Tab.
func (c *Chrome) Back() {
	c.t.Helper()
	ask(c, "press keys", chromedp.KeyEvent(kb.Tab, chromedp.KeyModifiers(chromedp.ModifierShift)))
}

// At is where the tab is: the path and what follows it.
func (c *Chrome) At() string {
	c.t.Helper()
	return strings.TrimPrefix(ask(c, "where are we", chromedp.Location()), c.base)
}

// mark is put on a document before it is left.
const mark = `document.documentElement.dataset.left = "yes"; true`

// Leave does what leads to another page, and waits until that is there.
func (c *Chrome) Leave(what string, do func()) {
	c.t.Helper()
	ask(c, "mark the page", chromedp.Evaluate[bool](mark))
	do()
	c.until("another page after "+what, func() bool {
		there, ok := try(c, `document.readyState === "complete" && document.documentElement.dataset.left !== "yes"`)
		return ok && there
	})
}

// try evaluates what may fail while one page gives way to the next.
func try(c *Chrome, expression string) (is, ok bool) {
	ctx, cancel := context.WithTimeout(c.ctx, patience)
	defer cancel()
	is, err := chromedp.Run(ctx, chromedp.Evaluate[bool](expression))
	return is, err == nil
}

// find marks the link, button or summary that a person calls so: exactly first,
// then by its beginning.
const find = `(() => { const want = %q, said = (e) => e.textContent.replace(/\s+/g, " ").trim();
	document.querySelectorAll("[data-pressed]").forEach((e) => e.removeAttribute("data-pressed"));
	const all = Array.from(document.querySelectorAll("a[href], button, summary")).filter((e) => e.getClientRects().length > 0);
	const main = all.filter((e) => e.closest("main")), found = [main, all].flatMap((from) =>
		[from.find((e) => said(e) === want), from.find((e) => said(e).startsWith(want))]).find((e) => e);
	if (!found) { return false; }
	found.setAttribute("data-pressed", ""); return true; })()`

// Push presses the link, button or summary that says this: in the page before
// elsewhere, exactly before at its beginning.
func (c *Chrome) Push(text string) {
	c.t.Helper()
	if !ask(c, "find "+text, chromedp.Evaluate[bool](fmt.Sprintf(find, text))) {
		c.t.Fatalf("nothing at %s says %q: %s", c.At(), text, c.Text("main"))
	}
	c.Click("[data-pressed]")
}

// Follow pushes what leads to another page, and waits for it.
func (c *Chrome) Follow(text string) {
	c.t.Helper()
	c.Leave(text, func() { c.Push(text) })
}

// Download pushes what brings a file, and returns the file's name and content.
func (c *Chrome) Download(text string) (name string, content []byte) {
	c.t.Helper()
	dir := c.t.TempDir()
	_, err := chromedp.CallBrowser(c.ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior: browser.SetDownloadBehaviorBehaviorAllow, DownloadPath: dir, BrowserContextID: chromedp.FromContext(c.ctx).BrowserContextID,
	})
	if err != nil {
		c.t.Fatal(err)
	}
	c.Push(text)
	c.until("the file of "+text, func() bool {
		files, err := os.ReadDir(dir)
		if err != nil || len(files) != 1 || strings.HasSuffix(files[0].Name(), ".crdownload") || strings.HasPrefix(files[0].Name(), ".") {
			return false
		}
		name = files[0].Name()
		content, err = os.ReadFile(filepath.Join(dir, name))
		return err == nil && len(content) > 0
	})
	return name, content
}

// Value evaluates an expression on the page: for what a person sees and no text
// says, such as where the focus is.
func Value[T any](c *Chrome, expression string) T {
	c.t.Helper()
	return ask(c, expression, chromedp.Evaluate[T](expression))
}

// Until waits until an expression holds on the page.
func (c *Chrome) Until(expression string) {
	c.t.Helper()
	c.until(expression, func() bool { is, ok := try(c, expression); return ok && is })
}
