package api_test

import (
	"fmt"
	"strings"
	"time"

	"puntuale/internal/accounts"
	"puntuale/internal/bulk"
	"puntuale/internal/forms/sample"
	"puntuale/internal/portal/api"
)

// importRoutes hands in a file, again, and files that are none.
func (c *contract) importRoutes() {
	c.T.Helper()
	token := c.program(anna, accounts.ScopeWrite, time.Hour)
	m, _ := c.Models.Newest("B")
	var rows []bulk.Exported
	for i := range 3 {
		rows = append(rows, bulk.Exported{Answers: sample.ModelB(sample.New(uint64(i+10)), sample.Person)})
	}
	rows[2].Answers["worker_sex"] = "?"
	csv := string(bulk.Export(m, rows, "it"))
	var out struct {
		Upload         int64
		Again          bool
		Taken, Refused int
		Problems       []api.FieldError
	}
	const path = "/api/v1/applications/import?click_day=1&model=B"
	for _, again := range []bool{false, true} {
		c.send(token, "POST", path+"&name=maggio.csv", "text/csv", csv).ok(200, &out)
		if out.Again != again || out.Taken != 2 || out.Refused != 1 || out.Upload == 0 || len(out.Problems) == 0 || out.Problems[0].Text.EN == "" {
			c.T.Errorf("import: %+v", out)
		}
	}
	var page struct{ Applications []detail }
	c.call(token, "GET", "/api/v1/applications", "").ok(200, &page)
	if len(page.Applications) != 2 || page.Applications[0].State != "ready" {
		c.T.Errorf("after the import: %+v", page)
	}
	c.send(token, "POST", path, "text/csv", "a;b\n1;2\n").refused(422, "import_invalid")
	c.send(token, "POST", strings.Replace(path, "day=1", "day=9", 1), "text/csv", csv).refused(409, "click_day_not_in_preparation")
	c.send(token, "POST", "/api/v1/applications/import?model=B", "text/csv", csv).refused(422, "request_invalid")
	c.send(token, "POST", path, "text/csv", strings.Repeat("x", bulk.MaxBytes+1)).refused(413, "body_too_large")
}

// onePixel is a PNG.
const onePixel = "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89" +
	"\x00\x00\x00\rIDATx\x9cc\xf8\xff\xff?\x00\x05\xfe\x02\xfe\xdc\xccY\xe7\x00\x00\x00\x00IEND\xaeB`\x82"

func (c *contract) attachmentRoutes() {
	c.T.Helper()
	token := c.program(anna, accounts.ScopeWrite, time.Hour)
	var a detail
	c.call(token, "POST", "/api/v1/applications", `{"click_day":1,"model":"B"}`).ok(201, &a)
	m, _ := c.Models.Newest("B")
	kind := m.Attachments[0].Kind
	path := "/api/v1/applications/" + a.ID + "/attachments"
	add := fmt.Sprintf("%s?kind=%s&name=passaporto.png", path, kind)
	var out struct {
		Attachments []struct {
			ID   int64
			Type string
		}
	}
	c.send(token, "POST", add, "application/octet-stream", onePixel).ok(201, &out)
	if len(out.Attachments) != 1 || out.Attachments[0].Type != "image/png" {
		c.T.Fatalf("attachments: %+v", out)
	}
	for _, wrong := range []string{onePixel, "MZ nothing", "%PDF-1.7 cut"} {
		if errs := c.send(token, "POST", add, "application/octet-stream", wrong).refused(422, "attachment_refused"); len(errs) != 1 || errs[0].Text.IT == "" {
			c.T.Errorf("%.8q: %+v", wrong, errs)
		}
	}
	c.send(token, "POST", path+"?kind=other&name=x", "application/octet-stream", onePixel).refused(422, "attachment_refused")
	c.call(token, "GET", path, "").ok(200, &out)
	file := fmt.Sprintf("%s/%d", path, out.Attachments[0].ID)
	c.call(c.program(mario, accounts.ScopeWrite, time.Hour), "DELETE", file, "").refused(404, "not_found")
	c.call(token, "DELETE", file, "").ok(204, nil)
	c.call(token, "DELETE", file, "").refused(404, "not_found")
	c.call(token, "DELETE", "/api/v1/applications/"+a.ID, "").ok(204, nil)
	c.call(token, "GET", "/api/v1/applications/"+a.ID, "").refused(404, "not_found")
}
