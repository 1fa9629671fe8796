package quota

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Rule is how places are given: the policy, and which unused places go where.
// Its text is one line of every list.
type Rule struct {
	Policy Policy
	// Rounds widen groups one part after the other: in each round the unused
	// places of every group go to the group in which that part is any.
	Rounds []Dimension
	// NoRace is a statement of a list, not a choice: no group had more
	// applications than places, so the order decided nothing. Allocate
	// refuses a rule that says so wrongly.
	NoRace bool
}

// ErrRule means that a text is no rule.
var ErrRule = errors.New("quota: not a rule")

// String returns the canonical text, for example
// "chronological reallocate=province+sector".
func (r Rule) String() string {
	var b strings.Builder
	b.WriteString(r.Policy.String())
	for i, d := range r.Rounds {
		if i == 0 {
			b.WriteString(" reallocate=")
		} else {
			b.WriteString("+")
		}
		b.WriteString(d.String())
	}
	if r.NoRace {
		b.WriteString(" no-race")
	}
	return b.String()
}

// ParseRule accepts only what String returns.
func ParseRule(s string) (Rule, error) {
	words := strings.Split(s, " ")
	var r Rule
	switch words[0] {
	case "chronological":
		r.Policy, words = Chronological{}, words[1:]
	case "draw-all":
		r.Policy, words = DrawAmongAll{}, words[1:]
	case "draw-equals":
		span, rest, err := parseSpan(words[1:])
		if err != nil {
			return Rule{}, err
		}
		r.Policy, words = DrawAmongEquals{span}, rest
	default:
		return Rule{}, fmt.Errorf("%w: policy %q: want chronological, draw-equals or draw-all", ErrRule, words[0])
	}
	for _, w := range words {
		name, value, _ := strings.Cut(w, "=")
		switch {
		case name == "reallocate" && r.Rounds == nil:
			rounds, err := parseRounds(value)
			if err != nil {
				return Rule{}, err
			}
			r.Rounds = rounds
		case w == "no-race":
			r.NoRace = true
		default:
			return Rule{}, fmt.Errorf("%w: %q: want reallocate=…", ErrRule, w)
		}
	}
	if r.String() != s {
		return Rule{}, fmt.Errorf("%w: %q: write %q", ErrRule, s, r)
	}
	return r, nil
}

func parseSpan(words []string) (time.Duration, []string, error) {
	if len(words) > 0 {
		if value, ok := strings.CutPrefix(words[0], "span="); ok {
			span, err := time.ParseDuration(value)
			if err == nil && span >= time.Microsecond && span <= 24*time.Hour && span%time.Microsecond == 0 {
				return span, words[1:], nil
			}
		}
	}
	return 0, nil, fmt.Errorf("%w: draw-equals needs span=…, from 1us to 24h", ErrRule)
}

func parseRounds(s string) ([]Dimension, error) {
	var out []Dimension
	for name := range strings.SplitSeq(s, "+") {
		i := slices.Index(dimensionNames[:], name)
		if i < 0 || slices.Contains(out, Dimension(i)) {
			return nil, fmt.Errorf("%w: reallocate=%s: want nationality, sector and province, each at most once, with + between", ErrRule, s)
		}
		out = append(out, Dimension(i))
	}
	return out, nil
}
