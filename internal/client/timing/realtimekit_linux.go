package timing

import (
	"context"
	"fmt"
	"os"
	"os/signal"

	"github.com/godbus/dbus/v5"
	"golang.org/x/sys/unix"
)

const (
	kitName = "org.freedesktop.RealtimeKit1"
	kitPath = "/org/freedesktop/RealtimeKit1"
)

// askKit asks RealtimeKit, which nearly every Linux desktop has for its sound, to
// give a thread of this process real-time precedence, or else a high one. It
// takes a call or three over D-Bus, which on a busy machine is not for the last
// moment. What RealtimeKit gives, it gives for a limited time at a stretch: whoever
// computes for longer than its limit without sleeping is killed by the kernel.
// ofKit.end is called long before.
func askKit(ctx context.Context, tid int) error {
	conn, err := dbus.ConnectSystemBus(dbus.WithContext(ctx))
	if err != nil {
		return fmt.Errorf("timing: system bus: %w", err)
	}
	defer conn.Close()
	kit := conn.Object(kitName, kitPath)
	if err := limitStretch(ctx, kit); err != nil {
		return err
	}
	priority := uint32(1)
	err = kit.CallWithContext(ctx, kitName+".MakeThreadRealtime", 0, uint64(tid), priority).Err
	if err == nil {
		return nil
	}
	nice, nerr := kitInt(ctx, kit, "MinNiceLevel")
	if nerr != nil {
		return fmt.Errorf("timing: RealtimeKit: %w", err)
	}
	if nerr = kit.CallWithContext(ctx, kitName+".MakeThreadHighPriority", 0, uint64(tid), int32(nice)).Err; nerr != nil {
		return fmt.Errorf("timing: RealtimeKit: %w; %w", err, nerr)
	}
	return nil
}

// limitStretch accepts the limit that RealtimeKit asks of whom it serves: so many
// microseconds of real-time computing without a sleep. The kernel warns at half
// of it, and the warning takes the precedence back.
func limitStretch(ctx context.Context, kit dbus.BusObject) error {
	most, err := kitInt(ctx, kit, "RTTimeUSecMax")
	if err != nil {
		return fmt.Errorf("timing: RealtimeKit: %w", err)
	}
	var now unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_RTTIME, &now); err != nil {
		return fmt.Errorf("timing: limit of real-time computing: %w", err)
	}
	limit := unix.Rlimit{Cur: min(uint64(most)/2, now.Cur), Max: min(uint64(most), now.Max)}
	if err := unix.Setrlimit(unix.RLIMIT_RTTIME, &limit); err != nil {
		return fmt.Errorf("timing: limit of real-time computing: %w", err)
	}
	return nil
}

// kitInt reads a property, whose type differs between versions.
func kitInt(ctx context.Context, kit dbus.BusObject, name string) (int64, error) {
	var v dbus.Variant
	if err := kit.CallWithContext(ctx, "org.freedesktop.DBus.Properties.Get", 0, kitName, name).Store(&v); err != nil {
		return 0, err
	}
	switch n := v.Value().(type) {
	case int64:
		return n, nil
	case int32:
		return int64(n), nil
	}
	return 0, fmt.Errorf("%s has the type %s", name, v.Signature())
}

// warned calls relent when the kernel warns of too long a stretch, until the
// returned function is called.
func warned(relent func()) (stop func()) {
	signals := make(chan os.Signal, 1)
	done := make(chan struct{})
	signal.Notify(signals, unix.SIGXCPU)
	go func() {
		select {
		case <-signals:
			relent()
		case <-done:
		}
	}()
	return func() {
		signal.Stop(signals)
		close(done)
	}
}
