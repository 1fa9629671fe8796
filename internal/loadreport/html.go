package loadreport

import "bytes"

// HTML is the page.
func (r *Report) HTML() ([]byte, error) {
	var b bytes.Buffer
	if err := page.Execute(&b, newView(r)); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
