package cli

import (
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"

	"puntuale/internal/client/keystore"
)

// Terminal is where the program talks. Lines for people and results go to Out,
// everything else to Err; In, which may be nil, is asked for passphrases.
type Terminal struct {
	In       *os.File
	Out, Err io.Writer
}

// interactive reports whether Out is a screen, so that one line can be
// rewritten in place.
func (t Terminal) interactive() bool {
	f, ok := t.Out.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// line prints one line of a result.
func (t Terminal) line(s string) { fmt.Fprintln(t.Out, s) }

// askPassphrase reads a passphrase without showing it, twice for a new file.
func (e *env) askPassphrase(fresh bool) (string, error) {
	if e.In == nil || !term.IsTerminal(int(e.In.Fd())) {
		return "", keystore.ErrNoPassphrase
	}
	first, err := e.readHidden("ask_passphrase")
	if err != nil || !fresh {
		return first, err
	}
	second, err := e.readHidden("ask_again")
	if err != nil {
		return "", err
	}
	if first != second {
		return "", errors.New(e.say("passphrases_differ"))
	}
	return first, nil
}

func (e *env) readHidden(key string) (string, error) {
	fmt.Fprint(e.Err, e.say(key))
	b, err := term.ReadPassword(int(e.In.Fd()))
	fmt.Fprintln(e.Err)
	if err != nil {
		return "", fmt.Errorf("passphrase: %w", err)
	}
	return string(b), nil
}
