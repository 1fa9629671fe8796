package portal

import (
	"context"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/portal/limit"
	"puntuale/internal/portal/site"
	"puntuale/internal/verdict"
	"puntuale/internal/verify"
)

const (
	// uploadRoute takes a body of its own size: the middleware leaves it alone.
	uploadRoute = "POST /verify"
	// maxUpload is the greatest length in bytes of a file that is verified here:
	// a list of some 300,000 rows. Longer ones are for the program.
	maxUpload      = 64 << 20
	maxUploads     = 4 // files that are received at the same time
	uploadPatience = 2 * time.Minute
	verifyPatience = 2 * time.Minute
)

// uploads bounds what verifications may cost: files on the disk, and one
// verification after the other.
type uploads struct {
	slots    chan struct{} // one token for each file that is being received
	turn     chan struct{} // one token for the verification
	perCalls *limit.Limiter
}

func newUploads(l *limit.Limiter) *uploads {
	return &uploads{make(chan struct{}, maxUploads), make(chan struct{}, 1), l}
}

type verifyFileView struct {
	site.Base
	MaxMiB  int
	Problem string // key of the texts: why there is no report
	Name    string // of the file
	Report  *reportView
}

// reportView is a report in one language.
type reportView struct {
	OK       bool
	Headline string
	Facts    []factView
	Checks   []checkView
	Findings []findingView
	More     int64
}

type (
	factView  struct{ Label, Value string }
	checkView struct {
		State               verdict.State
		Class               string // of the site.Badge
		Mark, Title, Detail string
	}
	findingView struct {
		Line        int64
		What, Means string
	}
)

var checkClasses = map[verdict.State]string{verdict.Proven: "done", verdict.Wrong: "wrong", verdict.Open: "wait"}

// verifyForm is the page that a file is given to.
func (p *Portal) verifyForm(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	return p.site.Render(w, r, v, http.StatusOK, "verifyfile", p.verifyFileView(v))
}

func (p *Portal) verifyFileView(v *site.Visit) *verifyFileView {
	return &verifyFileView{
		Base:   site.Base{Title: "verifyfile.title", Nav: "verify", Crumbs: []site.Crumb{{Label: p.site.Say(v, "verifyfile.title")}}},
		MaxMiB: maxUpload >> 20,
	}
}

// Why a file was not verified.
var (
	errBusy    = errors.New("portal: verifications are busy")
	errTooLong = errors.New("portal: the file is too long")
	errNoFile  = errors.New("portal: no file was given")
)

var uploadProblems = []struct {
	err    error
	status int
	key    string
}{
	{errBusy, http.StatusServiceUnavailable, "verifyfile.busy"},
	{errTooLong, http.StatusRequestEntityTooLarge, "verifyfile.long"},
	{errNoFile, http.StatusBadRequest, "verifyfile.nofile"},
	{verify.ErrUnreadable, http.StatusUnprocessableEntity, "verifyfile.unreadable"},
}

// verifyUpload verifies a file and shows the report. The file goes to the disk
// without a name, is read once, and is gone with the request.
func (p *Portal) verifyUpload(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	w.Header().Set("Cache-Control", "no-store")
	data := p.verifyFileView(v)
	report, name, err := p.verifyBody(w, r)
	for _, problem := range uploadProblems {
		if errors.Is(err, problem.err) {
			data.Problem = problem.key
			if problem.status == http.StatusServiceUnavailable {
				w.Header().Set("Retry-After", "60")
			}
			return p.site.Render(w, r, v, problem.status, "verifyfile", data)
		}
	}
	if err != nil {
		return err
	}
	data.Report, data.Name = viewReport(report, v.Lang), name
	return p.site.Render(w, r, v, http.StatusOK, "verifyfile", data)
}

func (p *Portal) verifyBody(w http.ResponseWriter, r *http.Request) (*verdict.Report, string, error) {
	if !p.uploads.perCalls.Allow(r) {
		return nil, "", errBusy
	}
	select {
	case p.uploads.slots <- struct{}{}:
		defer func() { <-p.uploads.slots }()
	default:
		return nil, "", errBusy
	}
	// A slow sender must not keep its slot. Where deadlines cannot be set, in
	// tests, the slots alone bound the cost.
	_ = http.NewResponseController(w).SetReadDeadline(p.clock.Now().Add(uploadPatience))
	r.Body = http.MaxBytesReader(w, r.Body, maxUpload+1<<20)
	file, name, err := receive(r)
	if err != nil {
		return nil, "", err
	}
	report, err := p.verifyFile(r.Context(), file)
	return report, name, errors.Join(err, file.Close())
}

// receive copies the first file of the form to the disk.
func receive(r *http.Request) (*os.File, string, error) {
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, "", errNoFile
	}
	part, err := parts.NextPart()
	if err != nil || part.FormName() != "file" || part.FileName() == "" {
		return nil, "", errNoFile
	}
	file, err := os.CreateTemp("", "puntuale-verify-*")
	if err != nil {
		return nil, "", err
	}
	if err := errors.Join(os.Remove(file.Name()), fill(file, part)); err != nil {
		return nil, "", errors.Join(err, file.Close())
	}
	return file, part.FileName(), nil
}

func fill(file *os.File, part *multipart.Part) error {
	n, err := io.Copy(file, io.LimitReader(part, maxUpload+1))
	var limited *http.MaxBytesError
	switch {
	case n > maxUpload || errors.As(err, &limited):
		return errTooLong
	case err != nil || n == 0:
		return errNoFile // whoever sent it has gone, or sent nothing
	}
	_, err = file.Seek(0, io.SeekStart)
	return err
}

// verifyFile waits for its turn and verifies.
func (p *Portal) verifyFile(ctx context.Context, file io.Reader) (*verdict.Report, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, verifyPatience, errBusy)
	defer cancel()
	select {
	case p.uploads.turn <- struct{}{}:
		defer func() { <-p.uploads.turn }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	o := &verify.Options{}
	var err error
	if o.Keys, err = p.trusted(ctx); err != nil {
		return nil, err
	}
	cal, signed, err := p.calendar.Current(ctx)
	if err != nil {
		return nil, err
	}
	if signed != nil {
		o.Calendar = &cal
	}
	return verify.Any(&while{ctx, file}, o)
}

// while reads until its context ends.
type while struct {
	ctx context.Context
	io.Reader
}

// Read implements io.Reader.
func (w *while) Read(b []byte) (int, error) {
	if w.ctx.Err() != nil {
		return 0, context.Cause(w.ctx)
	}
	return w.Reader.Read(b)
}

func viewReport(r *verdict.Report, lang string) *reportView {
	say := func(t clickday.Text) string { return t.In(lang) }
	out := &reportView{OK: r.OK(), Headline: say(r.Headline()), More: r.More}
	for i := range r.Facts {
		out.Facts = append(out.Facts, factView{say(r.Facts[i].Label), r.Facts[i].Say(lang)})
	}
	for i := range r.Checks {
		c := &r.Checks[i]
		out.Checks = append(out.Checks, checkView{c.State, checkClasses[c.State], say(c.Mark()), say(c.Title), say(c.Detail)})
	}
	for _, f := range r.Findings {
		out.Findings = append(out.Findings, findingView{f.Line, say(f.What), say(f.Means)})
	}
	return out
}
