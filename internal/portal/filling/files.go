package filling

import (
	"encoding/hex"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"puntuale/internal/accounts"
	"puntuale/internal/accounts/drafts"
	"puntuale/internal/attachment"
	"puntuale/internal/clickday"
	"puntuale/internal/portal/site"
)

// errNoFile is for a form without a file.
var errNoFile = errors.New("filling: no file was given")

// uploadPatience is how long a slow sender may take.
const uploadPatience = 2 * time.Minute

type fileView struct {
	ID     int64
	Name   string
	URL    string
	Size   string
	At     string
	SHA256 string
}

type kindView struct {
	Kind, Label, Help string
	Selected          bool
	Files             []fileView
}

type filesView struct {
	site.Base
	URL     string
	Sealed  bool
	Kinds   []kindView // that go with the answers
	Missing int        // kinds without a file
	Other   []fileView // of kinds that are not asked for any more
	Full    bool
	MaxMiB  int
	Most    int
	Problem string // key of the texts
}

// files is the page of the attachments of an application.
func (f *Filling) files(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	return f.showFiles(w, r, v, http.StatusOK, r.URL.Query().Get("kind"), "")
}

func (f *Filling) showFiles(w http.ResponseWriter, r *http.Request, v *site.Visit, status int, kind, problem string) error {
	s, err := f.subject(r, v)
	if err != nil {
		return err
	}
	list, err := f.store.Files(r.Context(), v.Account.ID, s.ID)
	if err != nil {
		return err
	}
	data := &filesView{
		Base: site.Base{Title: "filling.files.title", Nav: "applications", Crumbs: f.crumbs(v, s, "filling.files.title")},
		URL:  s.url(""), Sealed: s.State == clickday.Sealed, Full: len(list) >= attachment.MaxFiles,
		MaxMiB: attachment.MaxBytes >> 20, Most: attachment.MaxFiles, Problem: problem,
	}
	data.Kinds, data.Other = f.kinds(v, s, list)
	for i := range data.Kinds {
		if len(data.Kinds[i].Files) == 0 {
			data.Missing++
		}
		data.Kinds[i].Selected = data.Kinds[i].Kind == kind
	}
	return f.site.Render(w, r, v, status, "files", data)
}

// kinds puts the files of an application below what the model asks for.
func (f *Filling) kinds(v *site.Visit, s *subject, list []drafts.File) (kinds []kindView, other []fileView) {
	at := map[string]int{}
	for _, t := range s.model.WantedAttachments(s.Answers) {
		at[t.Kind] = len(kinds)
		kinds = append(kinds, kindView{Kind: t.Kind, Label: t.Label.In(v.Lang), Help: t.Help.In(v.Lang)})
	}
	for i := range list {
		file := &list[i]
		one := fileView{
			ID: file.ID, Name: file.Name, URL: s.url("/files/" + strconv.FormatInt(file.ID, 10)), Size: site.Size(v, int64(file.Size)),
			At: f.site.Minute(v, file.UploadedAt), SHA256: hex.EncodeToString(file.SHA256[:]),
		}
		if k, ok := at[file.Kind]; ok {
			kinds[k].Files = append(kinds[k].Files, one)
		} else {
			other = append(other, one)
		}
	}
	return kinds, other
}

// attach takes a file in. What is wrong with it is said on the page.
func (f *Filling) attach(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	s, err := f.subject(r, v)
	if err != nil {
		return err
	}
	fields, name, content, err := f.receive(w, r, attachment.MaxBytes)
	if err == nil {
		err = f.drafts.Attach(r.Context(), v.Account.ID, s.ID, fields.Get("kind"), name, content)
	}
	if status, key := fileProblem(err); key != "" {
		return f.showFiles(w, r, v, status, fields.Get("kind"), key)
	}
	if err != nil {
		return err
	}
	f.site.Flash(r, "filling.flash.attached")
	http.Redirect(w, r, s.url("/files"), http.StatusSeeOther)
	return nil
}

// receive reads a form with one file, in memory, and no more of it than is
// allowed. A file that is too large is attachment.ErrLarge.
func (f *Filling) receive(w http.ResponseWriter, r *http.Request, most int64) (url.Values, string, []byte, error) {
	// Where deadlines cannot be set, in tests, the size alone bounds the cost.
	_ = http.NewResponseController(w).SetReadDeadline(f.site.Clock().Now().Add(uploadPatience))
	r.Body = http.MaxBytesReader(w, r.Body, most+64<<10)
	form := url.Values{}
	parts, err := r.MultipartReader()
	if err != nil {
		return form, "", nil, site.ErrBadRequest
	}
	name, content, found := "", []byte(nil), false
	for range 10 {
		p, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return form, "", nil, tooLong(err)
		}
		limit := int64(1 << 10)
		if p.FormName() == "file" {
			limit = most + 1
		}
		b, err := io.ReadAll(io.LimitReader(p, limit))
		if err != nil {
			return form, "", nil, tooLong(err)
		}
		if p.FormName() != "file" {
			form.Set(p.FormName(), string(b))
			continue
		}
		name, content, found = p.FileName(), b, p.FileName() != ""
	}
	switch {
	case !found:
		return form, "", nil, errNoFile
	case int64(len(content)) > most:
		return form, "", nil, attachment.ErrLarge
	}
	return form, name, content, nil
}

func tooLong(err error) error {
	var long *http.MaxBytesError
	if errors.As(err, &long) {
		return attachment.ErrLarge
	}
	return site.ErrBadRequest
}

// file sends an attachment back, always as a download and never as a page of
// ours.
func (f *Filling) file(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	s, id, err := f.fileID(r, v)
	if err != nil {
		return err
	}
	file, err := f.store.File(r.Context(), v.Account.ID, s.ID, id)
	if err != nil {
		return err
	}
	private(w.Header())
	download(w, string(file.Type), file.Name, file.Content)
	return nil
}

func download(w http.ResponseWriter, mediaType, name string, content []byte) {
	h := w.Header()
	h.Set("Content-Type", mediaType)
	h.Set("Content-Length", strconv.Itoa(len(content)))
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	w.Write(content) // a browser that has gone away misses its file, nothing else
}

func (f *Filling) fileID(r *http.Request, v *site.Visit) (*subject, int64, error) {
	id, err := strconv.ParseInt(r.PathValue("file"), 10, 64)
	if err != nil {
		return nil, 0, accounts.ErrNotFound
	}
	s, err := f.subject(r, v)
	return s, id, err
}

func (f *Filling) removeFile(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	s, id, err := f.fileID(r, v)
	if err != nil {
		return err
	}
	if err := f.store.RemoveFile(r.Context(), v.Account.ID, s.ID, id); err != nil {
		return err
	}
	f.site.Flash(r, "filling.flash.removed")
	http.Redirect(w, r, s.url("/files"), http.StatusSeeOther)
	return nil
}
