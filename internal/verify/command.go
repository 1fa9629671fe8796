package verify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"puntuale/internal/trust"
	"puntuale/internal/verdict"
)

// Exit codes of every verify command.
const (
	ExitProven     = 0 // nothing is wrong
	ExitWrong      = 1 // something is wrong: the report says what
	ExitUnreadable = 2 // nothing could be verified: no such file, no keys, another kind of file
)

// Command is what the subcommands have in common. Its fields are flags; see
// docs/verify.md.
type Command struct {
	Trust    string `help:"File keys.json, saved from a portal: the public keys to trust. Then nothing is asked of anybody." type:"path"`
	Portal   string `help:"Address of a portal to fetch keys.json from, once." placeholder:"URL"`
	Calendar string `help:"Signed calendar that was saved before the opening: rules and times are compared with it." type:"path"`
	JSON     bool   `name:"json" help:"Print the report as JSON."`
}

// Result is how a command ends that has something to say by its exit code. The
// report of ExitWrong is printed already.
type Result struct {
	Code int
	Err  error
}

// Error says what happened.
func (r *Result) Error() string { return r.Err.Error() }

// Unwrap returns the cause.
func (r *Result) Unwrap() error { return r.Err }

// ExitCode is what the program ends with.
func (r *Result) ExitCode() int { return r.Code }

// ErrWrong is what a verification ends with that found something.
var ErrWrong = errors.New("verify: something is wrong")

// Files verifies one file, or that the second contains the first when there are
// two, and prints the report. The error is nil when nothing is wrong, else a
// *Result.
func (c *Command) Files(ctx context.Context, out io.Writer, lang string, paths ...string) error {
	report, err := c.check(ctx, paths)
	if err != nil {
		return &Result{ExitUnreadable, err}
	}
	if err := c.print(out, lang, report); err != nil {
		return &Result{ExitUnreadable, err}
	}
	if !report.OK() {
		return &Result{ExitWrong, ErrWrong}
	}
	return nil
}

func (c *Command) check(ctx context.Context, paths []string) (*verdict.Report, error) {
	keys, err := c.readKeys(ctx)
	if err != nil {
		return nil, err
	}
	o := &Options{Keys: keys}
	if o.Calendar, err = c.readCalendar(keys); err != nil {
		return nil, err
	}
	return withFiles(paths, func(in []io.Reader) (*verdict.Report, error) {
		if len(in) == 2 {
			return Extends(in[0], in[1], o)
		}
		return Any(in[0], o)
	})
}

func withFiles(paths []string, f func([]io.Reader) (*verdict.Report, error)) (*verdict.Report, error) {
	var in []io.Reader
	for _, path := range paths {
		file, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		in = append(in, file)
	}
	return f(in)
}

func (c *Command) print(out io.Writer, lang string, r *verdict.Report) error {
	if !c.JSON {
		return r.Print(out, lang)
	}
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	return enc.Encode(r)
}

// SaveKeys writes the keys of a portal to a file, for later, after a look at
// whether they can be used.
func SaveKeys(ctx context.Context, portal, path string) error {
	b, err := FetchKeys(ctx, portal)
	if err != nil {
		return &Result{ExitUnreadable, err}
	}
	if _, err := trust.Parse(b); err != nil {
		return &Result{ExitUnreadable, err}
	}
	if err := os.WriteFile(path, b, 0o644); err != nil {
		return &Result{ExitUnreadable, fmt.Errorf("save keys: %w", err)}
	}
	return nil
}
