package e2e

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	core "puntuale/internal/client"
	"puntuale/internal/demo"
	"puntuale/internal/installation"
)

// rehearsalScene is an installation weeks before its click day.
func rehearsalScene(t *testing.T) (*installation.Installation, *client) {
	t.Helper()
	in := newInstallation(t)
	day := publish(t, in, 21*24*time.Hour)
	if err := in.Seed(t.Context(), day.Code, demo.Password, 6); err != nil {
		t.Fatal(err)
	}
	if err := in.OpenRehearsals(t.Context(), time.Now(), "B"); err != nil {
		t.Fatal(err)
	}
	c := newClient(t, "patronato@example.it")
	c.run("pair", "--portal", in.PortalURL, "--name", "test")
	c.run("sync")
	return in, c
}

// rehearse plays to the end and returns the report. Exit 10, a computer with
// something to mend, is no failure here.
func rehearse(t *testing.T, c *client, args ...string) core.RehearsalReport {
	t.Helper()
	cmd := c.command(t.Context(), append([]string{"rehearse", "--json", "--wait", "2m"}, args...)...)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	var r core.RehearsalReport
	if jerr := json.Unmarshal(out, &r); jerr != nil {
		t.Fatalf("%v %v\n%s\n%s", err, jerr, out, said.String())
	}
	return r
}

// scan reads one row.
func scan(t *testing.T, in *installation.Installation, sql string, targets ...any) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), in.DatabaseURL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if err := conn.QueryRow(t.Context(), sql).Scan(targets...); err != nil {
		t.Fatal(err)
	}
}

// TestARehearsalThroughEveryTier: numbers, ledger and receipts from the programs
// that serve click days; receipts and proofs say what they are; nothing of it
// touches applications, e-mails, lists, register or the calendar's real days; and
// the operator can remove it.
func TestARehearsalThroughEveryTier(t *testing.T) {
	in, c := rehearsalScene(t)
	out := filepath.Join(t.TempDir(), "out")
	r := rehearse(t, c, "--in", "6s", "--out", out)
	if r.Applications != 6 || r.Acknowledged != 6 || r.Numbered != 6 || r.Receipts != 6 || r.Early != 0 || r.Samples || r.Code != "PROVA" {
		t.Fatalf("%+v", r)
	}
	seen := map[int64]bool{}
	for _, row := range r.Rows {
		seen[row.Number] = true
		checkPlayed(t, in, row.Receipt, row.Submission)
	}
	for n := int64(1); n <= 6; n++ {
		if !seen[n] {
			t.Errorf("number %d is missing", n)
		}
	}
	again := rehearse(t, c, "--in", "3s", "--applications", "2")
	if again.Receipts != 2 || again.Rows[0].Number+again.Rows[1].Number != 7+8 {
		t.Fatalf("again: %+v", again)
	}
	checkNothingElse(t, in, c)
	command(t, in, "portal", "rehearsal", "clean", "--older", "0s")
	var rows, leaves int
	scan(t, in, `SELECT (SELECT count(*) FROM submissions) + (SELECT count(*) FROM receipts) + (SELECT count(*) FROM arrivals)
		+ (SELECT count(*) FROM rehearsal_applications), (SELECT coalesce(sum(size), 0)::int FROM ledgers)`, &rows, &leaves)
	if rows != 0 || leaves != 8 {
		t.Errorf("after the cleaning %d rows are left, and %d rows of the ledger", rows, leaves)
	}
	if r := rehearse(t, c, "--in", "3s", "--applications", "1"); r.Receipts != 1 || r.Rows[0].Number != 9 {
		t.Errorf("after the cleaning: %+v", r)
	}
}

// checkPlayed looks at a receipt as a person does, with the tools that there are.
func checkPlayed(t *testing.T, in *installation.Installation, pdf, submission string) {
	t.Helper()
	text, err := exec.Command("pdftotext", "-layout", pdf, "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	for i, page := range strings.Split(strings.TrimSuffix(string(text), "\f"), "\f") {
		if !strings.Contains(page, "PROVA – senza valore") || !strings.Contains(page, "REHEARSAL – no value") {
			t.Errorf("page %d of %s does not say that it is a rehearsal", i+1, pdf)
		}
	}
	keys := filepath.Join(t.TempDir(), "keys.json")
	command(t, in, "intake", "verify", "keys", "--portal", in.PortalURL, "--out", keys)
	verdict, err := exec.Command(filepath.Join(bin, "miniclient"), "--lang", "it", "verify", "--trust", keys, pdf).CombinedOutput()
	if err != nil || !bytes.Contains(verdict, []byte("PROVA – senza valore")) {
		t.Errorf("verify: %v\n%s", err, verdict)
	}
	if page := get(t, in.PortalURL+"/verify/"+submission); !bytes.Contains(page, []byte("PROVA – senza valore")) {
		t.Error("the page of the receipt's code does not say it")
	}
}

func get(t *testing.T, address string) []byte {
	t.Helper()
	res, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %v", address, res.Status, err)
	}
	return b
}

func command(t *testing.T, in *installation.Installation, program string, args ...string) {
	t.Helper()
	if err := in.Run(t.Context(), program, args...); err != nil {
		t.Fatal(err)
	}
}

// checkNothingElse: the applications can still be sent, nobody gets an e-mail, and
// public pages do not list the day.
func checkNothingElse(t *testing.T, in *installation.Installation, c *client) {
	t.Helper()
	var notices, segnature, applications, others int
	scan(t, in, `SELECT (SELECT count(*) FROM notices), (SELECT count(*) FROM segnature),
		(SELECT count(*) FROM applications a JOIN click_days d ON d.id = a.click_day_id AND d.rehearsal),
		(SELECT count(*) FROM submissions s JOIN click_days d ON d.id = s.click_day_id AND NOT d.rehearsal)`, &notices, &segnature, &applications, &others)
	if notices+segnature+applications+others != 0 {
		t.Errorf("%d e-mails, %d entries of the register, %d applications, %d submissions elsewhere", notices, segnature, applications, others)
	}
	for _, path := range []string{"/", "/lists", "/ledger"} {
		if bytes.Contains(get(t, in.PortalURL+path), []byte("Prova generale")) {
			t.Errorf("%s lists the rehearsal", path)
		}
	}
	if !bytes.Contains(get(t, in.PortalURL+"/ledger/PROVA"), []byte("PROVA – senza valore")) {
		t.Error("the page of its ledger does not say what it is")
	}
	c.run("sync")
	var status struct {
		Days []struct {
			Code   string
			Counts struct{ Total, Prepared int }
		}
	}
	if err := json.Unmarshal(c.run("status", "--json"), &status); err != nil || len(status.Days) != 1 || status.Days[0].Counts.Prepared != 6 {
		t.Errorf("the applications are not as they were: %+v %v", status, err)
	}
}

// TestARehearsalSurvivesKills: the client is killed while it waits and again when
// it has sent, numbers and receipts being away; the same run goes on each time,
// and nothing counts twice.
func TestARehearsalSurvivesKills(t *testing.T) {
	in, c := rehearsalScene(t)
	if err := in.Worker.Stop(); err != nil { // so that no rehearsal comes to its end
		t.Fatal(err)
	}
	for _, want := range []string{`"run"`, `"state":"acknowledged"`} {
		cmd := c.command(t.Context(), "rehearse", "--json", "--in", "4s")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		eventually(t, 3*time.Minute, want+" on the client's disk", func() bool { return onDisk(t, c, want) })
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		cmd.Wait() // killed just now
	}
	if err := in.Worker.Start(); err != nil {
		t.Fatal(err)
	}
	r := rehearse(t, c)
	if !r.Resumed || r.Applications != 6 || r.Receipts != 6 || r.Early != 0 {
		t.Fatalf("%+v", r)
	}
	var runs, submissions, leaves int
	scan(t, in, "SELECT (SELECT count(*) FROM rehearsals), (SELECT count(*) FROM submissions), (SELECT coalesce(sum(size), 0)::int FROM ledgers)", &runs, &submissions, &leaves)
	if runs != 1 || submissions != 6 || leaves != 6 {
		t.Errorf("%d runs, %d submissions, %d rows of the ledger", runs, submissions, leaves)
	}
}

// onDisk reports whether a file of the rehearsal contains a text.
func onDisk(t *testing.T, c *client, text string) bool {
	t.Helper()
	dir := filepath.Join(c.dir, "rehearsal")
	files, err := filepath.Glob(filepath.Join(dir, "applications", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range append(files, filepath.Join(dir, "run.json")) {
		if b, err := os.ReadFile(f); err == nil && bytes.Contains(bytes.ReplaceAll(b, []byte(": "), []byte(":")), []byte(text)) {
			return true
		}
	}
	return false
}

// TestNoRehearsalWhenADayOpensSoon: refused with the time from which it is
// possible, though the client had fetched its calendar when all was far away.
func TestNoRehearsalWhenADayOpensSoon(t *testing.T) {
	in, c := rehearsalScene(t)
	publish(t, in, 30*time.Minute)
	out, err := c.command(t.Context(), "rehearse", "--in", "3s").CombinedOutput()
	if err == nil || !bytes.Contains(out, []byte("le prove sono sospese")) && !bytes.Contains(out, []byte("rehearsals are off")) {
		t.Fatalf("%v\n%s", err, out)
	}
	var runs int
	if scan(t, in, "SELECT count(*) FROM rehearsals", &runs); runs != 0 {
		t.Errorf("%d rehearsals have begun", runs)
	}
}
