package cli

import (
	"errors"
	"fmt"

	"puntuale/internal/client"
	"puntuale/internal/verify"
)

type verifyCmd struct {
	Trust    string `env:"PUNTUALE_TRUST" placeholder:"FILE" help:"${help_trust}"`
	Portal   string `env:"PUNTUALE_PORTAL" placeholder:"URL" help:"${help_keys_from}"`
	Calendar string `env:"PUNTUALE_CALENDAR" placeholder:"FILE" help:"${help_calendar}"`
	Older    string `placeholder:"FILE" help:"${help_older}"`
	JSON     bool   `name:"json" help:"${help_json}"`
	File     string `arg:"" help:"${help_verify_file}"`
}

// Run verifies; unless it is told otherwise it takes the keys from the paired
// portal.
func (v *verifyCmd) Run(e *env) error {
	c := verify.Command{Trust: v.Trust, Portal: v.Portal, Calendar: v.Calendar, JSON: v.JSON}
	if c.Trust == "" && c.Portal == "" {
		if err := e.with(0, func(paired *client.Client) error {
			profile, ok := paired.Profile()
			if !ok {
				return &verify.Result{Code: verify.ExitUnreadable, Err: verify.ErrKeysWanted}
			}
			c.Portal = profile.Portal
			return nil
		}); err != nil {
			return err
		}
	}
	paths := []string{v.File}
	if v.Older != "" {
		paths = []string{v.Older, v.File}
	}
	return c.Files(e.ctx, e.Out, e.Lang, paths...)
}

// verified ends with a verification's own exit code; what was found is printed
// already.
func (e *env) verified(r *verify.Result) int {
	if !errors.Is(r, verify.ErrWrong) {
		fmt.Fprintln(e.Err, "miniclient: "+r.Error())
	}
	return r.Code
}
