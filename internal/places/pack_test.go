package places

import (
	"bytes"
	"compress/gzip"
	"strings"
	"testing"
)

var header = strings.Join(columns, ",") + "\n"

// pack makes a data file of a text.
func pack(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
