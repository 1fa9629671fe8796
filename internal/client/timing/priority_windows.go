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

// attention is the precedence of the thread that waits. Windows allows it to everybody.
type attention struct {
	thread windows.Handle // 0: not raised
	id     uint32         // of that thread
}

// raise gives the present thread precedence over all others. After a sleep the
// wait may be on another one.
func (a *attention) raise() {
	id := windows.GetCurrentThreadId()
	if a.thread != 0 && a.id == id {
		return
	}
	a.end()
	a.id = id
	this := windows.CurrentProcess()
	if windows.DuplicateHandle(this, windows.CurrentThread(), this, &a.thread, 0, false, windows.DUPLICATE_SAME_ACCESS) != nil {
		a.thread = 0
		return
	}
	critical := priorityTimeCritical
	setThreadPriority.Call(uintptr(a.thread), uintptr(critical)) // refused: it waits as everybody
}

// end takes the precedence back, from whichever thread it is called.
func (a *attention) end() {
	if a.thread == 0 {
		return
	}
	normal := priorityNormal
	setThreadPriority.Call(uintptr(a.thread), uintptr(normal))
	windows.CloseHandle(a.thread) // of a thread that lives on
	a.thread = 0
}
