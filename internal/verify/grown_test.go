package verify_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"puntuale/internal/ledger"
	"puntuale/internal/ranking/rankingtest"
	"puntuale/internal/verify"
)

// tree is a ledger of a day with its heads at every size that was asked for,
// and its tiles as a portal serves them.
type tree struct {
	files map[string][]byte
	heads map[int64][]byte
}

// grow makes a ledger of the lines "<word> 0", "<word> 1" …, where the word of
// the line at odd is another one.
func grow(t *testing.T, odd int, sizes ...int) *tree {
	t.Helper()
	signer, err := rankingtest.Signer()
	if err != nil {
		t.Fatal(err)
	}
	out := &tree{map[string][]byte{}, map[int64][]byte{}}
	var e ledger.Edge
	for _, size := range sizes {
		var lines [][]byte
		for i := int(e.Size()); i < size; i++ {
			word := "line"
			if i == odd {
				word = "other"
			}
			lines = append(lines, fmt.Appendf(nil, "%s %d", word, i))
		}
		tiles, err := e.Grow(lines)
		if err != nil {
			t.Fatal(err)
		}
		for i := range tiles {
			out.files["/ledger/D/"+tiles[i].Path()] = tiles[i].Data
		}
		head, err := signer.Sign("D", e.Size(), e.Root())
		if err != nil {
			t.Fatal(err)
		}
		out.heads[e.Size()] = head.Note
		out.files["/ledger/D/checkpoint"] = head.Note
	}
	return out
}

func (f *tree) serve(t *testing.T) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, ok := f.files[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(b)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// since is run with the newest head of the portal.
func (f *files) since(c verify.Command, name string) (string, int) {
	f.t.Helper()
	var out bytes.Buffer
	var r *verify.Result
	err := c.Since(context.Background(), &out, "en", f.path(name))
	if err == nil {
		return out.String(), 0
	}
	if !errors.As(err, &r) {
		f.t.Fatal(err)
	}
	return out.String(), r.ExitCode()
}

func TestTwoHeadsOfOneLedger(t *testing.T) {
	f := newFiles(t)
	honest, forged := grow(t, -1, 3, 255, 300, 70000), grow(t, 5, 3, 255, 300, 70000)
	f.write("at3", honest.heads[3])
	f.write("at255", honest.heads[255])
	f.write("at300", honest.heads[300])
	f.write("at70000", honest.heads[70000])
	f.write("forged300", forged.heads[300])
	f.write("forged70000", forged.heads[70000])
	f.write("unsigned", bytes.Replace(honest.heads[300], []byte("\n300\n"), []byte("\n301\n"), 1))
	f.write("hello", []byte("hello"))
	at := verify.Command{Trust: f.path("keys.json"), Portal: honest.serve(t)}
	liar := verify.Command{Trust: f.path("keys.json"), Portal: forged.serve(t)}
	offline := verify.Command{Trust: f.path("keys.json")}
	for name, c := range map[string]struct {
		command verify.Command
		files   []string
		want    int
	}{
		"grown by a few":             {at, []string{"at3", "at255"}, verify.ExitProven},
		"grown over tiles":           {at, []string{"at255", "at70000"}, verify.ExitProven},
		"the same":                   {at, []string{"at300", "at300"}, verify.ExitProven},
		"to what the portal has":     {at, []string{"at300"}, verify.ExitProven},
		"before the change":          {liar, []string{"at3"}, verify.ExitProven},
		"a row was changed":          {liar, []string{"at300"}, verify.ExitWrong},
		"changed, same size":         {at, []string{"at300", "forged300"}, verify.ExitWrong},
		"changed and grown":          {liar, []string{"at300", "forged70000"}, verify.ExitWrong},
		"tiles of another ledger":    {liar, []string{"at255", "at70000"}, verify.ExitWrong},
		"it has shrunk":              {at, []string{"at70000", "at300"}, verify.ExitWrong},
		"not signed":                 {at, []string{"unsigned", "at70000"}, verify.ExitWrong},
		"no head":                    {at, []string{"hello", "at300"}, verify.ExitUnreadable},
		"later is no head":           {at, []string{"at300", "hello"}, verify.ExitUnreadable},
		"without a place for tiles":  {offline, []string{"at3", "at300"}, verify.ExitUnreadable},
		"of a day that is not there": {at, []string{"earlier.checkpoint"}, verify.ExitUnreadable},
	} {
		t.Run(name, func(t *testing.T) {
			var out string
			var got int
			if len(c.files) == 1 {
				out, got = f.since(c.command, c.files[0])
			} else {
				out, got = f.run(c.command, c.files...)
			}
			if got != c.want || c.want == verify.ExitWrong && !strings.Contains(out, "This means:") {
				t.Errorf("exit code %d, want %d\n%s", got, c.want, out)
			}
		})
	}
}
