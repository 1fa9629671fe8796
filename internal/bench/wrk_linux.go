package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// NameWrk is the second generator of load, which shares no code with ours.
const NameWrk = "wrk"

// wrkScript sends the envelopes of a file, each once. Its arguments are that
// file, the length of an envelope, the number of threads and the head.
const wrkScript = `
local threads = 0
function setup(thread)
  thread:set("place", threads)
  threads = threads + 1
end
function init(args)
  local file = assert(io.open(args[1], "rb"))
  all = file:read("*a")
  file:close()
  size, step, count = tonumber(args[2]), tonumber(args[3]), #all / tonumber(args[2])
  head = assert(io.open(args[4], "rb")):read("*a")
  at = place
end
function request()
  local from = (at % count) * size
  at = at + step
  return head .. string.sub(all, from + 1, from + size)
end
`

// SecondOpinion loads a server afresh with wrk, with the same requests over as many
// connections as Measure does, and returns the answers a second that wrk counts.
func (g *Ground) SecondOpinion(ctx context.Context, name string, l Load) (rate float64, err error) {
	p, err := g.Start(ctx, name)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, p.Stop(), p.Remove()) }()
	args, err := g.wrkArguments(p, l)
	if err != nil {
		return 0, err
	}
	out, err := exec.CommandContext(ctx, NameWrk, args...).CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("bench: wrk: %w\n%s", err, out)
	}
	requests, rate, err := parseWrk(string(out))
	if err == nil && requests > g.Pool.Len() {
		err = fmt.Errorf("bench: wrk sent %d requests with %d envelopes: prepare more", requests, g.Pool.Len())
	}
	return rate, err
}

// wrkArguments writes what wrk sends into files.
func (g *Ground) wrkArguments(p *Peer, l Load) ([]string, error) {
	script, envelopes, head := filepath.Join(p.dir, "wrk.lua"), filepath.Join(p.dir, "envelopes"), filepath.Join(p.dir, "head")
	f, err := os.Create(envelopes)
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	for i := range g.Pool.Len() {
		if _, err = f.Write(g.Pool.Envelope(i)); err != nil {
			break
		}
	}
	err = errors.Join(err, f.Close(), os.WriteFile(script, []byte(wrkScript), 0o600), os.WriteFile(head, p.Head, 0o600))
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	return []string{
		"-t", strconv.Itoa(l.Threads), "-c", strconv.Itoa(l.Conns), "-d", fmt.Sprintf("%ds", max(1, int(l.Lasting.Seconds()))), "-s", script,
		"http://" + p.Addr + "/", "--", envelopes, strconv.Itoa(g.Pool.Size()), strconv.Itoa(l.Threads), head,
	}, nil
}

var (
	wrkRate     = regexp.MustCompile(`(?m)^Requests/sec:\s+([0-9.]+)$`)
	wrkRequests = regexp.MustCompile(`(?m)^\s+([0-9]+) requests in `)
)

// parseWrk reads the report of wrk; an answer that is not 2xx, or a broken
// connection, is an error.
func parseWrk(out string) (requests int, rate float64, err error) {
	r, n := wrkRate.FindStringSubmatch(out), wrkRequests.FindStringSubmatch(out)
	if r == nil || n == nil || strings.Contains(out, "Non-2xx") || strings.Contains(out, "Socket errors") {
		return 0, 0, fmt.Errorf("bench: wrk says\n%s", out)
	}
	if requests, err = strconv.Atoi(n[1]); err == nil {
		rate, err = strconv.ParseFloat(r[1], 64)
	}
	return requests, rate, err
}

// Generators holds our generator against wrk, in turns on the same servers: if ours
// were the narrow place, wrk would get more out of them.
func (g *Ground) Generators(ctx context.Context, plan Plan, w io.Writer) error {
	for _, conns := range plan.Conns {
		for _, name := range []string{NameOK, NameIntake} {
			var ratios []float64
			l := Load{Conns: conns, Threads: plan.Threads, Lasting: plan.Lasting.Round(time.Second)}
			for t := range plan.Turns {
				ours, err := g.Measure(ctx, name, l)
				if err != nil {
					return err
				}
				theirs, err := g.SecondOpinion(ctx, name, l)
				if err != nil {
					return err
				}
				fmt.Fprintf(w, "# turn %d of %d, %d connections: %-6s %7.0f/s with our generator, %7.0f/s with wrk\n", t+1, plan.Turns, conns, name, ours.Rate, theirs)
				ratios = append(ratios, ours.Rate/theirs)
			}
			if err := write(w, plain(fmt.Sprintf("generator_over_wrk_%s_at_%d_connections", name, conns), median(ratios), "ratio")); err != nil {
				return err
			}
		}
	}
	return nil
}
