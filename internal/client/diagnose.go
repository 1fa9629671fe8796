package client

import (
	"fmt"
	"net/url"
	"runtime"
	"strings"
	"time"
)

// Diagnosis writes the report for the help desk out of a snapshot: the program,
// the system, checks, clock, connections and counts. It names nobody: no
// secret, no account, no applicant, no application.
func Diagnosis(s *Snapshot, lang string) string {
	var b strings.Builder
	line := func(format string, a ...any) { fmt.Fprintf(&b, format+"\n", a...) }
	version := s.Version
	if version == "" {
		version = "from the sources"
	}
	line("Puntuale mini-client %s, %s/%s, %s, %d CPU", version, runtime.GOOS, runtime.GOARCH, runtime.Version(), runtime.NumCPU())
	line("time of this computer: %s", s.Clock.Now.Add(-s.Clock.Offset).UTC().Format(time.RFC3339Nano))
	line("paired: %t, portal: %s, keys in a file: %t, accounts: %d", s.Paired, s.Portal, s.KeyFile, max(1, len(s.Accounts)))
	line("proxy: %s", safeProxy(s.Settings.Proxy))
	describeClock(line, &s.Clock)
	line("awake: armed %t, held %t", s.Awake.Armed, s.Awake.Held)
	for _, w := range s.Awake.Warnings {
		line("  ! %s", w.In(lang))
	}
	for i := range s.Days {
		describeDay(line, &s.Days[i], lang)
	}
	for _, k := range s.Checks {
		line("check %s: %s: %s", k.ID, k.Grade, k.Finding.In(lang))
		if mend := k.Mend.In(lang); mend != "" && k.ID != "pairing" {
			line("  ! %s", mend)
		}
	}
	if r := s.Rehearsal.Report; r != nil {
		line("rehearsal %s: %d of %d, early %d, first %s, last %s, connections %d, round trip %s", r.Opens.UTC().Format(time.RFC3339),
			r.Acknowledged, r.Applications, r.Early, r.First, r.Last, r.Connections, r.RoundTrip)
	}
	if n := s.Notice.Text.In(lang); n != "" {
		line("last message: %s", n)
	}
	return s.withoutNames(b.String())
}

// withoutNames takes the account out of a text, wherever a check has put it.
func (s *Snapshot) withoutNames(text string) string {
	for _, name := range []string{s.Account.Name, s.Account.Email} {
		if name != "" {
			text = strings.ReplaceAll(text, name, "***")
		}
	}
	return text
}

func describeClock(line func(string, ...any), c *ClockView) {
	if !c.Known {
		line("intake clock: not measured")
	} else {
		line("intake clock: node %d, %s, round trip %s, from UTC %s", c.Node, OffsetText(*c), c.RoundTrip, c.NodeBound)
	}
	if r := c.Reference; r != nil {
		line("time servers: %s, %s ± %s, %d of %d agree", r.Server, r.Offset, r.Bound, r.Agreed, r.Asked)
	}
}

func describeDay(line func(string, ...any), d *DayView, lang string) {
	c := d.Counts
	line("day %s: %s, opens %s; %d applications: prepared %d, armed %d, sending %d, acknowledged %d, refused %d, numbered %d, with receipt %d",
		d.Code, d.Phase, d.Opens.UTC().Format(time.RFC3339), c.Total, c.Prepared, c.Armed, c.Sending, c.Acknowledged, c.Refused, c.Sequenced, c.Receipted)
	codes := map[string]int{}
	for i := range d.Rows {
		if code := string(d.Rows[i].Code); code != "" {
			codes[code]++
		}
	}
	for code, n := range codes {
		line("  refused with %s: %d", code, n)
	}
	if !d.Running {
		return
	}
	line("  %s, connections %d of %d", d.Progress.Stage, d.Progress.Connections, d.Progress.Wanted)
	for i, l := range d.Progress.Links {
		line("  connection %d: node %d, %s, standby %t, sent %d", i+1, l.Node, l.State, l.Standby, l.Sent)
	}
	if t := d.Progress.Trouble; t != nil {
		line("  ! %s", Explain(t).In(lang))
	}
}

// safeProxy is a proxy without name and password.
func safeProxy(address string) string {
	if address == "" || address == "direct" {
		return address
	}
	u, err := url.Parse(address)
	if err != nil {
		return "(not an address)"
	}
	return u.Scheme + "://" + u.Host
}
