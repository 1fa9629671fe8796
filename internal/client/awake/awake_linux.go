package awake

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/godbus/dbus/v5"
)

// inhibit is the call of systemd-logind; it answers with a file descriptor, and
// the wish lasts until that is closed, by whatever end of the program too.
const inhibit = "org.freedesktop.login1.Manager.Inhibit"

func keep(reason string) (*Hold, error) {
	conn, err := dbus.ConnectSystemBus()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCannot, err)
	}
	defer conn.Close()
	h := &Hold{Lid: true}
	fd, err := ask(conn, "sleep:idle:handle-lid-switch", reason)
	if err != nil { // not everybody may hold the lid
		h.Lid = false
		fd, err = ask(conn, "sleep:idle", reason)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCannot, err)
	}
	f := os.NewFile(uintptr(fd), "inhibitor")
	h.release = f.Close
	return h, nil
}

func ask(conn *dbus.Conn, what, reason string) (dbus.UnixFD, error) {
	var fd dbus.UnixFD
	err := conn.Object("org.freedesktop.login1", "/org/freedesktop/login1").
		Call(inhibit, 0, what, "Puntuale", reason, "block").Store(&fd)
	return fd, err
}

func look() Power { return lookBelow("/sys/class/power_supply", "/proc/acpi/button/lid") }

// lookBelow reads what the kernel says of batteries and of mains.
func lookBelow(supplies, lid string) Power {
	var p Power
	entries, err := os.ReadDir(supplies)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return p
	}
	p.Known = err == nil
	mains := false
	for _, e := range entries {
		read := func(name string) string {
			b, err := os.ReadFile(filepath.Join(supplies, e.Name(), name))
			if err != nil {
				return ""
			}
			return strings.TrimSpace(string(b))
		}
		switch read("type") {
		case "Battery":
			if read("scope") == "Device" {
				continue // of a mouse or a keyboard
			}
			p.Battery = true
			p.OnBattery = p.OnBattery || read("status") == "Discharging"
			if n, err := strconv.Atoi(read("capacity")); err == nil {
				p.Percent = n
			}
		case "Mains", "USB":
			mains = mains || read("online") == "1"
		}
	}
	p.OnBattery = p.OnBattery && !mains
	lids, err := os.ReadDir(lid)
	p.Lid = err == nil && len(lids) > 0
	return p
}
