package keys_test

import (
	"bytes"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"puntuale/internal/keys"
)

// TestAccountIsOne: processes that start at once read the same secret.
func TestAccountIsOne(t *testing.T) {
	dir := t.TempDir()
	found := make([][]byte, 8)
	var wg sync.WaitGroup
	for i := range found {
		wg.Go(func() {
			var err error
			if found[i], err = keys.Account(dir); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, k := range found {
		if len(k) != 32 || !bytes.Equal(k, found[0]) {
			t.Fatalf("%x and %x", k, found[0])
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("%d files, %v", len(entries), err)
	}
	info, err := os.Stat(filepath.Join(dir, keys.AccountFile))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Error(info.Mode(), err)
	}
	if err := os.WriteFile(filepath.Join(dir, keys.AccountFile), []byte("abc\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := keys.Account(dir); err == nil {
		t.Error("a broken file is taken")
	}
}
