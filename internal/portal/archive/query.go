package archive

import (
	"encoding/base64"
	"encoding/binary"
	"html/template"
	"net/url"
	"slices"
	"strconv"
	"time"

	old "puntuale/internal/archive"
	"puntuale/internal/clickday"
	"puntuale/internal/portal/site"
)

// firstYear is that of the first click day there ever was.
const firstYear = 2007

// filters are the GET parameters that narrow the list, cleaned.
type filters struct {
	Q, Worker, Number, Year, Day, Model, State, Nationality string
}

func readFilters(v url.Values) filters {
	get := func(name string) string { return old.Clean(v.Get(name)) }
	return filters{get("q"), get("worker"), get("number"), get("year"), get("day"), get("model"), get("state"), get("nationality")}
}

// each calls f for every parameter that is set.
func (f *filters) each(yield func(name, value string)) {
	for _, p := range [][2]string{
		{"q", f.Q}, {"worker", f.Worker}, {"number", f.Number}, {"year", f.Year}, {"day", f.Day}, {"model", f.Model}, {"state", f.State}, {"nationality", f.Nationality},
	} {
		if p[1] != "" {
			yield(p[0], p[1])
		}
	}
}

// values are the parameters as they stand in an address.
func (f *filters) values() url.Values {
	v := url.Values{}
	f.each(func(name, value string) { v.Set(name, value) })
	return v
}

// narrowed counts the filters beside the words.
func (f *filters) narrowed() int {
	n := 0
	f.each(func(name, _ string) {
		if name != "q" {
			n++
		}
	})
	return n
}

// query is what the filters ask for. What none of our options holds, finds
// nothing.
func (f *filters) query(cal *clickday.Calendar, rome *time.Location) old.Query {
	q := old.Query{
		Words: old.WordsOf(f.Q), Worker: old.PlainWords(f.Worker), Number: f.Number, Model: clickday.ModelCode(f.Model), State: f.State, Nationality: f.Nationality,
	}
	if f.Year != "" {
		year, err := strconv.Atoi(f.Year)
		if err != nil || year < 1 || year > 9999 {
			year = -1
		}
		q.Year = year
		for i := range cal.Days {
			if cal.Days[i].OpensAt().In(rome).Year() == year {
				q.Days = append(q.Days, cal.Days[i].ID)
			}
		}
	}
	if f.Day != "" {
		day, err := strconv.ParseUint(f.Day, 10, 31)
		if err != nil || day == 0 {
			day = 1<<31 - 1
		}
		q.Day = clickday.DayID(day)
	}
	return q
}

// encode writes a place of the list into an address.
func encode(c *old.Cursor) string {
	b := binary.BigEndian.AppendUint64(nil, uint64(c.Moment.UnixMicro()))
	return base64.RawURLEncoding.EncodeToString(append(b, c.ID[:]...))
}

func decode(s string) (*old.Cursor, bool) {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(b) != 24 {
		return nil, false
	}
	micros := int64(binary.BigEndian.Uint64(b))
	if micros < -1e16 || micros > 1e17 { // beyond what a timestamp can be
		return nil, false
	}
	return &old.Cursor{Moment: time.UnixMicro(micros).UTC(), ID: clickday.ApplicationID(b[8:])}, true
}

// readPage is the part of the list that an address asks for; one that no link of
// ours leads to is the first.
func readPage(v url.Values, limit int) old.Page {
	if c, ok := decode(v.Get("before")); ok {
		return old.Page{From: c, Before: true, Limit: limit}
	}
	if c, ok := decode(v.Get("after")); ok {
		return old.Page{From: c, Limit: limit}
	}
	return old.Page{Limit: limit}
}

// options are what the filters offer.
type options struct {
	Years, Days, Models              []choice
	DraftStates, SentStates, Earlier []choice
	Nations                          template.HTML
}

func (a *Archive) options(v *site.Visit, f *filters, cal *clickday.Calendar) options {
	var out options
	last := a.site.Clock().Now().In(a.site.Rome()).Year()
	for i := range cal.Days {
		d := &cal.Days[i]
		if d.Rehearsal {
			continue
		}
		last = max(last, d.OpensAt().In(a.site.Rome()).Year())
		title := clickday.Text{IT: d.TitleIT, EN: d.TitleEN}.In(v.Lang)
		out.Days = append(out.Days, choice{Value: strconv.FormatInt(int64(d.ID), 10), Label: title})
	}
	slices.Reverse(out.Days)
	for y := last; y >= firstYear; y-- {
		out.Years = append(out.Years, choice{Value: strconv.Itoa(y), Label: strconv.Itoa(y)})
	}
	for _, c := range a.codes {
		out.Models = append(out.Models, choice{Value: string(c), Label: string(c)})
	}
	out.Nations = a.nationOptions(v.Lang, f.Nationality)
	for i, key := range old.Filters {
		c := choice{Value: key, Label: a.site.Say(v, "archive.state."+key)}
		switch {
		case i < 4:
			out.DraftStates = append(out.DraftStates, c)
		case i < 7:
			out.SentStates = append(out.SentStates, c)
		default:
			out.Earlier = append(out.Earlier, c)
		}
	}
	choose(out.Years, f.Year)
	choose(out.Days, f.Day)
	out.Models = offer(out.Models, f.Model)
	for _, list := range [][]choice{out.DraftStates, out.SentStates, out.Earlier} {
		choose(list, f.State)
	}
	return out
}

func choose(list []choice, value string) {
	for i := range list {
		list[i].Chosen = list[i].Value == value
	}
}

// offer chooses a value, which may be one that is not offered: models of earlier
// years are no more.
func offer(list []choice, value string) []choice {
	if value != "" && !slices.ContainsFunc(list, func(c choice) bool { return c.Value == value }) {
		list = append(list, choice{Value: value, Label: value})
	}
	choose(list, value)
	return list
}
