package verify

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"puntuale/internal/ledger"
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
	Portal   string `help:"Address of a portal: of keys.json without --trust, of the ledger when two heads are compared." placeholder:"URL"`
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
	return c.conclude(out, lang, report, err)
}

// conclude prints the report and says how the program ends.
func (c *Command) conclude(out io.Writer, lang string, report *verdict.Report, err error) error {
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
			return c.extends(ctx, in[0], in[1], o)
		}
		return Any(in[0], o)
	})
}

// extends compares a list with something earlier, or two heads.
func (c *Command) extends(ctx context.Context, older, newer io.Reader, o *Options) (*verdict.Report, error) {
	in := bufio.NewReaderSize(newer, 64<<10)
	head, err := in.Peek(16)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if KindOf(head) == List {
		return Extends(older, in, o)
	}
	b, err := readSmall(in)
	if err != nil {
		return nil, err
	}
	return c.heads(ctx, older, b, o)
}

// Since verifies that the ledger that the portal has now contains what a file
// was of: a checkpoint, a receipt or its prova.json. Otherwise it is like Files.
func (c *Command) Since(ctx context.Context, out io.Writer, lang, path string) error {
	report, err := c.since(ctx, path)
	return c.conclude(out, lang, report, err)
}

func (c *Command) since(ctx context.Context, path string) (*verdict.Report, error) {
	keys, err := c.readKeys(ctx)
	if err != nil {
		return nil, err
	}
	return withFiles([]string{path}, func(in []io.Reader) (*verdict.Report, error) {
		return c.heads(ctx, in[0], nil, &Options{Keys: keys})
	})
}

// heads compares two heads; nil is the newest one of the portal.
func (c *Command) heads(ctx context.Context, older io.Reader, newer []byte, o *Options) (*verdict.Report, error) {
	if c.Portal == "" {
		return nil, ErrTilesWanted
	}
	b, err := readSmall(older)
	if err != nil {
		return nil, err
	}
	e, err := earlier(b)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	held, err := ledger.ReadHead(e.Checkpoint)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	l := remoteLedger(ctx, c.Portal, held.Day())
	if newer == nil {
		if newer, err = l.checkpoint(); err != nil {
			return nil, err
		}
	}
	report, err := Grown(e, newer, l.tile, o.Keys)
	if errors.Is(err, ledger.ErrCheckpoint) {
		err = fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	return report, err
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
