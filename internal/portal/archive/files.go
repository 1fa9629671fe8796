package archive

import (
	"archive/zip"
	"encoding/csv"
	"fmt"
	"net/http"
	"strings"
	"time"

	"puntuale/internal/accounts"
	old "puntuale/internal/archive"
	"puntuale/internal/clickday"
	"puntuale/internal/portal/site"
)

// exportChunk is how many rows of a file are read at a time.
const exportChunk = 500

// export gives what was found as CSV, in the form that Italian spreadsheets open.
func (a *Archive) export(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	cal, _, err := a.calendar.Current(r.Context())
	if err != nil {
		return err
	}
	f := readFilters(r.URL.Query())
	q := f.query(&cal, a.site.Rome())
	page := old.Page{Limit: exportChunk}
	res, err := a.store.Search(r.Context(), v.Account.ID, &q, page)
	if err != nil {
		return err
	}
	download(w, "text/csv; charset=utf-8", "domande-"+a.site.Clock().Now().In(a.site.Rome()).Format("2006-01-02")+".csv")
	w.Write([]byte("\xef\xbb\xbf")) // a browser that has gone away misses its file, nothing else
	out := csv.NewWriter(w)
	out.Comma, out.UseCRLF = ';', true
	var head []string
	for _, k := range []string{"number", "state", "day", "model", "worker", "nationality", "employer", "moment", "link"} {
		head = append(head, a.site.Say(v, "archive.column."+k))
	}
	out.Write(head) // likewise, here and below
	for {
		for i := range res.Entries {
			row, err := a.row(v, &res.Entries[i], &cal)
			if err != nil {
				return a.broken(r, err)
			}
			out.Write(a.cells(v, &row, res.Entries[i].Moment))
		}
		if !res.Later || len(res.Entries) == 0 {
			break
		}
		page.From = &res.Entries[len(res.Entries)-1].Cursor
		if res, err = a.store.Search(r.Context(), v.Account.ID, &q, page); err != nil {
			return a.broken(r, err)
		}
	}
	out.Flush()
	return nil
}

func (a *Archive) cells(v *site.Visit, row *rowView, moment time.Time) []string {
	cells := []string{
		row.Number, a.site.Say(v, row.State.Key), row.Day, string(row.Model), row.Worker, row.Nation, row.Employer,
		moment.In(a.site.Rome()).Format("02/01/2006 15:04:05"), a.site.PublicURL() + row.URL,
	}
	for i := range cells {
		cells[i] = inert(cells[i])
	}
	return cells
}

// inert keeps a spreadsheet from taking a text for a formula.
func inert(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}

// broken ends a file that has begun: what is missing in it cannot be told in it.
func (a *Archive) broken(r *http.Request, err error) error {
	a.site.Log().ErrorContext(r.Context(), "a file ends before its end", "path", r.URL.Path, "err", err)
	panic(http.ErrAbortHandler) // the browser says that the download failed
}

// receipts gives the receipts of a year, by date of arrival, as one file.
func (a *Archive) receipts(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	year, ok := a.year(r.URL.Query().Get("year"))
	if !ok {
		return site.ErrBadRequest
	}
	from, until := a.span(year)
	n, err := a.store.CountReceipts(r.Context(), v.Account.ID, from, until)
	if err != nil {
		return err
	}
	if n == 0 {
		return accounts.ErrNotFound
	}
	download(w, "application/zip", fmt.Sprintf("ricevute-%d.zip", year))
	out := zip.NewWriter(w)
	err = a.store.ReceiptsOf(r.Context(), v.Account.ID, from, until, func(rc *old.Receipt) error {
		name := strings.ReplaceAll(clickday.ProtocolNumber(rc.DayCode, rc.Number), "/", "-") + ".pdf"
		file, err := out.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store, Modified: rc.IssuedAt.In(a.site.Rome())}) // PDFs are compressed
		if err != nil {
			return err
		}
		_, err = file.Write(rc.PDF)
		return err
	})
	if err != nil {
		return a.broken(r, err)
	}
	if err := out.Close(); err != nil {
		return a.broken(r, err)
	}
	return nil
}

func download(w http.ResponseWriter, media, name string) {
	h := w.Header()
	h.Set("Content-Type", media)
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
}
