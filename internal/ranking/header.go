package ranking

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ErrFormat is wrapped by every error of a file that is not a list as Writer
// writes them; it is told from an I/O error by it.
var ErrFormat = errors.New("not a list in the form of Puntuale list 1")

// Kind says which list of a click day a file is.
type Kind string

const (
	// Provisional: the day goes on, or places may still change.
	Provisional Kind = "provisional"
	// Final: the day is over and nothing changes any more.
	Final Kind = "final"
)

// Quota is the number of places of one group.
type Quota struct {
	Group  string // as in Row.Group
	Places int64
}

// Header is what stands above the rows.
type Header struct {
	Kind        Kind
	Day         string        // code of the click day
	Granularity time.Duration // published granularity: a power of ten from 1 µs to 1 s
	// TieCommitment is the SHA-256 of the seed that breaks ties. TieSeed is nil
	// until it is revealed.
	TieCommitment [32]byte
	TieSeed       []byte
	// ClosePairs counts neighbours in the list, received by different nodes,
	// whose distance is below the sum of their clock bounds.
	ClosePairs int64
	// Policy is the name of the allocation policy, and its parameters behind
	// spaces; PolicyDocument is the SHA-256 of the published document that is
	// the basis of the allocation (zero when there is none).
	Policy         string
	PolicyDocument [32]byte
	Quotas         []Quota // sorted by group, each group once; may be empty
	Checkpoint     []byte  // the signed head of the ledger, a note
	Timestamp      []byte  // RFC 3161 token of the head, DER; nil when there is none
}

const (
	firstLine = "# Puntuale list 1"
	columns   = "position,outcome,number,arrived,source,clock,bound_us,node,late,submission,reason,group,place"
	// MaxLine is the greatest length of a line in bytes: a checkpoint or token
	// in base64 is the longest.
	MaxLine = 64 << 10
	// MaxQuotas is the greatest number of quota lines.
	MaxQuotas = 100_000
)

var (
	dayPattern    = regexp.MustCompile(`^[A-Z0-9-]{1,24}$`)
	policyPattern = regexp.MustCompile(`^[a-z][a-z0-9-]*( [A-Za-z0-9=:._+/-]+)*$`)
	groupPattern  = regexp.MustCompile(`^[A-Za-z0-9_|:.+/ -]{1,96}$`)
)

// Validate reports the first thing that a list cannot say.
func (h *Header) Validate() error {
	switch {
	case h.Kind != Provisional && h.Kind != Final:
		return fmt.Errorf("kind %q: want provisional or final", h.Kind)
	case !dayPattern.MatchString(h.Day):
		return fmt.Errorf("day %q: want 1 to 24 letters A-Z, digits or hyphens", h.Day)
	case grainName(h.Granularity) == "":
		return fmt.Errorf("granularity %s: want a power of ten from 1us to 1s", h.Granularity)
	case h.TieSeed != nil && (len(h.TieSeed) == 0 || len(h.TieSeed) > 1024):
		return fmt.Errorf("tie seed of %d bytes: want 1 to 1024", len(h.TieSeed))
	case h.ClosePairs < 0:
		return errors.New("close pairs: must not be negative")
	case len(h.Policy) > 512 || !policyPattern.MatchString(h.Policy):
		return fmt.Errorf("policy %q: want a name in lower case and parameters behind single spaces", h.Policy)
	case len(h.Checkpoint) == 0:
		return errors.New("no checkpoint")
	}
	return h.validateQuotas()
}

func (h *Header) validateQuotas() error {
	if len(h.Quotas) > MaxQuotas {
		return fmt.Errorf("%d quotas: at most %d", len(h.Quotas), MaxQuotas)
	}
	for i, q := range h.Quotas {
		if !groupPattern.MatchString(q.Group) || q.Places < 0 {
			return fmt.Errorf("quota %q=%d: want a group of letters, digits, _|:.+/- and a number of places", q.Group, q.Places)
		}
		if i > 0 && h.Quotas[i-1].Group >= q.Group {
			return fmt.Errorf("quota %q: groups must be sorted, each once", q.Group)
		}
	}
	return nil
}

// SortQuotas puts the quotas into the order of the file.
func SortQuotas(q []Quota) {
	slices.SortFunc(q, func(a, b Quota) int { return cmp.Compare(a.Group, b.Group) })
}

var grains = []struct {
	name  string
	grain time.Duration
}{
	{"1us", time.Microsecond}, {"10us", 10 * time.Microsecond}, {"100us", 100 * time.Microsecond},
	{"1ms", time.Millisecond}, {"10ms", 10 * time.Millisecond}, {"100ms", 100 * time.Millisecond}, {"1s", time.Second},
}

func grainName(d time.Duration) string {
	for _, g := range grains {
		if g.grain == d {
			return g.name
		}
	}
	return ""
}

func parseGrain(name string) (time.Duration, error) {
	for _, g := range grains {
		if g.name == name {
			return g.grain, nil
		}
	}
	return 0, fmt.Errorf("granularity %q: want a power of ten from 1us to 1s", name)
}

// appendTo writes the header and the line of columns.
func (h *Header) appendTo(b []byte) []byte {
	line := func(name, value string) { b = append(b, "# "+name+": "+value+"\n"...) }
	b = append(b, firstLine+"\n"...)
	line("kind", string(h.Kind))
	line("day", h.Day)
	line("granularity", grainName(h.Granularity))
	line("tie-commitment", hex.EncodeToString(h.TieCommitment[:]))
	if h.TieSeed != nil {
		line("tie-seed", hex.EncodeToString(h.TieSeed))
	}
	line("close-pairs", strconv.FormatInt(h.ClosePairs, 10))
	line("policy", h.Policy)
	line("policy-document-sha256", hex.EncodeToString(h.PolicyDocument[:]))
	for _, q := range h.Quotas {
		line("quota", q.Group+"="+strconv.FormatInt(q.Places, 10))
	}
	line("checkpoint", base64.StdEncoding.EncodeToString(h.Checkpoint))
	if h.Timestamp != nil {
		line("timestamp", base64.StdEncoding.EncodeToString(h.Timestamp))
	}
	return append(b, columns+"\n"...)
}

// set takes one line of a header; the order and the presence of lines are
// checked by writing the header again.
func (h *Header) set(name, value string) (err error) {
	switch name {
	case "kind":
		h.Kind = Kind(value)
	case "day":
		h.Day = value
	case "granularity":
		h.Granularity, err = parseGrain(value)
	case "tie-commitment":
		err = decode32(&h.TieCommitment, value)
	case "tie-seed":
		h.TieSeed, err = hex.DecodeString(value)
	case "close-pairs":
		h.ClosePairs, err = strconv.ParseInt(value, 10, 64)
	case "policy":
		h.Policy = value
	case "policy-document-sha256":
		err = decode32(&h.PolicyDocument, value)
	case "quota":
		err = h.addQuota(value)
	case "checkpoint":
		h.Checkpoint, err = base64.StdEncoding.Strict().DecodeString(value)
	case "timestamp":
		h.Timestamp, err = base64.StdEncoding.Strict().DecodeString(value)
	default:
		err = errors.New("unknown line")
	}
	return err
}

func (h *Header) addQuota(value string) error {
	i := strings.LastIndexByte(value, '=')
	if i < 0 || len(h.Quotas) >= MaxQuotas {
		return fmt.Errorf("quota %q: want group=places", value)
	}
	n, err := strconv.ParseInt(value[i+1:], 10, 64)
	h.Quotas = append(h.Quotas, Quota{Group: value[:i], Places: n})
	return err
}

func decode32(out *[32]byte, value string) error {
	b, err := hex.DecodeString(value)
	if err != nil || len(b) != len(out) {
		return fmt.Errorf("%q: want 64 hexadecimal digits", value)
	}
	copy(out[:], b)
	return nil
}

// parseHeader reads what appendTo writes, and nothing else.
func parseHeader(raw []byte) (Header, error) {
	var h Header
	for i, line := range strings.Split(strings.TrimSuffix(string(raw), "\n"), "\n") {
		name, value, ok := strings.Cut(strings.TrimPrefix(line, "# "), ": ")
		if i == 0 || line == columns {
			continue // compared below
		}
		if !ok {
			return Header{}, fmt.Errorf("%w: line %d: %q is not a line of a header", ErrFormat, i+1, line)
		}
		if err := h.set(name, value); err != nil {
			return Header{}, fmt.Errorf("%w: line %d: %s: %w", ErrFormat, i+1, name, err)
		}
	}
	if err := h.Validate(); err != nil {
		return Header{}, fmt.Errorf("%w: header: %w", ErrFormat, err)
	}
	if !bytes.Equal(h.appendTo(nil), raw) {
		return Header{}, fmt.Errorf("%w: header: lines are missing, stand twice or in another order, or are written in another way", ErrFormat)
	}
	return h, nil
}
