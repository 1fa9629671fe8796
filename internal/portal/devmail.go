package portal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/http"
	"net/mail"
	"os"
	"slices"
	"strings"

	"puntuale/internal/accounts"
	"puntuale/internal/portal/site"
)

// maxDevMails is what the page of a demo shows, the newest.
const maxDevMails = 50

type mailView struct {
	To, Subject, Date, Text string
}

type devMailView struct {
	site.Base
	Mails []mailView
	More  int // older ones that are not shown
}

// devMail shows the mails that a demo's mail server has kept instead of
// delivering them. It is there only with Config.DevMail.
func (p *Portal) devMail(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	root, err := os.OpenRoot(p.cfg.DevMail)
	if errors.Is(err, fs.ErrNotExist) {
		return p.site.Render(w, r, v, http.StatusOK, "devmail", p.devMailView(v))
	}
	if err != nil {
		return fmt.Errorf("dev mail: %w", err)
	}
	defer root.Close()
	entries, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return fmt.Errorf("dev mail: %w", err)
	}
	data := p.devMailView(v)
	slices.Reverse(entries)
	for _, e := range entries {
		if !e.Type().IsRegular() || !strings.HasSuffix(e.Name(), ".eml") {
			continue
		}
		if len(data.Mails) == maxDevMails {
			data.More++
			continue
		}
		b, err := root.ReadFile(e.Name())
		if err != nil {
			return fmt.Errorf("dev mail: %w", err)
		}
		m, err := readMail(b)
		if err != nil {
			return fmt.Errorf("dev mail: %s: %w", e.Name(), err)
		}
		data.Mails = append(data.Mails, m)
	}
	return p.site.Render(w, r, v, http.StatusOK, "devmail", data)
}

func (p *Portal) devMailView(v *site.Visit) *devMailView {
	return &devMailView{Base: site.Base{Title: "devmail.title", Crumbs: []site.Crumb{{Label: p.site.Say(v, "devmail.title")}}}}
}

// readMail takes out what a person reads: headers and the plain text.
func readMail(b []byte) (mailView, error) {
	msg, err := mail.ReadMessage(bytes.NewReader(b))
	if err != nil {
		return mailView{}, err
	}
	m := mailView{To: msg.Header.Get("To"), Date: msg.Header.Get("Date")}
	if m.Subject, err = new(mime.WordDecoder).DecodeHeader(msg.Header.Get("Subject")); err != nil {
		return m, err
	}
	kind, params, err := mime.ParseMediaType(msg.Header.Get("Content-Type"))
	if err != nil || !strings.HasPrefix(kind, "multipart/") {
		return m, err
	}
	parts := multipart.NewReader(msg.Body, params["boundary"])
	for {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return m, nil
		}
		if err != nil {
			return m, err
		}
		if !strings.HasPrefix(part.Header.Get("Content-Type"), "text/plain") {
			continue
		}
		text, err := io.ReadAll(quotedprintable.NewReader(part))
		m.Text = string(text)
		return m, err
	}
}

// segnatura is the protocol signature of the applicant's own application.
func (p *Portal) segnatura(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	s, err := p.subject(r, v)
	if err != nil {
		return err
	}
	xml, err := p.store.SegnaturaOf(r.Context(), v.Account.ID, s.ID)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/xml")
	h.Set("Content-Length", fmt.Sprint(len(xml)))
	h.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="segnatura-%s.xml"`, s.ID))
	w.Write(xml) // as with receipts
	return nil
}

// segnaturaURL returns the address of the signature, empty while there is none.
func (p *Portal) segnaturaURL(r *http.Request, v *site.Visit, s *subject) (string, error) {
	_, err := p.store.SegnaturaOf(r.Context(), v.Account.ID, s.ID)
	if errors.Is(err, accounts.ErrNotFound) {
		return "", nil
	}
	return s.url("/segnatura"), err
}
