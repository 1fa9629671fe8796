package loadreport

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"puntuale/internal/clickday"
)

// openingSpan is how many seconds after the opening have a plot of their own.
const openingSpan = 20

// charts are the plots of the page, in order.
func (r *Report) charts() []chart {
	if len(r.Seconds) == 0 {
		return nil
	}
	from, to := r.span()
	out := []chart{}
	if to > 2*openingSpan {
		out = append(out, r.traffic(from, openingSpan, false))
	}
	out = append(out, r.traffic(from, to, to > 2*openingSpan), r.latency(from, to))
	if c, ok := r.errors(from, to); ok {
		out = append(out, c)
	}
	if c, ok := r.lag(); ok {
		out = append(out, c)
	}
	out = append(out, r.resources()...)
	events := r.events()
	for i := range out {
		out[i].Events = events
	}
	if len(events) > 0 {
		out[0].Note.IT += " Le linee numerate sono ciò che è stato provocato: l'elenco è più sotto."
		out[0].Note.EN += " Numbered lines are what was done to the installation: the list is below."
	}
	return out
}

// events are the beginnings of what was done to the installation.
func (r *Report) events() []event {
	var out []event
	for i, n := range r.Manifest.Notes {
		if !strings.HasPrefix(n.Kind, "end of") {
			out = append(out, event{n.At.Seconds(), i + 1})
		}
	}
	return out
}

// span is the time that the plots of traffic show.
func (r *Report) span() (from, to float64) {
	from, to = float64(r.Seconds[0].At), float64(r.Seconds[len(r.Seconds)-1].At+1)
	return min(from, 0), max(to, 2)
}

// curve takes one value of every second, 0 where nothing was.
func (r *Report) curve(name clickday.Text, color int, area bool, of func(s *Second) float64) line {
	l := line{Name: name, Color: color, Area: area}
	last := r.Seconds[0].At - 1
	for i := range r.Seconds {
		s := &r.Seconds[i]
		for last++; last < s.At; last++ {
			l.Points = append(l.Points, point{float64(last) + 0.5, 0})
		}
		l.Points = append(l.Points, point{float64(s.At) + 0.5, of(s)})
	}
	return l
}

// some is curve without the seconds in which there is no value.
func (r *Report) some(name clickday.Text, color int, of func(s *Second) float64) line {
	l := line{Name: name, Color: color, Gap: 2}
	for i := range r.Seconds {
		if v := of(&r.Seconds[i]); v > 0 {
			l.Points = append(l.Points, point{float64(r.Seconds[i].At) + 0.5, v})
		}
	}
	return l
}

func (r *Report) traffic(from, to float64, whole bool) chart {
	c := chart{
		Title: clickday.Text{IT: "Richieste offerte e riscontrate al secondo", EN: "Requests offered and acknowledged per second"},
		Note: clickday.Text{IT: "Il piano non aspetta il sistema: se le curve si toccano, nessuno ha dovuto attendere. La linea tratteggiata è l'apertura.",
			EN: "The plan does not wait for the system: where the curves touch, nobody had to wait. The dashed line is the opening."},
		XUnit: "s", Unit: "/s", From: from, To: to, Log: whole,
		Lines: []line{
			r.curve(clickday.Text{IT: "offerte", EN: "offered"}, 1, true, func(s *Second) float64 { return float64(s.Offered) }),
			r.curve(clickday.Text{IT: "riscontrate", EN: "acknowledged"}, 2, false, func(s *Second) float64 { return float64(s.Accepted) }),
			r.curve(clickday.Text{IT: "rifiutate", EN: "refused"}, 3, false, func(s *Second) float64 { return float64(s.Refused) }),
		},
	}
	if whole {
		c.Title = clickday.Text{IT: "Tutta la prova (scala logaritmica)", EN: "The whole run (logarithmic scale)"}
		c.Note = clickday.Text{}
	}
	return c
}

func (r *Report) latency(from, to float64) chart {
	return chart{
		Title: clickday.Text{IT: "Quanto si aspetta l'esito", EN: "How long the acknowledgement takes"},
		Note: clickday.Text{IT: "Dall'istante previsto alla risposta completa, per secondo in cui la richiesta era prevista. Scala logaritmica.",
			EN: "From the planned instant to the whole answer, by the second in which the request was planned. Logarithmic scale."},
		XUnit: "s", Unit: "ms", From: from, To: to, Log: true,
		Lines: []line{
			r.some(clickday.Text{IT: "il più lungo", EN: "longest"}, 4, func(s *Second) float64 { return s.Max }),
			r.some(clickday.Text{IT: "99 su 100", EN: "99 of 100"}, 3, func(s *Second) float64 { return s.P99 }),
			r.some(clickday.Text{IT: "90 su 100", EN: "90 of 100"}, 1, func(s *Second) float64 { return s.P90 }),
			r.some(clickday.Text{IT: "metà", EN: "half"}, 2, func(s *Second) float64 { return s.P50 }),
		},
	}
}

// errorsMax is how many kinds of errors have a curve: as many as there are
// colours.
const errorsMax = 6

// errors are refusals and requests without an answer, by kind, those that are most
// frequent first.
func (r *Report) errors(from, to float64) (chart, bool) {
	c := chart{
		Title: clickday.Text{IT: "Rifiuti ed errori al secondo, per tipo", EN: "Refusals and errors per second, by kind"},
		Note: clickday.Text{IT: "Le richieste non valide e quelle anticipate devono essere rifiutate. Quelle interrotte apposta non sono contate.",
			EN: "Bad requests and early ones must be refused. Those cut on purpose are not counted."},
		XUnit: "s", Unit: "/s", From: from, To: to,
	}
	totals := map[string]int{}
	for i := range r.Seconds {
		for kind, n := range r.Seconds[i].Errors {
			totals[kind] += n
		}
	}
	kinds := slices.SortedFunc(maps.Keys(totals), func(a, b string) int { return cmp.Or(totals[b]-totals[a], cmp.Compare(a, b)) })
	for i, kind := range kinds[:min(len(kinds), errorsMax)] {
		c.Lines = append(c.Lines, r.curve(errorName(kind), errorColors[i], false, func(s *Second) float64 { return float64(s.Errors[kind]) }))
	}
	return c, len(c.Lines) > 0
}

// errorColors begin with the one of alarm.
var errorColors = [errorsMax]int{4, 3, 5, 1, 2, 6}

func errorName(kind string) clickday.Text {
	if t, ok := failureTexts[kind]; ok {
		return t
	}
	if t := clickday.MeaningOf(clickday.Code(kind)).Title; t.IT != "" {
		return t
	}
	return clickday.Text{IT: kind, EN: kind}
}

// lag shows how far numbers and receipts are behind.
func (r *Report) lag() (chart, bool) {
	c := chart{
		Title: clickday.Text{IT: "Numeri e ricevute", EN: "Numbers and receipts"},
		Note: clickday.Text{IT: "Quante domande sono arrivate al registro, quante hanno un numero, quante la ricevuta.",
			EN: "How many applications have reached the record, how many have a number, how many their receipt."},
		XUnit: "s",
		Lines: []line{
			{Name: clickday.Text{IT: "arrivate al registro", EN: "in the record"}, Color: 1},
			{Name: clickday.Text{IT: "numerate", EN: "numbered"}, Color: 2},
			{Name: clickday.Text{IT: "con ricevuta", EN: "with a receipt"}, Color: 5, Area: true},
		},
	}
	for i := range r.Samples {
		p, x := r.Samples[i].Progress, r.Samples[i].At.Seconds()
		if p == nil {
			continue
		}
		for j, v := range []int64{p.Stored, p.Numbered, p.Receipted} {
			c.Lines[j].Points = append(c.Lines[j].Points, point{x, float64(v)})
		}
		c.From, c.To = min(c.From, x), max(c.To, x)
	}
	return c, c.To > 0
}

// sampleLeast is how far two samples are apart at least to tell processor time,
// which is counted in hundredths of a second.
const sampleLeast = 500 * time.Millisecond

var processNames = []string{"intake", "worker", "postgres", "redis", "portal", "loadtest"}

// resources are processor time and memory of each process.
func (r *Report) resources() []chart {
	cpu := chart{
		Title: clickday.Text{IT: "Processori occupati", EN: "Processors in use"},
		Note:  clickday.Text{IT: "1 è un processore intero.", EN: "1 is one whole processor."}, XUnit: "s",
	}
	memory := chart{Title: clickday.Text{IT: "Memoria", EN: "Memory"}, XUnit: "s", Unit: "MiB",
		Note: clickday.Text{IT: "Memoria residente; quella che più processi condividono è contata in ciascuno.", EN: "Resident memory; what processes share counts with each of them."}}
	for i, name := range processNames {
		c := line{Name: clickday.Text{IT: name, EN: name}, Color: i + 1}
		m := c
		for j := 1; j < len(r.Samples); j++ {
			before, now := &r.Samples[j-1], &r.Samples[j]
			u, ok := now.Processes[name]
			b, had := before.Processes[name]
			if !ok {
				continue
			}
			x := now.At.Seconds()
			m.Points = append(m.Points, point{x, float64(u.RSS >> 20)})
			if d := now.At - before.At; had && d > sampleLeast && u.CPU >= b.CPU {
				c.Points = append(c.Points, point{x, float64(u.CPU-b.CPU) / float64(d)})
			}
			cpu.From, cpu.To = min(cpu.From, x), max(cpu.To, x)
		}
		if len(m.Points) > 0 {
			cpu.Lines, memory.Lines = append(cpu.Lines, c), append(memory.Lines, m)
		}
	}
	memory.From, memory.To = cpu.From, cpu.To
	if cpu.To <= cpu.From {
		return nil
	}
	return []chart{cpu, memory}
}
