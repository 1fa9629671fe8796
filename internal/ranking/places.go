package ranking

import (
	"errors"

	"puntuale/internal/clickday"
	"puntuale/internal/ledger"
	"puntuale/internal/quota"
)

// places collects what the allocation needs and compares its result with what
// the rows say.
type places struct {
	header  *Header
	entries []quota.Entry
	said    []Place
	lines   []int64 // of the entries
	groups  map[string]quota.Group
}

// add takes a row that is readable.
func (p *places) add(c *checker, l *ledger.Leaf, r *Row, at int64) {
	if l.Outcome != ledger.Numbered || len(p.header.Quotas) == 0 {
		if r.Group != "" || r.Place != NoPlace {
			c.find("places", at, groupWrong, placeMeans)
		}
		return
	}
	p.entries = append(p.entries, quota.Entry{Number: l.Number, Arrived: l.Arrived, Submission: l.Submission, Group: p.group(r.Group)})
	p.said = append(p.said, r.Place)
	p.lines = append(p.lines, at)
}

// group returns the one copy that is kept of a group's name.
func (p *places) group(name string) quota.Group {
	g, ok := p.groups[name]
	if !ok {
		if p.groups == nil {
			p.groups = map[string]quota.Group{}
		}
		g = quota.Group(name)
		p.groups[name] = g
	}
	return g
}

// settle allocates the places anew.
func (p *places) settle(c *checker) {
	if len(p.header.Quotas) == 0 {
		c.report.Leave("places", placesTitle, placesNone)
		return
	}
	result, err := p.allocate()
	if errors.Is(err, quota.ErrSeed) {
		p.compare(c, func(int) Place { return NoPlace })
		if !c.report.Found("places") {
			c.report.Leave("places", placesTitle, placesSeed)
			return
		}
	} else if err != nil {
		c.find("places", 0, allocationWrong(err), placeMeans)
	} else {
		p.compare(c, func(i int) Place {
			if result.Placements[i].Admitted {
				return Admitted
			}
			return Waiting
		})
	}
	c.report.Settle("places", placesTitle, placesDetail(p.said))
}

func (p *places) allocate() (*quota.Result, error) {
	rule, err := quota.ParseRule(p.header.Policy)
	if err != nil {
		return nil, err
	}
	rows := make([]quota.Row, len(p.header.Quotas))
	for i, q := range p.header.Quotas {
		rows[i] = quota.Row{Group: quota.Group(q.Group), Places: q.Places}
	}
	table, err := quota.NewTable(rows)
	if err != nil {
		return nil, err
	}
	return quota.Allocate(table, rule, p.header.TieSeed, p.entries)
}

func (p *places) compare(c *checker, computed func(i int) Place) {
	for i, said := range p.said {
		if want := computed(i); said != want {
			c.find("places", p.lines[i], placeWrong(said, want, p.entries[i].Group), placeMeans)
		}
	}
}

func placesDetail(said []Place) clickday.Text {
	admitted := 0
	for _, s := range said {
		if s == Admitted {
			admitted++
		}
	}
	return placesAgree(admitted, len(said)-admitted)
}
