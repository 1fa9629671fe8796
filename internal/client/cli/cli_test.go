package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/client/clienttest"
	"puntuale/internal/client/store"
	"puntuale/internal/clock"
)

// console runs the program on one directory against one server.
type console struct {
	t   *testing.T
	dir string
	srv *clienttest.Server
}

func newConsole(t *testing.T, opensIn time.Duration) *console {
	clk := clock.System{}
	t.Setenv("PUNTUALE_PASSPHRASE", "a long passphrase")
	t.Setenv("PUNTUALE_KEYSTORE", "file")
	t.Setenv("LC_ALL", "it_IT.UTF-8")
	return &console{t, t.TempDir(), clienttest.NewServer(t, clk, clk.Now().Add(opensIn).UnixNano())}
}

// run returns exit code, stdout and stderr.
func (c *console) run(args ...string) (int, string, string) {
	c.t.Helper()
	var out, errs bytes.Buffer
	ctx, cancel := context.WithTimeout(c.t.Context(), 30*time.Second)
	defer cancel()
	code := Run(ctx, append([]string{"--dir", c.dir}, args...), Terminal{Out: &out, Err: &errs}, nil)
	return code, out.String(), errs.String()
}

func (c *console) must(want int, args ...string) string {
	c.t.Helper()
	code, out, errs := c.run(args...)
	if code != want {
		c.t.Fatalf("%v: exit code %d, want %d\n%s%s", args, code, want, out, errs)
	}
	return out + errs
}

// TestMain lets the test program stand in for the browser that BROWSER names.
func TestMain(m *testing.M) {
	if os.Getenv("TEST_IS_BROWSER") == "" {
		os.Exit(m.Run())
	}
	resp, err := http.Get(os.Args[len(os.Args)-1])
	if err != nil || resp.StatusCode != http.StatusOK {
		os.Exit(1)
	}
}

// pair pairs with a browser that is a command, as BROWSER allows.
func (c *console) pair() {
	c.t.Helper()
	self, err := os.Executable()
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Setenv("TEST_IS_BROWSER", "1")
	c.t.Setenv("BROWSER", self)
	if out := c.must(exitOK, "pair", "--portal", c.srv.Portal.URL); !strings.Contains(out, "Cascina Aurora") || !strings.Contains(out, "/oauth/authorize?") {
		c.t.Fatal(out)
	}
}

func TestTheWholeWay(t *testing.T) {
	c := newConsole(t, time.Hour)
	c.srv.Add(5)
	c.must(exitNotPaired, "sync")
	c.must(exitNotPaired, "send")
	c.pair()
	c.must(exitNothing, "send")
	c.srv.Day(func(d *clickday.Day) { d.Opens = clock.System{}.Now().Add(6 * time.Second).UnixNano() })
	if out := c.must(exitOK, "sync"); !strings.Contains(out, "Domande: 5 nuove") || !strings.Contains(out, "B-2026") {
		t.Fatal(out)
	}
	c.must(exitNothing, "send", "--day", "OTHER")
	out := c.must(exitOK, "send", "--day", "B-2026")
	for _, want := range []string{"In attesa dell’apertura", "B-2026: 5 arrivate, 0 respinte, 0 senza esito, su 5."} {
		if !strings.Contains(out, want) {
			t.Fatalf("no %q in:\n%s", want, out)
		}
	}
	if n := strings.Count(out, "Invio corretto  "); n != 5 {
		t.Fatalf("%d rows:\n%s", n, out)
	}
	folder := filepath.Join(c.dir, "ricevute")
	c.must(exitUnknown, "receipts", "--out", folder)
	c.srv.IssueReceipts()
	c.must(exitOK, "receipts", "--out", folder, "--wait", "10s")
	pdfs, err := filepath.Glob(filepath.Join(folder, "*.pdf"))
	if err != nil || len(pdfs) != 5 {
		t.Fatalf("%v %v", pdfs, err)
	}
	c.checkJSON(c.must(exitOK, "status", "--json"))
	if out := c.must(exitOK, "accounts", "--json"); !strings.Contains(out, "Cascina Aurora") {
		t.Fatal(out)
	}
	if out := c.must(exitOK, "--lang", "en", "status"); strings.Count(out, "Receipt ready  ") != 5 {
		t.Fatal(out)
	}
	c.must(exitOK, "forget")
	c.must(exitNotPaired, "status")
}

func (c *console) checkJSON(out string) {
	c.t.Helper()
	var s struct {
		Paired bool
		Days   []struct {
			Code         string
			Counts       map[string]int
			Applications []struct {
				State          store.State
				ArrivedNS      string `json:"arrived_ns"`
				ProtocolNumber string `json:"protocol_number"`
			}
		}
	}
	if err := json.Unmarshal([]byte(out), &s); err != nil {
		c.t.Fatal(err)
	}
	if !s.Paired || len(s.Days) != 1 || s.Days[0].Counts["receipted"] != 5 || s.Days[0].Counts["total"] != 5 {
		c.t.Fatalf("%+v", s)
	}
	number := regexp.MustCompile(`^B-2026/000000[1-5]$`)
	for _, a := range s.Days[0].Applications {
		if a.State != store.Receipted || len(a.ArrivedNS) != 19 || !number.MatchString(a.ProtocolNumber) {
			c.t.Fatalf("%+v", a)
		}
	}
}

func TestExitCodes(t *testing.T) {
	c := newConsole(t, 0)
	c.srv.Add(2)
	c.must(exitUsage, "nonsense")
	c.must(exitUsage, "pair")
	c.must(exitUsage, "pair", "--portal", "http://portale.example.it")
	c.must(exitUnreachable, "pair", "--portal", "http://127.0.0.1:1")
	c.must(exitUsage) // no window in this build
	c.pair()
	held, err := store.Open(c.dir)
	if err != nil {
		t.Fatal(err)
	}
	c.must(exitInUse, "sync")
	c.must(exitInUse, "send")
	if out := c.must(exitOK, "status", "--json", "--offline"); !strings.Contains(out, `"paired": true`) {
		t.Fatalf("a look while another process works: %s", out)
	}
	if err := held.Close(); err != nil {
		t.Fatal(err)
	}
	t.Run("wrong passphrase", func(t *testing.T) {
		t.Setenv("PUNTUALE_PASSPHRASE", "wrong")
		c.must(exitSecrets, "sync")
	})
	t.Run("no passphrase and no terminal", func(t *testing.T) {
		t.Setenv("PUNTUALE_PASSPHRASE", "")
		c.must(exitSecrets, "sync")
	})
	c.must(exitOK, "sync")
	c.srv.Fault(func(clickday.SubmissionID, int) clienttest.Fault { return clienttest.WrongKey })
	out := c.must(exitRefused, "send")
	if !strings.Contains(out, string(clickday.CodeTicketInvalid)) {
		t.Fatal(out)
	}
}

func TestHelpInBothLanguages(t *testing.T) {
	c := newConsole(t, time.Hour)
	if out := c.must(exitOK, "--help"); !strings.Contains(out, "Apre la finestra") {
		t.Fatal(out)
	}
	if out := c.must(exitOK, "--lang=en", "--help"); !strings.Contains(out, "Open the window") {
		t.Fatal(out)
	}
}

func TestLanguage(t *testing.T) {
	for _, c := range []struct {
		args []string
		env  map[string]string
		want string
	}{
		{nil, nil, "it"},
		{nil, map[string]string{"LANG": "C.UTF-8"}, "it"},
		{nil, map[string]string{"LANG": "en_GB.UTF-8"}, "en"},
		{nil, map[string]string{"LANG": "en_GB", "LC_ALL": "it_IT"}, "it"},
		{nil, map[string]string{"LC_ALL": "it_IT", "PUNTUALE_LANG": "en"}, "en"},
		{[]string{"--lang", "it"}, map[string]string{"LANG": "en_US"}, "it"},
		{[]string{"send", "--lang=en"}, nil, "en"},
	} {
		if got := language(c.args, func(k string) string { return c.env[k] }); got != c.want {
			t.Errorf("%v %v: %s", c.args, c.env, got)
		}
	}
}

func TestEveryTextIsInBothLanguages(t *testing.T) {
	verbs := regexp.MustCompile(`%[a-z]`)
	for key, text := range texts {
		if text.IT == "" || text.EN == "" {
			t.Errorf("%s lacks a language", key)
		}
		if it, en := verbs.FindAllString(text.IT, -1), verbs.FindAllString(text.EN, -1); strings.Join(it, "") != strings.Join(en, "") {
			t.Errorf("%s: %v and %v", key, it, en)
		}
	}
}

// TestBeforeTheDay: the self-test and the rehearsal say what they find, as lines
// and as JSON, and leave the applications as they are.
func TestBeforeTheDay(t *testing.T) {
	c := newConsole(t, 3*time.Hour)
	c.srv.OpenRehearsals()
	c.srv.Add(3)
	c.must(exitToMend, "check") // not paired
	c.must(exitNotPaired, "rehearse")
	c.pair()
	c.must(exitOK, "sync", "--json")
	var report struct{ Checks []struct{ ID, Grade string } }
	if err := json.Unmarshal([]byte(c.out(exitOK, "check", "--json")), &report); err != nil {
		t.Fatal(err)
	}
	seen := map[string]string{}
	for _, k := range report.Checks {
		seen[k.ID] = k.Grade
	}
	for _, id := range []string{"pairing", "portal", "intake-1", "clock", "disk"} {
		if seen[id] == "" || seen[id] == "bad" {
			t.Errorf("check %s: %q", id, seen[id])
		}
	}
	var played struct {
		Good                              bool
		Applications, Acknowledged, Early int
		Numbered, Receipts                int
		First                             int64 `json:"first_ns"`
		Folder                            string
	}
	if err := json.Unmarshal([]byte(c.out(exitOK, "rehearse", "--in", "4s", "--json")), &played); err != nil {
		t.Fatal(err)
	}
	if !played.Good || played.Applications != 3 || played.Acknowledged != 3 || played.Receipts != 3 || played.Early != 0 || played.First < 0 {
		t.Fatalf("%+v", played)
	}
	for _, name := range []string{"rapporto.txt", "report.txt", "prova.json"} {
		if _, err := os.Stat(filepath.Join(played.Folder, name)); err != nil {
			t.Error(err)
		}
	}
	var status struct{ Days []struct{ Code string } }
	if err := json.Unmarshal([]byte(c.out(exitOK, "status", "--json")), &status); err != nil || len(status.Days) != 1 || status.Days[0].Code != "B-2026" {
		t.Fatalf("the rehearsal shows among the applications: %+v %v", status, err)
	}
	if _, err := os.Stat(filepath.Join(c.dir, "rehearsal")); err == nil {
		t.Fatal("the folder of the rehearsal is left")
	}
	if out := c.must(exitOK, "rehearse", "--in", "3s", "--applications", "1"); !strings.Contains(out, "Prova riuscita") {
		t.Fatal(out)
	}
	c.srv.Intake.Close()
	if out := c.must(exitToMend, "check"); !strings.Contains(out, "NO   Nodo di ricezione 1") {
		t.Fatal(out)
	}
}

func TestSeveralAccounts(t *testing.T) {
	c := newConsole(t, time.Hour)
	c.pair()
	c.must(exitUsage, "--account", "../x", "status")
	c.must(exitNotPaired, "--account", "studio", "sync")
	other := *c
	c.must(exitUsage, "--proxy", "ftp://x", "sync")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("BROWSER", self)
	other.must(exitOK, "--account", "studio", "pair", "--portal", c.srv.Portal.URL)
	if out := c.out(exitOK, "accounts", "--json"); strings.Count(out, `"email"`) != 2 {
		t.Fatal(out)
	}
	c.must(exitOK, "forget")
	if out := c.out(exitOK, "accounts", "--json"); strings.Count(out, `"email"`) != 1 || !strings.Contains(out, "studio") {
		t.Fatal(out)
	}
	c.must(exitOK, "--account", "studio", "forget", "--json")
	left, err := filepath.Glob(filepath.Join(c.dir, "accounts", "studio", "*.json"))
	if err != nil || len(left) > 0 {
		t.Fatalf("left: %v %v", left, err)
	}
}

// out is the standard output alone.
func (c *console) out(want int, args ...string) string {
	c.t.Helper()
	code, out, errs := c.run(args...)
	if code != want {
		c.t.Fatalf("%v: exit code %d, want %d\n%s%s", args, code, want, out, errs)
	}
	return out
}
