package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
)

// accountsDir holds the stores of further accounts, each whole in itself.
const accountsDir = "accounts"

// ErrAccountName means that a name cannot be that of a directory.
var ErrAccountName = errors.New("name of an account: want 1 to 40 of a-z, 0-9 and -")

var accountName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`)

// AccountDir returns the directory of an account below the one of the program;
// "" is the first account, in that directory itself.
func AccountDir(dir, account string) (string, error) {
	if account == "" {
		return dir, nil
	}
	if !accountName.MatchString(account) {
		return "", fmt.Errorf("%w: %q", ErrAccountName, account)
	}
	return filepath.Join(dir, accountsDir, account), nil
}

// Accounts lists the accounts below a directory that are paired: "" for the one
// in the directory itself, then the others by name.
func Accounts(dir string) ([]string, error) {
	var out []string
	if paired(dir) {
		out = append(out, "")
	}
	entries, err := os.ReadDir(filepath.Join(dir, accountsDir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("store: %w", err)
	}
	for _, e := range entries {
		if e.IsDir() && accountName.MatchString(e.Name()) && paired(filepath.Join(dir, accountsDir, e.Name())) {
			out = append(out, e.Name())
		}
	}
	return out, nil
}

func paired(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, profileName))
	return err == nil
}
