package archtest

import (
	"fmt"
	"strings"
)

// fence names the only packages that may import a library, or an adapter of ours.
type fence struct {
	imported string
	by       []string
	why      string
}

var fences = []fence{
	{"fyne.io", []string{"internal/desktop", "cmd/miniclient"}, "the core of the client must run without windows"},
	{"github.com/valyala/fasthttp", []string{"internal/intake", "internal/bench/okserver", "loadtest"}, "only the hot path speaks it, and the peer it is measured against"},
	{"github.com/Shopify/toxiproxy", []string{"internal/loadfault"}, "networks are disturbed in load runs only"},
	{"github.com/redis/go-redis", []string{"internal/queue/redisqueue", "internal/devstack", "cmd"}, "Redis lies behind package queue"},
	{"github.com/jackc/pgx", []string{"internal/postgres", "cmd"}, "SQL lies in package postgres"},
	{"github.com/riverqueue/river", []string{"internal/postgres", "cmd"}, "jobs lie in package postgres"},
	{"github.com/wneessen/go-mail", []string{"internal/mailer"}, "one package speaks SMTP"},
	{"github.com/danielgtaylor/huma", []string{"internal/portal/api"}, "one package declares the API"},
	{"github.com/emersion/go-smtp", []string{"internal/smtpsink"}, "mail is received in demos and tests only"},
	{"puntuale/internal/postgres", []string{"internal/postgres", "internal/bench", "internal/demo", "internal/e2e", "internal/installation", "internal/portal/sitetest", "internal/portal/portaltest", "loadtest", "cmd"},
		"stages declare small interfaces, and only wiring joins them with what implements them"},
	{"puntuale/internal/queue/redisqueue", []string{"internal/queue/redisqueue", "internal/bench", "internal/demo", "internal/e2e", "internal/installation", "cmd"},
		"stages declare small interfaces, and only wiring joins them with what implements them"},
}

// Fences checks who imports what only a few may.
func Fences(t *Tree) []Violation {
	var out []Violation
	for _, p := range t.Sorted() {
		for _, imported := range p.Imports() {
			for _, f := range fences {
				if within(imported, f.imported) && !within(p.Path, f.by...) {
					out = append(out, Violation{"fence", p.Path, fmt.Sprintf("imports %s, which only %s may: %s", imported, strings.Join(f.by, ", "), f.why)})
				}
			}
		}
	}
	return out
}

// The layers of docs/architecture.md, lowest first. What is not named here is a
// part, of which stages are made.
const (
	domain = iota
	contract
	part
	stage
	wiring
)

var layerNames = [...]string{"domain", "contract", "part", "stage", "wiring"}

var layers = map[int][]string{
	domain:   {"internal/clickday", "internal/clock"},
	contract: {"internal/wire", "internal/queue", "internal/batch", "internal/ledger", "internal/order"},
	stage: {
		"internal/desktop", "internal/intake", "internal/forwarder", "internal/sequencer", "internal/issuer", "internal/portal", "internal/monitor",
	},
	wiring: {"cmd", "loadtest", "internal/crash", "internal/demo", "internal/e2e", "internal/installation", "internal/bench", "internal/loadfault"},
}

func layerOf(path string) int {
	for layer, roots := range layers {
		if within(path, roots...) {
			return layer
		}
	}
	return part
}

// family returns the package that a path belongs to: "internal/portal" for
// "internal/portal/api".
func family(path string) string {
	parts := strings.SplitN(path, "/", 3)
	return strings.Join(parts[:min(2, len(parts))], "/")
}

// Layers checks that imports point downwards, and that no stage knows another.
func Layers(t *Tree) []Violation {
	var out []Violation
	for _, p := range t.Sorted() {
		own := layerOf(p.Path)
		for _, imported := range p.Imports() {
			local, ok := t.Local(imported)
			if !ok || family(local) == family(p.Path) {
				continue
			}
			other := layerOf(local)
			if other > own || other == own && own == stage {
				out = append(out, Violation{"layers", p.Path, fmt.Sprintf("a %s imports %s, a %s: imports point downwards", layerNames[own], local, layerNames[other])})
			}
		}
	}
	return out
}

// Domain checks that the domain stands on the standard library alone.
func Domain(t *Tree) []Violation {
	var out []Violation
	for _, p := range t.Sorted() {
		if layerOf(p.Path) != domain {
			continue
		}
		for _, imported := range p.Imports() {
			if first, _, _ := strings.Cut(imported, "/"); strings.Contains(first, ".") || first == t.Module {
				out = append(out, Violation{"domain", p.Path, "imports " + imported + ": the domain uses the standard library only"})
			}
		}
	}
	return out
}

// reachRules say what some packages must not reach, however long the way.
var reachRules = []struct {
	from    []string
	not     []string
	besides []string
	why     string
}{
	{[]string{"internal/client"}, []string{"fyne.io", "github.com/valyala/fasthttp", "puntuale/internal/postgres", "puntuale/internal/intake"}, nil,
		"the core of the client knows neither windows nor servers"},
	{[]string{"internal/intake", "cmd/intake"}, []string{"puntuale/internal/portal", "fyne.io"}, nil, "the intake shares nothing with the portal"},
	{[]string{"cmd", "loadtest"}, []string{"testing"}, []string{"cmd/demo"}, "helpers of tests do not belong in programs"},
}

// Reach checks what packages must not reach, through others either.
func Reach(t *Tree) []Violation {
	var out []Violation
	for _, p := range t.Sorted() {
		for _, r := range reachRules {
			if !within(p.Path, r.from...) || within(p.Path, r.besides...) {
				continue
			}
			for imported, chain := range t.Reach(p) {
				if within(imported, r.not...) {
					out = append(out, Violation{"reach", p.Path, "reaches " + imported + " by " + chain + ": " + r.why})
				}
			}
		}
	}
	return out
}
