package e2e

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"puntuale/internal/clickday"
	"puntuale/internal/demo"
	"puntuale/internal/forms"
	"puntuale/internal/forms/sample"
)

// browser is one tab of a real Chromium, with a person in front of it.
type browser struct {
	t    *testing.T
	ctx  context.Context
	base string
}

func newBrowser(t *testing.T, base string) *browser {
	t.Helper()
	opts := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.UserDataDir(t.TempDir()), chromedp.WindowSize(1280, 1000), chromedp.Flag("accept-lang", "it-IT,it"),
		chromedp.Flag("no-sandbox", os.Geteuid() == 0), // Chromium refuses its sandbox to root
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-gpu", true))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), opts...)
	t.Cleanup(stop)
	ctx, closeTab := chromedp.NewContext(allocator)
	t.Cleanup(closeTab)
	// The first run starts the browser, which then lives as long as ctx.
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	return &browser{t: t, ctx: ctx, base: base}
}

const browserPatience = 30 * time.Second

// ask runs one action, bounded in time; a failure leaves a picture.
func ask[T any](b *browser, what string, a chromedp.Action[T]) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, browserPatience)
	defer cancel()
	v, err := chromedp.Run(ctx, a)
	if err != nil {
		b.picture("failed")
		b.t.Fatalf("%s: %v (picture in %s)", what, err, b.t.ArtifactDir())
	}
	return v
}

// open goes to a page of the portal.
func (b *browser) open(path string) {
	b.t.Helper()
	ask(b, "open "+path, chromedp.Navigate(b.base+path))
}

// press clicks a button or link that leads to another page and waits for it.
func (b *browser) press(selector string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, browserPatience)
	defer cancel()
	res, err := chromedp.RunResponse(ctx, chromedp.Click(chromedp.CSS(selector)))
	if err == nil && res != nil && res.Status >= 400 {
		err = fmt.Errorf("the answer is %d", res.Status)
	}
	if err != nil {
		b.picture("failed")
		b.t.Fatalf("press %s: %v (picture in %s)", selector, err, b.t.ArtifactDir())
	}
}

func (b *browser) click(selector string) {
	b.t.Helper()
	ask(b, "click "+selector, chromedp.Click(chromedp.CSS(selector)))
}

func (b *browser) location() string {
	b.t.Helper()
	return strings.TrimPrefix(ask(b, "location", chromedp.Location()), b.base)
}

func (b *browser) text(selector string) string {
	b.t.Helper()
	return strings.TrimSpace(ask(b, "text of "+selector, chromedp.Text(chromedp.CSS(selector))))
}

func (b *browser) has(selector string) bool {
	b.t.Helper()
	return ask(b, "look for "+selector, chromedp.Evaluate[bool](fmt.Sprintf("document.querySelector(%q) !== null", selector)))
}

// picture keeps what the person sees.
func (b *browser) picture(name string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, browserPatience)
	defer cancel()
	image, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err != nil {
		b.t.Logf("picture %s: %v", name, err)
		return
	}
	if err := os.WriteFile(filepath.Join(b.t.ArtifactDir(), name+".png"), image, 0o644); err != nil {
		b.t.Error(err)
	}
}

// answer fills in the fields that the page shows.
func (b *browser) answer(page *forms.Page, answers forms.Answers) {
	b.t.Helper()
	for i := range page.Fields {
		f := &page.Fields[i]
		value, field := answers[f.ID], "f."+f.ID
		if value == "" || !b.has(fmt.Sprintf("[name=%q]", field)) {
			continue
		}
		radio := fmt.Sprintf("input[type=radio][name=%q][value=%q]", field, value)
		if b.has(radio) {
			// By keyboard: a page that still scrolls to its anchor moves away under a mouse.
			ask(b, f.ID, chromedp.SendKeys(chromedp.CSS(radio), " "))
			if !b.has(radio + ":checked") {
				b.t.Fatalf("%s: %s cannot be chosen", f.ID, value)
			}
			continue
		}
		ask(b, f.ID, chromedp.SetValue(chromedp.CSS(fmt.Sprintf("[name=%q]", field)), value))
	}
}

// fill goes through one page, which may ask more after its first answers.
func (b *browser) fill(page *forms.Page, answers forms.Answers) {
	b.t.Helper()
	for range 4 {
		b.answer(page, answers)
		b.press("button[name=go][value=next]")
		if !strings.Contains(b.location(), "/pages/"+page.ID) {
			return
		}
		if b.has("#errors") {
			b.t.Fatalf("page %s: %s", page.ID, b.text("#errors"))
		}
	}
	b.t.Fatalf("page %s asks without end", page.ID)
}

// TestAPersonsPath is the main job: from log-in and an empty draft, in a real
// browser, to the receipt, through the real mini-client.
func TestAPersonsPath(t *testing.T) {
	in := newInstallation(t)
	day := publish(t, in, 45*time.Second)
	if err := in.Seed(t.Context(), day.Code, demo.Password, 1); err != nil {
		t.Fatal(err)
	}
	b := newBrowser(t, in.PortalURL)
	logIn(b, "mario.rossi@example.it")
	path := fillIn(t, b)
	seal(b, path)

	c := newClient(t, "mario.rossi@example.it")
	pairInBrowser(t, b, c, in.PortalURL)
	c.run("sync")
	c.run("send", "--day", day.Code)
	saved := filepath.Join(t.TempDir(), "receipts")
	c.run("receipts", "--out", saved, "--wait", "1m")

	b.open(path)
	number := b.text(".number")
	if !strings.HasPrefix(number, day.Code+"/") {
		t.Errorf("protocol number %q", number)
	}
	b.picture("outcome")
	checkReceipt(t, saved, number)
	b.open(path + "/preview")
	b.picture("preview")
}

func logIn(b *browser, email string) {
	b.t.Helper()
	b.open("/login")
	ask(b, "e-mail", chromedp.SendKeys(chromedp.CSS("#email"), email))
	ask(b, "password", chromedp.SendKeys(chromedp.CSS("#password"), demo.Password))
	b.press("form[action='/login'] button[type=submit]")
	if b.has("#password") {
		b.t.Fatalf("log-in failed: %s", b.text("main"))
	}
}

// fillIn makes a new application, errs once on the way as people do, and returns
// its address when it is ready.
func fillIn(t *testing.T, b *browser) string {
	t.Helper()
	catalogue, err := forms.Load()
	if err != nil {
		t.Fatal(err)
	}
	model, ok := catalogue.Newest("B")
	if !ok {
		t.Fatal("no model B")
	}
	answers := sample.ModelB(sample.New(11), sample.Person)
	b.open("/applications/new")
	b.click("input[name=choice]")
	b.press("form[action='/applications/new'] button[type=submit]")
	path, _, found := strings.Cut(b.location(), "/pages/")
	if !found {
		t.Fatalf("a new application leads to %s", b.location())
	}
	said := wrongTaxCode(b, model, answers)
	if !strings.Contains(said, "codice fiscale") {
		t.Errorf("a codice fiscale of somebody else is met with %q", said)
	}
	for i := range model.Pages {
		b.open(path + "/pages/" + model.Pages[i].ID)
		b.fill(&model.Pages[i], answers)
	}
	b.open(path)
	b.picture("ready")
	if !b.has("a[href$='/seal']") {
		t.Fatalf("after all pages the application is not ready: %s", b.text("main"))
	}
	return path
}

// wrongTaxCode gives the employer the codice fiscale of somebody else and
// returns what the page says.
func wrongTaxCode(b *browser, model *forms.Model, right forms.Answers) string {
	b.t.Helper()
	other := sample.ModelB(sample.New(12), sample.Person)
	wrong := maps.Clone(right)
	wrong["employer_tax_code"] = other["employer_tax_code"]
	for range 4 {
		b.answer(&model.Pages[0], wrong)
		b.press("button[name=go][value=next]")
		if b.has("#errors") {
			b.picture("wrong-tax-code")
			return strings.ToLower(b.text("#errors"))
		}
	}
	b.t.Fatal("nobody minds a codice fiscale of somebody else")
	return ""
}

func seal(b *browser, path string) {
	b.t.Helper()
	b.press("a[href$='/seal']")
	b.picture("seal")
	b.press("form[action$='/seal'] button[type=submit]")
	if !b.has("a[href$='/reopen']") {
		b.t.Fatalf("not sealed: %s", b.text("main"))
	}
}

// pairInBrowser lets the mini-client open this browser: the program it starts as
// "the browser" hands the address over to the tab, where the person agrees.
func pairInBrowser(t *testing.T, b *browser, c *client, portal string) {
	t.Helper()
	handed := filepath.Join(t.TempDir(), "address")
	script := filepath.Join(t.TempDir(), "browser")
	// Written beside and moved there, so that half an address is never read.
	text := fmt.Sprintf("#!/bin/sh\nprintf %%s \"$1\" > '%s.new' && mv '%s.new' '%s'\n", handed, handed, handed)
	if err := os.WriteFile(script, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	c.env = append(c.env, "BROWSER="+script)
	pair := c.command(t.Context(), "pair", "--portal", portal, "--name", "PC di Mario")
	var out strings.Builder
	pair.Stdout, pair.Stderr = &out, &out
	if err := pair.Start(); err != nil {
		t.Fatal(err)
	}
	var address []byte
	eventually(t, 30*time.Second, "the mini-client opens the browser", func() bool {
		b, err := os.ReadFile(handed)
		address = b
		return err == nil
	})
	ask(b, "the page of the pairing", chromedp.Navigate(string(address)))
	b.picture("pairing")
	b.press("button[name=decision][value=allow]")
	b.picture("paired")
	if err := pair.Wait(); err != nil {
		t.Fatalf("pair: %v\n%s", err, out.String())
	}
}

// checkReceipt finds the receipt with that number and asks independent programs
// about it.
func checkReceipt(t *testing.T, dir, number string) {
	t.Helper()
	for _, path := range receiptFiles(t, dir) {
		text, err := exec.Command("pdftotext", "-layout", path, "-").Output()
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), number) {
			continue
		}
		out, err := exec.Command("pdfsig", path).CombinedOutput()
		if !strings.Contains(string(out), "Signature is Valid") {
			t.Errorf("pdfsig: %v\n%s", err, out)
		}
		return
	}
	t.Errorf("no receipt in %s bears %s (state %s)", dir, number, clickday.Receipted)
}
