package loadreport

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"puntuale/internal/clickday"
	"puntuale/internal/loadrun"
	"puntuale/internal/profile"
)

// WritePlan prints what a profile offers second by second, with a bar for each.
// After the first minute every tenth second is shown, unless all are wanted.
func WritePlan(out io.Writer, p *profile.Profile, scale float64, s *profile.Summary, all bool) error {
	fmt.Fprintf(out, "%s  %s\n    %s\n\n", p.Name, p.Title.IT, p.Title.EN)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "scala / scale\t%g\n", scale)
	fmt.Fprintf(w, "richieste / requests\t%d\n", s.Requests)
	fmt.Fprintf(w, "domande / applications\t%d\n", s.Applications)
	fmt.Fprintf(w, "postazioni / workstations\t%d\n", s.Senders)
	for _, k := range loadrun.Kinds {
		fmt.Fprintf(w, "  %s\t%d\n", k, s.Kinds[k])
	}
	fmt.Fprintf(w, "modelli / models\t%s\n", models(p))
	fmt.Fprintf(w, "secondo più pieno / busiest second\t%d/s\n", s.PeakSecond)
	fmt.Fprintf(w, "100 ms più pieni / busiest 100 ms\t%d/s\n", s.Peak100)
	fmt.Fprintf(w, "ultima richiesta / last request\t%.1f s\n\n", s.Last.Seconds())
	fmt.Fprint(w, "s\toffered\tgood\trepeat\tbad\tearly\tcut\t\n")
	for _, x := range s.Seconds {
		if !all && x.From >= 60 && x.From%10 != 0 {
			continue
		}
		fmt.Fprintf(w, "%d\t%d\t%d\t%d\t%d\t%d\t%d\t%s\n", x.From, x.Total, x.Kinds[loadrun.Good], x.Kinds[loadrun.Repeat],
			x.Kinds[loadrun.Bad], x.Kinds[loadrun.Early], x.Kinds[loadrun.Cut], strings.Repeat("█", (40*x.Total+s.PeakSecond-1)/max(1, s.PeakSecond)))
	}
	return w.Flush()
}

// models are the shares of the mix, the greatest first.
func models(p *profile.Profile) string {
	total := 0.0
	codes := slices.Collect(maps.Keys(p.Mix.Models))
	for _, share := range p.Mix.Models {
		total += share
	}
	slices.SortFunc(codes, func(a, b clickday.ModelCode) int {
		return cmp.Or(cmp.Compare(p.Mix.Models[b], p.Mix.Models[a]), cmp.Compare(a, b))
	})
	out := make([]string, len(codes))
	for i, code := range codes {
		out[i] = fmt.Sprintf("%s %.3g %%", code, 100*p.Mix.Models[code]/total)
	}
	return strings.Join(out, ", ")
}
