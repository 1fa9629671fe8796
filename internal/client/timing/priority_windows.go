package timing

import "golang.org/x/sys/windows"

var (
	kernel            = windows.NewLazySystemDLL("kernel32.dll")
	setThreadPriority = kernel.NewProc("SetThreadPriority")
)

const (
	priorityNormal       = 0
	priorityTimeCritical = 15
)

// raise gives this thread precedence for the last instant and returns what takes
// it back. Windows allows it to everybody.
func raise() (restore func()) {
	thread := uintptr(windows.CurrentThread())
	if ok, _, _ := setThreadPriority.Call(thread, priorityTimeCritical); ok == 0 {
		return func() {}
	}
	normal := priorityNormal
	return func() { setThreadPriority.Call(thread, uintptr(normal)) }
}
