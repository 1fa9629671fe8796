package awake

import (
	"fmt"
	"runtime"
	"unsafe"

	"golang.org/x/sys/windows"
)

var (
	kernel                  = windows.NewLazySystemDLL("kernel32.dll")
	setThreadExecutionState = kernel.NewProc("SetThreadExecutionState")
	getSystemPowerStatus    = kernel.NewProc("GetSystemPowerStatus")
)

const (
	esContinuous     = 0x80000000
	esSystemRequired = 0x00000001
)

// keep says so on a thread of its own, because the wish belongs to the thread.
// It does not hold a closed lid.
func keep(string) (*Hold, error) {
	held, end, ended := make(chan bool), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		before, _, _ := setThreadExecutionState.Call(esContinuous | esSystemRequired)
		held <- before != 0
		<-end
		setThreadExecutionState.Call(esContinuous)
	}()
	h := &Hold{release: func() error { close(end); <-ended; return nil }}
	if !<-held {
		h.release()
		return nil, fmt.Errorf("%w: SetThreadExecutionState", ErrCannot)
	}
	return h, nil
}

// powerStatus is SYSTEM_POWER_STATUS.
type powerStatus struct {
	acLine, flag, percent, saver byte
	life, fullLife               uint32
}

func look() Power {
	var s powerStatus
	if ok, _, _ := getSystemPowerStatus.Call(uintptr(unsafe.Pointer(&s))); ok == 0 || s.flag == 255 {
		return Power{}
	}
	p := Power{Known: true, Battery: s.flag&128 == 0}
	p.OnBattery, p.Lid = p.Battery && s.acLine == 0, p.Battery
	if s.percent <= 100 {
		p.Percent = int(s.percent)
	}
	return p
}
