package notices

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"net/mail"
	"net/url"
	"strings"
	texttemplate "text/template"
	"time"
	"unicode"

	"puntuale/internal/clickday"
	"puntuale/internal/wire"
)

//go:embed receipt.txt receipt.html
var files embed.FS

// maxName is what fits well in a line of a mail, in characters.
const maxName = 120

// words are the templates of one installation.
type words struct {
	text *texttemplate.Template
	html *template.Template
	body string
	site string // address of the portal
	host string // right side of message ids
	rome *time.Location
}

func newWords(body, site string) (*words, error) {
	u, err := url.Parse(site)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || strings.HasSuffix(site, "/") {
		return nil, fmt.Errorf("portal-url: %q: want http(s)://host[:port] without a final stroke", site)
	}
	w := &words{body: oneLine(body), site: site, host: u.Hostname()}
	if w.rome, err = time.LoadLocation("Europe/Rome"); err != nil {
		return nil, fmt.Errorf("notices: time zone: %w", err)
	}
	if w.text, err = texttemplate.ParseFS(files, "receipt.txt"); err != nil {
		return nil, fmt.Errorf("notices: %w", err)
	}
	if w.html, err = template.ParseFS(files, "receipt.html"); err != nil {
		return nil, fmt.Errorf("notices: %w", err)
	}
	return w, nil
}

// oneLine makes a name safe for a line of text: no line ends, no control or
// direction characters, no more than maxName characters.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		if unicode.IsControl(r) || unicode.In(r, unicode.Cf) || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > maxName {
		s = string(r[:maxName-1]) + "…"
	}
	return s
}

// said is what the templates speak of: nothing of the worker or the employer,
// and of the applicant only what the link needs.
type said struct {
	Body, Protocol, Link string
	DayIT, DayEN         string
	AtIT, AtEN, AtUTC    string
}

// compose makes the message of a notice, or says why there can be none.
func (c *Courier) compose(n *Notice) (*Message, error) {
	to, err := Address(n.Email)
	if err != nil {
		return nil, err
	}
	w := c.words
	title := c.title(n)
	local := n.Arrived.In(w.rome)
	s := said{
		Body: w.body, Protocol: clickday.ProtocolNumber(n.DayCode, n.Number), Link: w.site + "/applications/" + n.Application.String(),
		DayIT: oneLine(title.IT), DayEN: oneLine(title.EN),
		AtIT:  local.Format("02/01/2006 ore 15:04:05,000000"),
		AtEN:  local.Format("2 January 2006, 15:04:05.000000"),
		AtUTC: n.Arrived.UTC().Format("2006-01-02T15:04:05.000000Z"),
	}
	var text, html bytes.Buffer
	if err := errors.Join(w.text.Execute(&text, &s), w.html.Execute(&html, &s)); err != nil {
		return nil, fmt.Errorf("notices: %w", err)
	}
	return &Message{
		To: to, Text: text.String(), HTML: html.String(), Date: n.CreatedAt,
		Subject: "Ricevuta disponibile: protocollo " + s.Protocol + " / Receipt available",
		ID:      "ricevuta." + n.Submission.String() + "@" + w.host,
	}, nil
}

// ErrAddress says that an e-mail address is none that mail can be sent to.
var ErrAddress = errors.New("the e-mail address of the account is not valid")

// Address accepts a bare address, local part and domain in ASCII as mail servers
// without SMTPUTF8 take them, and returns it. Anything else is ErrAddress.
func Address(s string) (string, error) {
	for _, r := range s {
		if r <= ' ' || r > '~' {
			return "", ErrAddress
		}
	}
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s || a.Name != "" || len(s) > 254 {
		return "", ErrAddress
	}
	local, domain, _ := strings.Cut(s, "@")
	if strings.ContainsAny(s, `"<>()[]\,;:`) || len(local) > 64 || strings.Contains(domain, "@") || !strings.Contains(domain, ".") {
		return "", ErrAddress
	}
	return s, nil
}

// titleCache keeps the names of the days of the newest calendar.
type titleCache struct {
	of    [32]byte // SHA-256 of the calendar
	names map[clickday.DayID]clickday.Text
}

// title returns the name of the day; its code when the calendar has none.
func (c *Courier) title(n *Notice) clickday.Text {
	c.mu.Lock()
	defer c.mu.Unlock()
	sum := sha256.Sum256(n.Calendar)
	if c.titles.names == nil || sum != c.titles.of {
		names := map[clickday.DayID]clickday.Text{}
		// A calendar that is not ours names nothing; the code of the day stands instead.
		if cal, err := wire.OpenCalendar(n.Calendar, c.CalendarKey); err == nil {
			for i := range cal.Days {
				names[cal.Days[i].ID] = clickday.Text{IT: cal.Days[i].TitleIT, EN: cal.Days[i].TitleEN}
			}
		}
		c.titles = titleCache{sum, names}
	}
	t, ok := c.titles.names[n.Day]
	if !ok {
		return clickday.Text{IT: n.DayCode, EN: n.DayCode}
	}
	return t
}
