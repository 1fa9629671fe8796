package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/godbus/dbus/v5"
)

// kitDaemon is RealtimeKit, as Debian installs it.
const kitDaemon = "/usr/libexec/rtkit-daemon"

// busConfig is a system bus of our own, on which everybody may talk to everybody.
const busConfig = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path=%s</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_destination="*" eavesdrop="true"/><allow receive_sender="*"/></policy></busconfig>
`

// kit is the real RealtimeKit on a system bus of its own. The question whether
// the user sits at this computer, which on a desktop systemd and polkit answer, is
// answered with yes.
type kit struct {
	bus, daemon *exec.Cmd
	polkit      *dbus.Conn
	address     string
}

// startKit needs root, dbus-daemon and RealtimeKit.
func (g *Ground) startKit(ctx context.Context) (*kit, error) {
	k := &kit{address: "unix:path=" + filepath.Join(g.dir, "bus")}
	config := filepath.Join(g.dir, "bus.conf")
	if err := os.WriteFile(config, fmt.Appendf(nil, busConfig, filepath.Join(g.dir, "bus")), 0o644); err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	if err := os.Chmod(g.dir, 0o711); err != nil { // the ordinary user has to reach the socket
		return nil, fmt.Errorf("bench: %w", err)
	}
	k.bus = exec.CommandContext(ctx, "dbus-daemon", "--config-file="+config, "--nofork", "--print-address=1")
	out, err := k.bus.StdoutPipe()
	if err == nil {
		err = k.bus.Start()
	}
	if err != nil {
		return nil, fmt.Errorf("bench: dbus-daemon: %w", err)
	}
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		return nil, errors.Join(fmt.Errorf("bench: dbus-daemon: %w", err), k.stop())
	}
	if err := k.answerPolkit(ctx); err != nil {
		return nil, errors.Join(err, k.stop())
	}
	if err := k.startDaemon(ctx); err != nil {
		return nil, errors.Join(err, k.stop())
	}
	return k, nil
}

// startDaemon starts RealtimeKit and waits until it has its name on the bus.
func (k *kit) startDaemon(ctx context.Context) error {
	owners := make(chan *dbus.Signal, 8)
	k.polkit.Signal(owners)
	err := k.polkit.AddMatchSignalContext(ctx, dbus.WithMatchInterface("org.freedesktop.DBus"), dbus.WithMatchMember("NameOwnerChanged"))
	if err != nil {
		return fmt.Errorf("bench: bus: %w", err)
	}
	k.daemon = exec.CommandContext(ctx, kitDaemon)
	k.daemon.Env = append(os.Environ(), "DBUS_SYSTEM_BUS_ADDRESS="+k.address)
	k.daemon.Stderr = io.Discard // it tells of every thread
	if err := k.daemon.Start(); err != nil {
		return fmt.Errorf("bench: RealtimeKit: %w", err)
	}
	for {
		select {
		case s := <-owners:
			if len(s.Body) == 3 && s.Body[0] == "org.freedesktop.RealtimeKit1" {
				return nil
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// authority is polkit's answer for a user who sits at the computer.
type authority struct{}

// verdict is the answer (bba{ss}) of CheckAuthorization.
type verdict struct {
	Authorized, Challenge bool
	Details               map[string]string
}

// CheckAuthorization answers that what RealtimeKit asks about is allowed, and
// nothing else is.
func (authority) CheckAuthorization(_ struct {
	Kind    string
	Details map[string]dbus.Variant
}, action string, _ map[string]string, _ uint32, _ string) (verdict, *dbus.Error) {
	return verdict{Authorized: strings.HasPrefix(action, "org.freedesktop.RealtimeKit1.acquire-"), Details: map[string]string{}}, nil
}

func (k *kit) answerPolkit(ctx context.Context) error {
	conn, err := dbus.Connect(k.address, dbus.WithContext(ctx))
	if err != nil {
		return fmt.Errorf("bench: bus: %w", err)
	}
	k.polkit = conn
	const name, path = "org.freedesktop.PolicyKit1", "/org/freedesktop/PolicyKit1/Authority"
	if err := conn.Export(authority{}, path, name+".Authority"); err != nil {
		return fmt.Errorf("bench: polkit: %w", err)
	}
	if _, err := conn.RequestName(name, dbus.NameFlagDoNotQueue); err != nil {
		return fmt.Errorf("bench: polkit: %w", err)
	}
	return nil
}

func (k *kit) stop() error {
	var errs []error
	for _, c := range []*exec.Cmd{k.daemon, k.bus} {
		if c != nil && c.Process != nil {
			errs = append(errs, c.Process.Kill())
			c.Wait() // killed
		}
	}
	if k.polkit != nil {
		k.polkit.Close() // its bus has gone
	}
	return errors.Join(errs...)
}
