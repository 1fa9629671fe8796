package loadreport

import (
	"fmt"
	"html/template"
	"math"
	"strings"

	"puntuale/internal/clickday"
)

// chart is one plot with its words.
type chart struct {
	Title, Note clickday.Text
	Lines       []line
	XUnit, Unit string
	Log         bool // scale of y
	From, To    float64
	Events      []event
}

// event is something that was done to the installation, with its number in the
// list of them.
type event struct {
	X      float64
	Number int
}

// line is one curve; points are sorted by x.
type line struct {
	Name   clickday.Text
	Color  int // 1 to 6, of the page's colours
	Area   bool
	Gap    float64 // points further apart than that are not joined; 0 joins all
	Points []point
}

type point struct{ X, Y float64 }

// The plot's size in units of its viewBox, and the room around it.
const (
	plotW, plotH                      = 720.0, 260.0
	padLeft, padRight, padTop, padBot = 58.0, 12.0, 16.0, 34.0
	columnsMax                        = 600 // points of a line at most
)

// SVG draws the chart. It has no text but figures, of which those with decimals
// are there in both languages.
func (c *chart) SVG() template.HTML {
	p := c.scale()
	var b strings.Builder
	fmt.Fprintf(&b, `<svg viewBox="0 0 %g %g" role="img" preserveAspectRatio="xMidYMid meet">`, plotW, plotH)
	p.grid(&b)
	p.events(&b)
	for _, l := range c.Lines {
		p.line(&b, thin(l, c.From, c.To))
	}
	b.WriteString(`</svg>`)
	return template.HTML(b.String())
}

// axes maps values to places.
type axes struct {
	*chart
	top, floor float64
}

func (c *chart) scale() *axes {
	a := &axes{chart: c, floor: 0}
	low := math.Inf(1)
	for _, l := range c.Lines {
		for _, p := range l.Points {
			if p.X < c.From || p.X > c.To {
				continue
			}
			a.top = math.Max(a.top, p.Y)
			if p.Y > 0 {
				low = math.Min(low, p.Y)
			}
		}
	}
	switch {
	case a.top == 0:
		a.top = 1
	case c.Log:
		a.floor = math.Pow(10, math.Floor(math.Log10(low)))
		a.top = math.Pow(10, math.Ceil(math.Log10(a.top*1.01)))
	default:
		a.top = 5 * nice(a.top/5)
	}
	if c.Log && a.floor == 0 {
		a.floor = a.top / 10
	}
	return a
}

// nice rounds up to 1, 2, 2.5 or 5 times a power of ten.
func nice(v float64) float64 {
	e := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 2, 2.5, 5, 10} {
		if v <= m*e*1.0001 {
			return m * e
		}
	}
	return 10 * e
}

func (a *axes) x(v float64) float64 {
	return padLeft + (v-a.From)/(a.To-a.From)*(plotW-padLeft-padRight)
}

func (a *axes) y(v float64) float64 {
	share := v / a.top
	if a.Log {
		share = 0
		if v > a.floor {
			share = math.Log(v/a.floor) / math.Log(a.top/a.floor)
		}
	}
	return plotH - padBot - share*(plotH-padTop-padBot)
}

func (a *axes) grid(b *strings.Builder) {
	for _, v := range a.yTicks() {
		y := a.y(v)
		fmt.Fprintf(b, `<line class="grid" x1="%g" x2="%g" y1="%.1f" y2="%.1f"/><text class="tick" x="%g" y="%.1f" text-anchor="end">%s</text>`,
			padLeft, plotW-padRight, y, y, padLeft-8, y+4, inSVG(tick(v)))
	}
	step := nice((a.To - a.From) / 8)
	for v := math.Ceil(a.From/step) * step; v <= a.To+step/1000; v += step {
		x := a.x(v)
		fmt.Fprintf(b, `<line class="grid faint" x1="%.1f" x2="%.1f" y1="%g" y2="%g"/><text class="tick" x="%.1f" y="%g" text-anchor="middle">%s</text>`,
			x, x, padTop, plotH-padBot, x, plotH-padBot+18, inSVG(tick(v)))
	}
	if a.From < 0 {
		fmt.Fprintf(b, `<line class="opening" x1="%.1f" x2="%.1f" y1="%g" y2="%g"/>`, a.x(0), a.x(0), padTop, plotH-padBot)
	}
}

// inSVG is a figure within SVG.
func inSVG(s string) string {
	if !strings.Contains(s, ".") {
		return s
	}
	return `<tspan lang="it">` + strings.Replace(s, ".", ",", 1) + `</tspan><tspan lang="en">` + s + `</tspan>`
}

// markRoom is how far apart the numbers of two events must be to be read.
const markRoom = 16

// events draws a line for each, and its number where there is room.
func (a *axes) events(b *strings.Builder) {
	last := math.Inf(-1)
	for _, e := range a.Events {
		if e.X < a.From || e.X > a.To {
			continue
		}
		x := a.x(e.X)
		fmt.Fprintf(b, `<line class="event" x1="%.1f" x2="%.1f" y1="%g" y2="%g"/>`, x, x, padTop, plotH-padBot)
		if x-last >= markRoom {
			fmt.Fprintf(b, `<text class="mark" x="%.1f" y="%g" text-anchor="middle">%d</text>`, x, padTop-2, e.Number)
			last = x
		}
	}
}

func (a *axes) yTicks() (out []float64) {
	if a.Log {
		for v := a.floor; v <= a.top*1.001; v *= 10 {
			out = append(out, v)
		}
		return out
	}
	for i := range 6 {
		out = append(out, a.top*float64(i)/5)
	}
	return out
}

// tick writes a value short: 1500 is 1.5k.
func tick(v float64) string {
	switch r := math.Round(v*1e6)/1e6 + 0; { // no -0
	case math.Abs(r) >= 1e6:
		return fmt.Sprintf("%gM", r/1e6)
	case math.Abs(r) >= 1e4:
		return fmt.Sprintf("%gk", r/1e3)
	default:
		return fmt.Sprintf("%g", r)
	}
}

func (a *axes) line(b *strings.Builder, l line) {
	if len(l.Points) == 0 {
		return
	}
	var d strings.Builder
	for i, p := range l.Points {
		command := 'L'
		if i == 0 || l.Gap > 0 && p.X-l.Points[i-1].X > l.Gap {
			command = 'M'
		}
		fmt.Fprintf(&d, "%c%.1f %.1f", command, a.x(p.X), a.y(p.Y))
	}
	if l.Area {
		last, first := l.Points[len(l.Points)-1], l.Points[0]
		fmt.Fprintf(b, `<path class="area c%d" d="%sL%.1f %.1fL%.1f %.1fZ"/>`, l.Color, d.String(), a.x(last.X), plotH-padBot, a.x(first.X), plotH-padBot)
	}
	fmt.Fprintf(b, `<path class="curve c%d" d="%s"/>`, l.Color, d.String())
	for i, p := range l.Points { // what is joined to nothing would not be seen
		before := i == 0 || l.Gap > 0 && p.X-l.Points[i-1].X > l.Gap
		after := i == len(l.Points)-1 || l.Gap > 0 && l.Points[i+1].X-p.X > l.Gap
		if before && after {
			fmt.Fprintf(b, `<circle class="dot c%d" cx="%.1f" cy="%.1f" r="3"/>`, l.Color, a.x(p.X), a.y(p.Y))
		}
	}
}

// thin keeps what lies within, and of many points in one column the highest.
func thin(l line, from, to float64) line {
	width := (to - from) / columnsMax
	var out []point
	for _, p := range l.Points {
		if p.X < from || p.X > to {
			continue
		}
		if n := len(out); n > 0 && math.Floor((p.X-from)/width) == math.Floor((out[n-1].X-from)/width) {
			out[n-1].Y = math.Max(out[n-1].Y, p.Y)
			continue
		}
		out = append(out, p)
	}
	l.Points = out
	return l
}
