package store

import (
	"os"
	"path/filepath"
	"testing"
)

// TestALookWhileAnotherProcessWorks: without the lock, without touching a file
// that is being written, and what it puts stays its own.
func TestALookWhileAnotherProcessWorks(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	defer s.Close()
	r := record(t, "a")
	put(t, s, r)
	tmp := filepath.Join(dir, applicationsDir, tmpPrefix+"1")
	if err := os.WriteFile(tmp, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	look, err := OpenReader(dir)
	if err != nil {
		t.Fatal(err)
	}
	r.State = Armed
	put(t, look, r)
	if got, _ := look.Get(r.Application); got.State != Armed || !look.ReadOnly() {
		t.Fatalf("%+v", got)
	}
	if err := look.Close(); err != nil {
		t.Fatal(err)
	}
	if again, err := OpenReader(dir); err != nil || again.All()[0].State != Prepared {
		t.Fatalf("what a reader put is on disk: %v", err)
	}
	if _, err := os.Stat(tmp); err != nil {
		t.Fatal("a reader removed a file that is being written")
	}
	if none, err := OpenReader(filepath.Join(dir, "nothing")); err != nil || len(none.All()) != 0 {
		t.Fatal(err)
	}
}

func TestAccountsLieSideBySide(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"", "studio-rossi", "patronato"} {
		sub, err := AccountDir(dir, name)
		if err != nil {
			t.Fatal(err)
		}
		s := open(t, sub)
		if err := s.PutProfile(Profile{Name: name}); err != nil {
			t.Fatal(err)
		}
		s.Close()
	}
	if got, err := Accounts(dir); err != nil || len(got) != 3 || got[0] != "" || got[1] != "patronato" {
		t.Fatalf("%v %v", got, err)
	}
	first := open(t, dir)
	defer first.Close()
	put(t, first, record(t, "x"))
	if err := os.WriteFile(filepath.Join(dir, "anything.json"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := first.Forget(); err != nil {
		t.Fatal(err)
	}
	if got, err := Accounts(dir); err != nil || len(got) != 2 || len(first.All()) != 0 {
		t.Fatalf("after forgetting the first: %v %v", got, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "anything.json")); err == nil {
		t.Fatal("a file is left")
	}
	put(t, first, record(t, "y")) // it goes on working
	for _, bad := range []string{"..", "A", "a/b", "-x"} {
		if _, err := AccountDir(dir, bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}
