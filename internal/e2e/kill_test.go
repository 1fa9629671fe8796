package e2e

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/demo"
	"puntuale/internal/installation"
)

// applications is how many are sent in the run that kills.
const applications = 200

// TestKilledProcessesLoseNothing sends 200 applications, kills intake, Redis and
// worker in the middle and compares what every place says afterwards. `make
// test-kill` does it several times.
func TestKilledProcessesLoseNothing(t *testing.T) {
	rounds := 1
	if s := os.Getenv("PUNTUALE_KILL_ROUNDS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 {
			t.Fatalf("PUNTUALE_KILL_ROUNDS: want a number from 1, got %q", s)
		}
		rounds = n
	}
	for i := range rounds {
		t.Run(fmt.Sprintf("round %d", i+1), killRound)
	}
}

func killRound(t *testing.T) {
	in := newInstallation(t)
	day := publish(t, in, 20*time.Second)
	if err := in.Seed(t.Context(), day.Code, demo.Password, applications); err != nil {
		t.Fatal(err)
	}
	c := newClient(t, "patronato@example.it")
	c.run("pair", "--portal", in.PortalURL, "--name", "kill test")
	c.run("sync")
	if left := time.Until(day.Opens); left < time.Second {
		t.Fatalf("the preparations took until %s before the opening", left)
	}

	send := c.command(t.Context(), "send", "--day", day.Code)
	var sendOutput bytes.Buffer
	send.Stdout, send.Stderr = &sendOutput, &sendOutput
	if err := send.Start(); err != nil {
		t.Fatal(err)
	}
	killInTurn(t, in)
	if err := send.Wait(); err != nil {
		t.Fatalf("send: %v\n%s", err, sendOutput.String())
	}
	receipts := filepath.Join(t.TempDir(), "receipts")
	c.run("receipts", "--out", receipts, "--wait", "2m")

	if err := in.Intake.Stop(); err != nil { // its journal is read below
		t.Fatal(err)
	}
	compare(t, in, c.dir, receipts)
}

// killInTurn kills the intake while it acknowledges, then Redis and the worker
// while they have work, and starts each again.
func killInTurn(t *testing.T, in *installation.Installation) {
	t.Helper()
	db := connect(t, in)
	eventually(t, time.Minute, "20 acknowledgements", func() bool { return acknowledged(in) >= 20 })
	if err := in.Intake.Kill(); err != nil {
		t.Fatal(err)
	}
	before := len(fromJournal(t, in))
	if before >= applications {
		t.Fatalf("the intake was killed too late: %d durable", before)
	}
	t.Logf("intake killed with %d of %d durable", before, applications)
	if err := in.Redis.Kill(); err != nil { // while the intake is down, so that it comes back to no queue
		t.Fatal(err)
	}
	if err := in.Intake.Start(); err != nil {
		t.Fatal(err)
	}
	if err := in.AwaitIntake(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, time.Minute, "acknowledgements without Redis", func() bool { return acknowledged(in) >= 20 })
	if err := in.Redis.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, time.Minute, "five receipts", func() bool { return count(t.Context(), db, "SELECT count(*) FROM receipts") >= 5 })
	if err := in.Worker.Kill(); err != nil {
		t.Fatal(err)
	}
	done := count(t.Context(), db, "SELECT count(*) FROM receipts")
	if done >= applications {
		t.Fatalf("the worker was killed too late: %d receipts", done)
	}
	t.Logf("worker killed with %d of %d receipts", done, applications)
	if err := in.Worker.Start(); err != nil {
		t.Fatal(err)
	}
}

// compare holds the five places against each other.
func compare(t *testing.T, in *installation.Installation, clientDir, receipts string) {
	t.Helper()
	client, disk, redis := fromClient(t, clientDir, in), fromJournal(t, in), fromRedis(t, in)
	rows := fromPostgres(t, connect(t, in))
	for what, n := range map[string]int{"acknowledgements": len(client), "journal": len(disk), "redis": len(redis), "postgres": len(rows)} {
		if n != applications {
			t.Errorf("%s: %d submissions, want %d", what, n, applications)
		}
	}
	slices.SortFunc(rows, func(a, b numbered) int {
		return cmp.Or(cmp.Compare(clickday.Bucket(a.arrived, 0), clickday.Bucket(b.arrived, 0)), bytes.Compare(a.tie[:], b.tie[:]))
	})
	seen := map[string]bool{}
	for i, r := range rows {
		if !slices.Contains(disk[r.id], client[r.id]) {
			t.Errorf("submission %s: acknowledged as %+v, the journal says %+v", r.id, client[r.id], disk[r.id])
		}
		if !sameClaims(disk[r.id], redis[r.id]) || disk[r.id].earliest() != r.claim {
			t.Errorf("submission %s: journal says %+v, redis %+v, postgres %+v", r.id, disk[r.id], redis[r.id], r.claim)
		}
		if r.number == nil || *r.number != int64(i+1) || r.state != string(clickday.Receipted) {
			t.Errorf("submission %d in order of arrival: number %v, state %s", i+1, r.number, r.state)
		}
		if seen[r.application] {
			t.Errorf("application %s has two numbers", r.application)
		}
		seen[r.application] = true
	}
	comparePDFs(t, rows, receipts)
}

// sameClaims compares regardless of order, which in Redis follows the repeats.
func sameClaims(a, b claims) bool {
	return len(a) == len(b) && !slices.ContainsFunc(a, func(c claim) bool { return !slices.Contains(b, c) })
}

// comparePDFs holds the files that the person got against what is stored, and
// asks independent programs about them.
func comparePDFs(t *testing.T, rows []numbered, receipts string) {
	t.Helper()
	stored := map[string]int{}
	for i, r := range rows {
		stored[string(r.pdf)] = i
	}
	files := receiptFiles(t, receipts)
	if len(files) != applications || len(stored) != applications {
		t.Errorf("%d receipts saved, %d different ones stored, want %d", len(files), len(stored), applications)
	}
	for n, path := range files {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		i, ok := stored[string(b)]
		if !ok {
			t.Errorf("%s is not what is stored", path)
			continue
		}
		text, err := exec.Command("pdftotext", "-layout", path, "-").Output()
		if err != nil {
			t.Fatalf("pdftotext %s: %v", path, err)
		}
		if want := clickday.ProtocolNumber("TEST-1", int64(i+1)); !strings.Contains(string(text), want) {
			t.Errorf("%s does not bear the number %s", path, want)
		}
		if n%50 == 0 {
			out, err := exec.Command("pdfsig", path).CombinedOutput()
			if !strings.Contains(string(out), "Signature is Valid") {
				t.Errorf("pdfsig %s: %v\n%s", path, err, out)
			}
		}
	}
}
