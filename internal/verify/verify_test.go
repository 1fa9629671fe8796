package verify_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"puntuale/internal/clickday"
	"puntuale/internal/ranking/rankingtest"
	"puntuale/internal/trust"
	"puntuale/internal/verdict"
	"puntuale/internal/verify"
	"puntuale/internal/wire"
)

// files are a directory with keys.json, a calendar, a list, an earlier list, the
// earlier checkpoint and an acknowledgement.
type files struct {
	t    *testing.T
	dir  string
	keys *trust.Keys
}

func newFiles(t *testing.T) *files {
	t.Helper()
	f := &files{t: t, dir: t.TempDir()}
	node := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, 32))
	calendar := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{2}, 32))
	var err error
	if f.keys, err = rankingtest.Keys(); err != nil {
		t.Fatal(err)
	}
	f.keys.Nodes = []trust.Node{{Node: 3, Key: node.Public().(ed25519.PublicKey)}}
	f.keys.Calendar = calendar.Public().(ed25519.PublicKey)
	b, err := f.keys.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	f.write("keys.json", b)
	cal := rankingtest.Calendar()
	if b, err = wire.SealCalendar(&cal, calendar); err != nil {
		t.Fatal(err)
	}
	f.write("calendar", b)
	f.lists()
	leaf := wire.Leaf{ID: wire.IDOf([]byte("x")), Stamp: clickday.Stamp{UnixNano: 1, Source: 1, Clock: 1, Node: 3, Journal: 4, Sequence: 5}}
	root := wire.HashLeaf(wire.AppendLeaf(nil, &leaf))
	s := wire.BatchStatement{Node: 3, Journal: 4, Batch: 1, Count: 1, Root: root}
	f.write("ack", wire.AppendAcknowledgement(nil, &wire.Acknowledgement{
		Leaf: leaf, Batch: 1, Count: 1, KeyID: wire.KeyID(f.keys.Nodes[0].Key), Signature: [64]byte(ed25519.Sign(node, s.Message())),
	}))
	return f
}

func (f *files) lists() {
	f.t.Helper()
	signer, err := rankingtest.Signer()
	if err != nil {
		f.t.Fatal(err)
	}
	l, err := rankingtest.Make(300, 1)
	if err != nil {
		f.t.Fatal(err)
	}
	publish := func(name string, l rankingtest.List) {
		var out bytes.Buffer
		if err := l.Publish(&out, signer); err != nil {
			f.t.Fatal(err)
		}
		f.write(name, out.Bytes())
		f.write(name+".checkpoint", l.Header.Checkpoint)
	}
	publish("list", *l)
	l.Leaves = l.Leaves[:200]
	publish("earlier", *l)
}

func (f *files) path(name string) string { return filepath.Join(f.dir, name) }

func (f *files) write(name string, b []byte) {
	f.t.Helper()
	if err := os.WriteFile(f.path(name), b, 0o600); err != nil {
		f.t.Fatal(err)
	}
}

// run returns what the command prints and its exit code.
func (f *files) run(c verify.Command, names ...string) (string, int) {
	f.t.Helper()
	for i := range names {
		names[i] = f.path(names[i])
	}
	var out bytes.Buffer
	err := c.Files(context.Background(), &out, "en", names...)
	if err == nil {
		return out.String(), 0
	}
	var r *verify.Result
	if !errors.As(err, &r) {
		f.t.Fatal(err)
	}
	return out.String(), r.ExitCode()
}

func TestExitCodes(t *testing.T) {
	f := newFiles(t)
	offline := verify.Command{Trust: f.path("keys.json")}
	dated := verify.Command{Trust: f.path("keys.json"), Calendar: f.path("calendar")}
	f.write("hello", []byte("hello"))
	f.write("cut", []byte("# Puntuale list 1\n"))
	for name, c := range map[string]struct {
		command verify.Command
		files   []string
		code    int
		says    string
	}{
		"list":                       {offline, []string{"list"}, verify.ExitProven, "PROVEN"},
		"list with calendar":         {dated, []string{"list"}, verify.ExitProven, "those of the calendar"},
		"acknowledgement":            {offline, []string{"ack"}, verify.ExitProven, "node has signed"},
		"later":                      {offline, []string{"earlier", "list"}, verify.ExitProven, "All 200 earlier rows"},
		"later than a head":          {offline, []string{"earlier.checkpoint", "list"}, verify.ExitProven, "All 200 earlier rows"},
		"the wrong way round":        {offline, []string{"list", "earlier"}, verify.ExitWrong, "is missing in the later one"},
		"the wrong way round, heads": {offline, []string{"list.checkpoint", "earlier"}, verify.ExitWrong, "first 300 rows"},
		"half a list":                {offline, []string{"cut"}, verify.ExitWrong, "WRONG"},
		"another kind":               {offline, []string{"hello"}, verify.ExitUnreadable, ""},
		"no file":                    {offline, []string{"none"}, verify.ExitUnreadable, ""},
		"no keys":                    {verify.Command{}, []string{"list"}, verify.ExitUnreadable, ""},
		"keys that are none":         {verify.Command{Trust: f.path("list")}, []string{"list"}, verify.ExitUnreadable, ""},
		"calendar of nobody":         {verify.Command{Trust: f.path("keys.json"), Calendar: f.path("list")}, []string{"list"}, verify.ExitUnreadable, ""},
	} {
		if said, code := f.run(c.command, c.files...); code != c.code || !strings.Contains(said, c.says) {
			t.Errorf("%s: %d\n%s", name, code, said)
		}
	}
}

func TestEveryByteOfAnAcknowledgementCounts(t *testing.T) {
	f := newFiles(t)
	ack, err := os.ReadFile(f.path("ack"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range ack {
		ack[i] ^= 4
		r, err := verify.Any(bytes.NewReader(ack), &verify.Options{Keys: f.keys})
		if err == nil && r.OK() {
			t.Errorf("byte %d", i)
		}
		ack[i] ^= 4
	}
}

func TestTheReportIsJSON(t *testing.T) {
	f := newFiles(t)
	said, _ := f.run(verify.Command{Trust: f.path("keys.json"), JSON: true}, "list")
	var r verdict.Report
	if err := json.Unmarshal([]byte(said), &r); err != nil || r.Verdict != verdict.Proven || len(r.Checks) < 10 || r.Kind != "list" {
		t.Errorf("%v: %+v", err, r)
	}
}

func TestKeysComeFromAPortalAndAreKept(t *testing.T) {
	f := newFiles(t)
	answer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != verify.KeysPath {
			http.NotFound(w, r)
			return
		}
		http.ServeFile(w, r, f.path("keys.json"))
	})
	portal := httptest.NewServer(answer)
	if said, code := f.run(verify.Command{Portal: portal.URL + "/"}, "list"); code != 0 {
		t.Error(said)
	}
	if err := verify.SaveKeys(t.Context(), portal.URL, f.path("saved.json")); err != nil {
		t.Fatal(err)
	}
	portal.Close()
	if said, code := f.run(verify.Command{Trust: f.path("saved.json")}, "list"); code != 0 {
		t.Error(said)
	}
	if _, code := f.run(verify.Command{Portal: portal.URL}, "list"); code != verify.ExitUnreadable {
		t.Error(code)
	}
}
