package ranking

import (
	"bytes"
	"fmt"
	"strconv"
)

// Place says what the quotas gave to a numbered application.
type Place string

const (
	// Admitted: within the quota.
	Admitted Place = "admitted"
	// Waiting: not in the quota at the moment.
	Waiting Place = "waiting"
	// NoPlace: the row is not numbered, or the list is without places.
	NoPlace Place = ""
)

// placeNamed are the places by their names, so that reading one allocates nothing.
var placeNamed = map[string]Place{string(Admitted): Admitted, string(Waiting): Waiting}

// Row is one leaf of the ledger and what the quotas made of it.
type Row struct {
	Position int64  // index of the leaf in the ledger, from 0
	Line     []byte // the ledger line byte for byte, nine commas in it
	// Group is the quota group of a numbered application; empty for other rows
	// and where there are no quotas.
	Group string
	Place Place
}

// commas stand in a ledger line: it has ten fields.
const commas = 9

func (r *Row) validate() error {
	switch {
	case len(r.Line) > 1024 || bytes.Count(r.Line, []byte{','}) != commas || bytes.ContainsAny(r.Line, "\n\r#\""):
		return fmt.Errorf("position %d: not a ledger line", r.Position)
	case r.Group != "" && !groupPattern.MatchString(r.Group):
		return fmt.Errorf("position %d: group %q: want letters, digits, _|:.+/- and spaces", r.Position, r.Group)
	case r.Place != Admitted && r.Place != Waiting && r.Place != NoPlace:
		return fmt.Errorf("position %d: place %q: want admitted, waiting or nothing", r.Position, string(r.Place))
	}
	return nil
}

func (r *Row) appendTo(b []byte) []byte {
	b = strconv.AppendInt(b, r.Position, 10)
	b = append(b, ',')
	b = append(b, r.Line...)
	b = append(b, ',')
	b = append(b, r.Group...)
	b = append(b, ',')
	b = append(b, r.Place...)
	return append(b, '\n')
}

// parse reads a line without its newline; r.Line points into it. groups are
// those that were accepted before.
func (r *Row) parse(line []byte, groups map[string]string) error {
	first := bytes.IndexByte(line, ',')
	last := bytes.LastIndexByte(line, ',')
	if first < 0 || last <= first {
		return fmt.Errorf("want %d columns", commas+4)
	}
	group := first + 1 + bytes.LastIndexByte(line[first+1:last], ',')
	if group <= first {
		return fmt.Errorf("want %d columns", commas+4)
	}
	position, err := strconv.ParseInt(string(line[:first]), 10, 64)
	if err != nil || position < 0 || (line[0] == '0' && first > 1) || line[0] == '+' {
		return fmt.Errorf("position %q: want a number from 0", line[:first])
	}
	r.Position, r.Line = position, line[first+1:group]
	known, ok := groups[string(line[group+1:last])]
	if ok {
		r.Group = ""
	} else {
		known = string(line[group+1 : last])
		r.Group = known
	}
	r.Place = placeNamed[string(line[last+1:])]
	if r.Place == NoPlace {
		r.Place = Place(line[last+1:])
	}
	if err := r.validate(); err != nil {
		return err
	}
	if !ok && len(groups) < MaxQuotas {
		groups[known] = known
	}
	r.Group = known
	return nil
}
