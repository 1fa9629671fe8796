package cli

import (
	"context"
	"errors"
	"fmt"
	"net"

	"puntuale/internal/client"
	"puntuale/internal/client/keystore"
	"puntuale/internal/client/pairing"
	"puntuale/internal/client/portalapi"
	"puntuale/internal/client/sending"
	"puntuale/internal/client/store"
	"puntuale/internal/verify"
)

// Exit codes, as docs/miniclient.md lists them.
const (
	exitOK          = 0
	exitUnexpected  = 1
	exitUsage       = 2
	exitNotPaired   = 3
	exitNothing     = 4
	exitRefused     = 5
	exitUnknown     = 6
	exitUnreachable = 7
	exitInUse       = 8
	exitSecrets     = 9
	exitToMend      = 10
	exitInterrupted = 130
)

// Results that are no failures of the program, but of the errand.
var (
	errNothing = errors.New("nothing to do")
	errRefused = errors.New("refused")
	errUnknown = errors.New("outcome not known")
	errToMend  = errors.New("something has to be mended before the click day")
	// errNoWindow: the program was built without a window.
	errNoWindow = errors.New("no window in this build")
)

var exitCodes = []struct {
	err  error
	code int
}{
	{errNothing, exitNothing},
	{errRefused, exitRefused},
	{errUnknown, exitUnknown},
	{errToMend, exitToMend},
	{errNoWindow, exitUsage},
	{errQuestion, exitUsage},
	{client.ErrNotPaired, exitNotPaired},
	{portalapi.ErrUnauthorized, exitNotPaired},
	{client.ErrUnknownDay, exitUsage},
	{portalapi.ErrInsecure, exitUsage},
	{store.ErrLocked, exitInUse},
	{keystore.ErrPassphrase, exitSecrets},
	{keystore.ErrNoPassphrase, exitSecrets},
	{keystore.ErrNotFound, exitSecrets},
	{sending.ErrNoNode, exitUnreachable},
	{context.Canceled, exitInterrupted},
	{context.DeadlineExceeded, exitUnreachable},
	{pairing.ErrTimeout, exitUnreachable},
	{pairing.ErrDenied, exitRefused},
}

// exitCode shows an error and returns its code.
func (e *env) exitCode(err error) int {
	if err == nil {
		return exitOK
	}
	var said *verify.Result
	if errors.As(err, &said) {
		return e.verified(said)
	}
	code := exitUnexpected
	for _, c := range exitCodes {
		if errors.Is(err, c.err) {
			code = c.code
			break
		}
	}
	var network net.Error
	if code == exitUnexpected && errors.As(err, &network) {
		code = exitUnreachable
	}
	switch {
	case errors.Is(err, errQuestion):
		fmt.Fprintln(e.Err, "miniclient: "+err.Error())
	case errors.Is(err, errNothing), errors.Is(err, errRefused), errors.Is(err, errUnknown), errors.Is(err, errToMend), errors.Is(err, errNoWindow):
		// Said already, row by row.
	default:
		fmt.Fprintln(e.Err, "miniclient: "+client.Explain(err).In(e.Lang))
		fmt.Fprintln(e.Err, "("+err.Error()+")")
	}
	return code
}
