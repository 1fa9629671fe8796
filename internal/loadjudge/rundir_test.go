package loadjudge

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/loadrun"
	"puntuale/internal/wire"
)

func problem(c clickday.Code) []byte {
	p := wire.NewProblem(c)
	p.ReceivedAt, p.OpensAt = opens-1, opens
	return p.Bytes()
}

// runDir writes a run of one part with those answers to requests a second apart.
func runDir(t *testing.T, m *loadrun.Manifest, plan []loadrun.Request, answers []loadrun.Answer) string {
	t.Helper()
	dir := t.TempDir()
	p, err := loadrun.NewPart(dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	w, err := p.NewEnvelopeWriter()
	if err != nil {
		t.Fatal(err)
	}
	for i := range plan {
		plan[i].At, plan[i].Envelope = time.Duration(i)*time.Second, uint32(i)
		w.Add([]byte("x"), loadrun.Entry{Submission: clickday.SubmissionID{byte(i)}, Application: clickday.ApplicationID{byte(i)}})
	}
	f, err := p.AnswersFile()
	if err == nil {
		for i := range answers {
			_, werr := f.Write(answers[i].Append(nil))
			err = errors.Join(err, werr)
		}
		err = errors.Join(err, f.Close())
	}
	if err := errors.Join(err, w.Close(), p.WritePlan(plan), m.Write(dir)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// heard is an answer to request i, so long after its instant.
func heard(i uint32, status uint16, body []byte, late time.Duration) loadrun.Answer {
	at := time.Duration(i) * time.Second
	return loadrun.Answer{Request: i, Sent: at, First: at + late, Done: at + late, Status: status, Body: body}
}

func TestARunIsReadAsTheProtocolSays(t *testing.T) {
	plan := []loadrun.Request{{Kind: loadrun.Good}, {Kind: loadrun.Early}, {Kind: loadrun.Bad, Bad: loadrun.BadTicket}, {Kind: loadrun.Good},
		{Kind: loadrun.Good}, {Kind: loadrun.Cut}, {Kind: loadrun.Good}, {Kind: loadrun.Good}, {Kind: loadrun.Good}}
	never := loadrun.Answer{Request: 7, Sent: loadrun.Never, First: loadrun.Never, Done: loadrun.Never, Failure: loadrun.Refused}
	dir := runDir(t, &loadrun.Manifest{Opening: opens, Bounds: loadrun.Bounds{Skew: 7}}, plan, []loadrun.Answer{
		heard(0, 200, []byte("ack"), 3*time.Millisecond), heard(1, 425, problem(clickday.CodeTooEarly), 1), heard(2, 403, problem(clickday.CodeTicketInvalid), 1),
		heard(3, 503, problem(clickday.CodeOverloaded), 1), heard(4, 502, []byte("<html>"), 1),
		{Request: 5, Sent: 5 * time.Second, First: loadrun.Never, Done: loadrun.Never, Failure: loadrun.CutOff},
		heard(6, 503, problem(clickday.CodeSuspended), 1), never, heard(8, 200, []byte("ack"), 5*time.Millisecond),
	})
	e, m, err := OpenRun(dir)
	if err != nil || m.Opening != opens || len(e.Voids) != 0 || e.Skew != 7 {
		t.Fatalf("%+v, %v", e, err)
	}
	var got []Answer
	for _, a := range e.Attempts {
		got = append(got, a.Answer)
	}
	if want := []Answer{Acknowledged, TooEarly, Refused, NoAnswer, NoAnswer, NoAnswer, Refused, Acknowledged}; !slices.Equal(got, want) {
		t.Errorf("answers %v, want %v", got, want)
	}
	a := e.Attempts[1]
	if a.ReceivedAt != opens-1 || a.OpensAt != opens || a.Sent != opens+int64(time.Second) || a.Bad || !e.Attempts[2].Bad {
		t.Errorf("attempt %+v", a)
	}
	if f := e.Figures; f.P50 != 3*time.Millisecond || f.P99 != 5*time.Millisecond || f.Max != 5*time.Millisecond || f.Accepted < 0.2 || f.Accepted > 0.3 {
		t.Errorf("figures %+v", f)
	}
}

func TestAnIncompleteRunIsVoid(t *testing.T) {
	good := func() []loadrun.Request { return []loadrun.Request{{Kind: loadrun.Good}, {Kind: loadrun.Good}} }
	unsent := loadrun.Answer{Request: 1, Sent: loadrun.Never, First: loadrun.Never, Done: loadrun.Never, Failure: loadrun.Unsent}
	late := &loadrun.Manifest{Bounds: loadrun.Bounds{Lateness: 1}, Quality: loadrun.Quality{Lateness99: 2}}
	for name, dir := range map[string]string{
		"an outcome is missing":  runDir(t, &loadrun.Manifest{}, good(), []loadrun.Answer{heard(0, 200, nil, 1)}),
		"one was never sent":     runDir(t, &loadrun.Manifest{}, good(), []loadrun.Answer{heard(0, 200, nil, 1), unsent}),
		"the generator was late": runDir(t, late, good(), []loadrun.Answer{heard(0, 200, nil, 1), heard(1, 200, nil, 1)}),
	} {
		if e, _, err := OpenRun(dir); err != nil || len(e.Voids) != 1 || e.Voids[0].IT == "" || e.Voids[0].EN == "" {
			t.Errorf("%s: %+v, %v", name, e, err)
		}
	}
	twice := runDir(t, &loadrun.Manifest{}, good(), []loadrun.Answer{heard(0, 200, nil, 1), heard(0, 200, nil, 1)})
	if _, _, err := OpenRun(twice); err == nil {
		t.Error("two outcomes of one request are taken")
	}
	if _, _, err := OpenRun(t.TempDir()); err == nil {
		t.Error("an empty directory is a run")
	}
}

func TestAVerdictSaysItInBothLanguages(t *testing.T) {
	e := world(t)
	e.Rows = append(e.Rows, e.Rows[7])
	j := Judge(e, goals())
	for _, c := range j.Checks {
		if c.Title.IT == "" || c.Title.EN == "" || c.Found.IT == "" || c.Found.EN == "" {
			t.Errorf("%s has not all its words: %+v", c.ID, c)
		}
	}
	for lang, want := range map[string]string{"it": "NO  Ogni invio conta una volta", "en": "NO  Every submission counts once"} {
		var b strings.Builder
		if err := Print(&b, j, lang); err != nil || !strings.Contains(b.String(), want) {
			t.Errorf("%s: %v\n%s", lang, err, b.String())
		}
	}
}
