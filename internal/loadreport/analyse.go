// Package loadreport makes of a run directory what people look at: one HTML page
// that needs nothing else, JSON beside it, the comparison of two runs and the
// line on the terminal while a run goes on.
//
//	Analyse    reads a run directory and counts
//	Report     what was found, as report.json holds it
//	HTML       the page
//	Compare    two runs, figure by figure
//	Progress   the line on the terminal
package loadreport

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"puntuale/internal/loadrun"
	"puntuale/internal/wire"
)

// The range of histograms in microseconds, and their digits.
const (
	histogramMin = 1
	histogramMax = 3600 * 1000 * 1000
	histogramSig = 3
)

func newHistogram() *hdrhistogram.Histogram {
	return hdrhistogram.New(histogramMin, histogramMax, histogramSig)
}

// analysis is a count in progress.
type analysis struct {
	report   *Report
	latency  *hdrhistogram.Histogram // of acknowledgements, from the planned instant
	service  *hdrhistogram.Histogram // of them, from the sending
	lateness *hdrhistogram.Histogram
	seconds  map[int]*second
}

type second struct {
	Second
	latency *hdrhistogram.Histogram // of what was planned in this second
}

// Analyse reads a run directory.
func Analyse(runDir string) (*Report, error) {
	m, err := loadrun.ReadManifest(runDir)
	if err != nil {
		return nil, err
	}
	parts, err := loadrun.Parts(runDir)
	if err != nil {
		return nil, err
	}
	a := &analysis{
		report:  &Report{Manifest: *m, Kinds: map[string]*KindCount{}, Problems: map[string]int{}, Failures: map[string]int{}},
		latency: newHistogram(), service: newHistogram(), lateness: newHistogram(), seconds: map[int]*second{},
	}
	for _, k := range loadrun.Kinds {
		a.report.Kinds[k.String()] = new(KindCount)
	}
	for _, p := range parts {
		if err := a.part(p); err != nil {
			return nil, fmt.Errorf("%s: %w", p.Dir, err)
		}
	}
	if a.report.Samples, err = loadrun.Samples(runDir); err != nil {
		return nil, err
	}
	if a.report.Verdict, err = loadrun.ReadVerdict(runDir); err != nil {
		return nil, err
	}
	return a.finish()
}

func (a *analysis) part(p *loadrun.Part) error {
	plan, err := p.Plan()
	if err != nil {
		return err
	}
	for i := range plan {
		a.at(plan[i].At).Offered++
		a.report.Planned++
		a.report.Kinds[plan[i].Kind.String()].Planned++
	}
	for answer, err := range p.Answers() {
		if err != nil {
			return err
		}
		if int(answer.Request) >= len(plan) {
			return fmt.Errorf("loadreport: an answer to request %d of %d", answer.Request, len(plan))
		}
		a.answer(&plan[answer.Request], &answer)
	}
	return nil
}

func (a *analysis) at(d time.Duration) *second {
	i := int(d / time.Second)
	if d < 0 && d%time.Second != 0 {
		i--
	}
	s := a.seconds[i]
	if s == nil {
		s = &second{Second: Second{At: i}}
		a.seconds[i] = s
	}
	return s
}

func (a *analysis) answer(r *loadrun.Request, n *loadrun.Answer) {
	if n.Failure == loadrun.Postponed {
		a.report.Postponed++
		a.at(n.Done).Refused++
		a.at(n.Done).wrong(problemOf(n))
		return // it was sent again
	}
	k, due := a.report.Kinds[r.Kind.String()], r.At+n.Moved
	if n.Moved != 0 {
		a.at(r.At).Offered--
		a.at(due).Offered++
	}
	if n.Sent != loadrun.Never {
		a.report.Sent++
		if n.Starved {
			a.report.Starved++
		} else {
			record(a.lateness, n.Sent-due)
		}
	}
	switch {
	case n.Failure == loadrun.CutOff:
		k.Cut++
	case n.Failure != loadrun.Answered:
		k.Failed++
		a.report.Failures[n.Failure.String()]++
		a.at(due).Failed++
		a.at(due).wrong(n.Failure.String())
	case n.Status == 200:
		k.Accepted++
		a.at(n.Done).Accepted++
		record(a.latency, n.Done-due)
		record(a.service, n.Done-n.Sent)
		s := a.at(due)
		if s.latency == nil {
			s.latency = hdrhistogram.New(histogramMin, histogramMax, 2)
		}
		record(s.latency, n.Done-due)
	default:
		k.Refused++
		a.at(n.Done).Refused++
		a.at(n.Done).wrong(problemOf(n))
		a.report.Problems[problemOf(n)]++
	}
}

// wrong counts an error of a kind.
func (s *second) wrong(kind string) {
	if s.Errors == nil {
		s.Errors = map[string]int{}
	}
	s.Errors[kind]++
}

func problemOf(n *loadrun.Answer) string {
	if code := string(wire.ParseProblem(n.Body).Code); code != "" {
		return code
	}
	return fmt.Sprintf("HTTP %d", n.Status)
}

func record(h *hdrhistogram.Histogram, d time.Duration) {
	v := min(max(d.Microseconds(), histogramMin), histogramMax)
	if h.RecordValue(v) != nil {
		return // it is within the range
	}
}

func (a *analysis) finish() (*Report, error) {
	r := a.report
	r.Latency, r.Service, r.Lateness = quantiles(a.latency), quantiles(a.service), quantiles(a.lateness)
	for _, s := range a.seconds {
		if s.latency != nil {
			s.P50, s.P90, s.P99, s.Max = millis(s.latency, 50), millis(s.latency, 90), millis(s.latency, 99), float64(s.latency.Max())/1000
		}
		r.Seconds = append(r.Seconds, s.Second)
	}
	slices.SortFunc(r.Seconds, func(x, y Second) int { return cmp.Compare(x.At, y.At) })
	encoded, err := a.latency.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	if err != nil {
		return nil, fmt.Errorf("loadreport: %w", err)
	}
	r.LatencyHDR = string(encoded)
	r.conclude()
	return r, nil
}

func millis(h *hdrhistogram.Histogram, q float64) float64 {
	return float64(h.ValueAtPercentile(q)) / 1000
}

func quantiles(h *hdrhistogram.Histogram) Quantiles {
	return Quantiles{
		Count: h.TotalCount(), P50: millis(h, 50), P90: millis(h, 90), P99: millis(h, 99), P999: millis(h, 99.9), Max: float64(h.Max()) / 1000,
	}
}
