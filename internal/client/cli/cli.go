// Package cli is the mini-client on the command line: the flags, the
// subcommands, their lines and JSON, and the exit codes of docs/miniclient.md.
// The window, where there is one, is handed in, so that this package and its
// tests need no graphics.
package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"puntuale/internal/client"
	"puntuale/internal/client/link"
	"puntuale/internal/client/store"
	"puntuale/internal/clock"
)

// settings are the flags that every subcommand has.
type settings struct {
	Dir      string `env:"PUNTUALE_DIR" placeholder:"DIR" help:"${help_dir}"`
	Lang     string `env:"PUNTUALE_LANG" placeholder:"it|en" help:"${help_lang}"`
	Keystore string `env:"PUNTUALE_KEYSTORE" enum:"auto,keyring,file" default:"auto" help:"${help_keystore}"`
	Account  string `env:"PUNTUALE_ACCOUNT" placeholder:"NAME" help:"${help_account}"`
	Proxy    string `env:"PUNTUALE_PROXY" placeholder:"URL|direct" help:"${help_proxy}"`
	// NTPServer stands in for the portal's list.
	NTPServer []string `name:"ntp-server" env:"PUNTUALE_NTP_SERVERS" placeholder:"HOST" help:"${help_ntp}"`
	LogLevel  string   `env:"PUNTUALE_LOG_LEVEL" enum:"debug,info,warn,error" default:"error" help:"${help_log}"`
}

// grammar is the command line.
type grammar struct {
	settings
	Window   windowCmd   `cmd:"" default:"1" help:"${help_window}"`
	Pair     pairCmd     `cmd:"" help:"${help_pair}"`
	Sync     syncCmd     `cmd:"" help:"${help_sync}"`
	Send     sendCmd     `cmd:"" help:"${help_send}"`
	Status   statusCmd   `cmd:"" help:"${help_status}"`
	Receipts receiptsCmd `cmd:"" help:"${help_receipts}"`
	Verify   verifyCmd   `cmd:"" help:"${help_verify}"`
	Check    checkCmd    `cmd:"" help:"${help_check}"`
	Rehearse rehearseCmd `cmd:"" help:"${help_rehearse}"`
	Ask      askCmd      `cmd:"" help:"${help_ask}"`
	Update   updateCmd   `cmd:"" help:"${help_update}"`
	Accounts accountsCmd `cmd:"" help:"${help_accounts}"`
	Forget   forgetCmd   `cmd:"" help:"${help_forget}"`
}

type (
	windowCmd struct{}
	pairCmd   struct {
		Portal    string        `env:"PUNTUALE_PORTAL" required:"" placeholder:"URL" help:"${help_portal}"`
		Name      string        `env:"PUNTUALE_NAME" help:"${help_name}"`
		NoBrowser bool          `env:"PUNTUALE_NO_BROWSER" help:"${help_no_browser}"`
		Timeout   time.Duration `env:"PUNTUALE_PAIR_TIMEOUT" default:"10m" help:"${help_pair_timeout}"`
		JSON      bool          `name:"json" help:"${help_json}"`
	}
	syncCmd struct {
		JSON bool `name:"json" help:"${help_json}"`
	}
	sendCmd struct {
		Day         string `env:"PUNTUALE_DAY" placeholder:"CODE" help:"${help_day}"`
		Connections int    `env:"PUNTUALE_CONNECTIONS" default:"64" help:"${help_connections}"`
		JSON        bool   `name:"json" help:"${help_json}"`
	}
	statusCmd struct {
		JSON    bool `name:"json" help:"${help_json}"`
		Offline bool `env:"PUNTUALE_OFFLINE" help:"${help_offline}"`
	}
	receiptsCmd struct {
		Out  string        `env:"PUNTUALE_OUT" required:"" placeholder:"DIR" help:"${help_out}"`
		Wait time.Duration `env:"PUNTUALE_WAIT" default:"0s" help:"${help_wait}"`
		JSON bool          `name:"json" help:"${help_json}"`
	}
	checkCmd struct {
		JSON bool `name:"json" help:"${help_json}"`
	}
	rehearseCmd struct {
		In           time.Duration `env:"PUNTUALE_REHEARSE_IN" help:"${help_in}"`
		Applications int           `env:"PUNTUALE_REHEARSE_APPLICATIONS" help:"${help_rehearse_applications}"`
		Out          string        `env:"PUNTUALE_REHEARSE_OUT" help:"${help_rehearse_out}" type:"path"`
		Wait         time.Duration `env:"PUNTUALE_REHEARSE_WAIT" default:"3m" help:"${help_rehearse_wait}"`
		JSON         bool          `name:"json" help:"${help_json}"`
	}
	updateCmd struct {
		JSON bool `name:"json" help:"${help_json}"`
	}
	accountsCmd struct {
		JSON bool `name:"json" help:"${help_json}"`
	}
	forgetCmd struct {
		Force bool `help:"${help_force}"`
		JSON  bool `name:"json" help:"${help_json}"`
	}
)

// env is what a subcommand works with.
type env struct {
	ctx context.Context
	settings
	Terminal
	window Window
	kept   client.Settings                      // what was chosen in the window
	say    func(key string, args ...any) string // texts in the chosen language
}

// Window shows the accounts in a window until the person closes it or ctx ends.
type Window func(ctx context.Context, d *client.Desk, lang string) error

// Run parses, runs and returns the exit code. A nil window is a build without.
func Run(ctx context.Context, args []string, t Terminal, w Window) int {
	lang := language(args, os.Getenv)
	var g grammar
	exit := -1
	k, err := kong.New(&g, kong.Name("miniclient"), kong.Description(say(lang, "description")), helpVars(lang),
		kong.Writers(t.Out, t.Err), kong.Exit(func(code int) { exit = code }), kong.UsageOnError())
	if err != nil {
		fmt.Fprintln(t.Err, err)
		return exitUnexpected
	}
	kctx, err := k.Parse(args)
	if exit >= 0 {
		return exit // --help
	}
	if err != nil {
		k.Errorf("%v", err)
		return exitUsage
	}
	g.Lang = lang
	if err := g.complete(); err != nil {
		k.Errorf("%v", err)
		return exitUsage
	}
	kept, err := client.LoadSettings(g.Dir)
	if err != nil {
		k.Errorf("%v", err)
		return exitUsage
	}
	e := &env{kept: kept, ctx: ctx, settings: g.settings, Terminal: t, window: w, say: func(key string, a ...any) string { return say(lang, key, a...) }}
	return e.exitCode(kctx.Run(e))
}

func (s *settings) complete() error {
	if s.Dir == "" {
		base, err := os.UserConfigDir()
		if err != nil {
			return fmt.Errorf("--dir (PUNTUALE_DIR): %w", err)
		}
		s.Dir = filepath.Join(base, "puntuale")
	}
	if _, err := link.ParseProxy(s.Proxy); err != nil {
		return fmt.Errorf("--proxy (PUNTUALE_PROXY): %w", err)
	}
	if _, err := store.AccountDir(s.Dir, s.Account); err != nil {
		return fmt.Errorf("--account (PUNTUALE_ACCOUNT): %w", err)
	}
	return nil
}

// language is "en" or "it": the flag, PUNTUALE_LANG, then the locale; Italian
// when the locale says nothing.
func language(args []string, getenv func(string) string) string {
	for i, a := range args {
		if v, ok := strings.CutPrefix(a, "--lang="); ok {
			return itOrEn(v)
		}
		if a == "--lang" && i+1 < len(args) {
			return itOrEn(args[i+1])
		}
	}
	for _, name := range []string{"PUNTUALE_LANG", "LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := getenv(name); v != "" {
			return itOrEn(v)
		}
	}
	return "it"
}

func itOrEn(s string) string {
	if strings.HasPrefix(strings.ToLower(s), "en") {
		return "en"
	}
	return "it"
}

// opening is how a client is opened.
type opening struct {
	account     string
	window      bool // leaves the passphrase to the window
	connections int
	reader      bool   // only looks
	proxy       string // of the settings, where the flag says nothing
}

// open opens the client.
func (e *env) open(o opening) (*client.Client, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(e.LogLevel)); err != nil {
		return nil, fmt.Errorf("--log-level (PUNTUALE_LOG_LEVEL): %w", err)
	}
	dir, err := store.AccountDir(e.Dir, o.account)
	if err != nil {
		return nil, err
	}
	cfg := client.Config{
		Dir: dir, Clock: clock.System{}, Connections: o.connections, Reader: o.reader, Proxy: cmp.Or(e.Proxy, o.proxy), TimeServers: e.NTPServer,
		Log: slog.New(slog.NewTextHandler(e.Err, &slog.HandlerOptions{Level: level})),
	}
	if e.Keystore != "auto" {
		cfg.Keystore = e.Keystore
	}
	if !o.window {
		cfg.Passphrase = e.askPassphrase
	}
	c, err := client.Open(cfg)
	if err != nil {
		return nil, err
	}
	if p := os.Getenv("PUNTUALE_PASSPHRASE"); p != "" {
		c.SetPassphrase(p)
	}
	return c, nil
}

// with opens the client for one subcommand and closes it afterwards.
func (e *env) with(connections int, f func(c *client.Client) error) error {
	c, err := e.open(opening{account: e.Account, proxy: e.kept.Proxy, connections: connections})
	if err != nil {
		return err
	}
	return errors.Join(f(c), c.Close())
}

// withOrLook is with, or only looks when another process works there.
func (e *env) withOrLook(f func(c *client.Client) error) error {
	c, err := e.open(opening{account: e.Account, proxy: e.kept.Proxy})
	if errors.Is(err, store.ErrLocked) {
		c, err = e.open(opening{account: e.Account, proxy: e.kept.Proxy, reader: true})
	}
	if err != nil {
		return err
	}
	return errors.Join(f(c), c.Close())
}

func helpVars(lang string) kong.Vars {
	vars := kong.Vars{}
	for key := range texts {
		if strings.HasPrefix(key, "help_") {
			vars[key] = say(lang, key)
		}
	}
	return vars
}
