package notices

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"strings"
	"time"
)

// Letter is one e-mail to one person, in that person's language. Whoever writes
// it stores it in the transaction that it tells of (package postgres).
type Letter struct {
	To      string // address; one that mail cannot be sent to fails at the sending
	Name    string // of the person, for the greeting; may be empty
	Lang    string // "it" or "en"
	Subject string
	// Text is plain text, paragraphs parted by empty lines; addresses that
	// begin with http:// or https:// and stand on a line of their own become
	// links. Greeting and signature are added.
	Text string
	// Key makes a letter unique: one that was written before is not written
	// again. It holds no personal data.
	Key string
	// NotAfter is when the letter is worth nothing any more; zero for the
	// limit of the courier.
	NotAfter time.Time
}

// Check says what is wrong with a letter, as a programmer would want to know.
func (l *Letter) Check() error {
	if l.To == "" || l.Subject == "" || l.Text == "" || l.Key == "" || l.Lang != "it" && l.Lang != "en" {
		return errors.New("notices: a letter needs To, Subject, Text, Key, and Lang it or en")
	}
	return nil
}

// LetterID numbers stored letters.
type LetterID int64

// StoredLetter is a letter with what became of it so far.
type StoredLetter struct {
	Letter
	ID        LetterID
	CreatedAt time.Time
	Attempts  int // including this one
	Unknown   int // earlier attempts that may have been delivered
}

// LetterStore keeps what becomes of letters, durably on return.
type LetterStore interface {
	// BeginLetter counts and returns one more attempt at a handed letter. An
	// attempt that was begun before and has not ended counts as Unknown. A
	// letter in any other state is ErrSettled.
	BeginLetter(ctx context.Context, id LetterID, now time.Time) (StoredLetter, error)
	// EndLetter makes the state final, Sent, Failed or Expired, and forgets
	// the text. It may be repeated.
	EndLetter(ctx context.Context, id LetterID, s State, result string, now time.Time) error
	// PutOffLetter ends the attempt and leaves the letter to its job, as
	// Store.PutOffNotice does.
	PutOffLetter(ctx context.Context, id LetterID, result string, counts, unknown bool) error
}

// DeliverLetter makes one attempt at a letter, as Deliver does at a notice.
func (c *Courier) DeliverLetter(ctx context.Context, id LetterID) (again time.Duration, err error) {
	if d := c.paused(); d > 0 {
		return d, nil
	}
	if err := c.limit.Wait(ctx); err != nil {
		return 0, err
	}
	l, err := c.Letters.BeginLetter(ctx, id, c.Clock.Now())
	if errors.Is(err, ErrSettled) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	last := l.NotAfter
	if last.IsZero() {
		last = l.CreatedAt.Add(c.MaxAge)
	}
	return c.attempt(ctx, &parcel{
		name: fmt.Sprintf("letter %d", id), attempts: l.Attempts, unknown: l.Unknown, last: last,
		compose: func() (*Message, error) { return c.composeLetter(&l) },
		end: func(ctx context.Context, s State, result string) error {
			return c.Letters.EndLetter(ctx, id, s, result, c.Clock.Now())
		},
		putOff: func(ctx context.Context, result string, counts, unknown bool) error {
			return c.Letters.PutOffLetter(ctx, id, result, counts, unknown)
		},
	})
}

// around is what stands before and after the text of a letter.
var around = map[string]struct{ greeting, automatic string }{
	"it": {"Gentile %s,", "Questo messaggio è automatico: le risposte non vengono lette. Non ha allegati\ne non chiede mai la password."},
	"en": {"Dear %s,", "This message is automatic: answers are not read. It has no attachments\nand never asks for the password."},
}

// composeLetter makes the message of a letter, or says why there can be none.
func (c *Courier) composeLetter(l *StoredLetter) (*Message, error) {
	to, err := Address(l.To)
	if err != nil {
		return nil, err
	}
	frame, ok := around[l.Lang]
	if !ok {
		frame = around["it"]
	}
	text := strings.TrimSpace(strings.ReplaceAll(l.Text, "\r\n", "\n"))
	if name := oneLine(l.Name); name != "" {
		text = fmt.Sprintf(frame.greeting, name) + "\n\n" + text
	}
	text += "\n\n" + frame.automatic + "\n\n" + c.words.body + "\n"
	var html bytes.Buffer
	if err := letterHTML.Execute(&html, map[string]any{"Lang": l.Lang, "Subject": l.Subject, "Paragraphs": paragraphs(text)}); err != nil {
		return nil, fmt.Errorf("notices: %w", err)
	}
	sum := sha256.Sum256([]byte(l.Key))
	return &Message{
		To: to, Lang: l.Lang, Subject: oneLine(l.Subject), Text: text, HTML: html.String(), Date: l.CreatedAt,
		ID: "lettera." + hex.EncodeToString(sum[:16]) + "@" + c.words.host,
	}, nil
}

// paragraph is lines of text, or one link.
type paragraph struct {
	Lines []string
	Link  string
}

func paragraphs(text string) []paragraph {
	var out []paragraph
	for block := range strings.SplitSeq(text, "\n\n") {
		var p paragraph
		for line := range strings.SplitSeq(strings.TrimSpace(block), "\n") {
			if strings.HasPrefix(line, "https://") || strings.HasPrefix(line, "http://") {
				if len(p.Lines) > 0 {
					out = append(out, p)
				}
				out, p = append(out, paragraph{Link: line}), paragraph{}
				continue
			}
			p.Lines = append(p.Lines, line)
		}
		if len(p.Lines) > 0 {
			out = append(out, p)
		}
	}
	return out
}

var letterHTML = template.Must(template.New("letter").Parse(`<!DOCTYPE html>
<html lang="{{.Lang}}">
<head><meta charset="utf-8"><title>{{.Subject}}</title></head>
<body style="margin:0;padding:16px;font-family:'Titillium Web',Arial,sans-serif;font-size:16px;line-height:1.5;color:#17324d;background:#ffffff">
<div style="max-width:600px;margin:0 auto">
<h1 style="font-size:22px;margin:0 0 12px">{{.Subject}}</h1>
{{range .Paragraphs}}{{if .Link}}<p style="word-break:break-all"><a href="{{.Link}}" style="color:#0066cc">{{.Link}}</a></p>
{{else}}<p>{{range $i, $line := .Lines}}{{if $i}}<br>{{end}}{{$line}}{{end}}</p>
{{end}}{{end}}</div>
</body></html>
`))
