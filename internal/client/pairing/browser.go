package pairing

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
)

// ErrNoBrowser means that no browser could be started; the person opens the
// printed address by hand.
var ErrNoBrowser = errors.New("no browser could be started")

// OpenBrowser opens an address in the system's browser. BROWSER, where set, is
// a list of commands (separated as PATH is), tried in turn; %s in one of them
// stands for the address.
func OpenBrowser(address string) error {
	for _, c := range browserCommands(os.Getenv("BROWSER"), runtime.GOOS, address) {
		cmd := exec.Command(c[0], c[1:]...)
		if err := cmd.Start(); err == nil {
			go cmd.Wait() // only to leave no zombie; the browser may outlive us
			return nil
		}
	}
	return fmt.Errorf("pairing: %w", ErrNoBrowser)
}

func browserCommands(browser, system, address string) [][]string {
	var out [][]string
	for _, entry := range strings.Split(browser, string(os.PathListSeparator)) {
		words := strings.Fields(entry)
		if len(words) == 0 {
			continue
		}
		filled := strings.Contains(entry, "%s")
		for i := range words {
			words[i] = strings.ReplaceAll(words[i], "%s", address)
		}
		if !filled {
			words = append(words, address)
		}
		out = append(out, words)
	}
	switch system {
	case "darwin":
		return append(out, []string{"open", address})
	case "windows":
		return append(out, []string{"rundll32", "url.dll,FileProtocolHandler", address})
	default:
		return append(out, []string{"xdg-open", address})
	}
}
