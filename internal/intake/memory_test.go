package intake

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"puntuale/internal/wire"
)

// idleVariable makes this test binary a crowd of clients: "address number".
const idleVariable = "PUNTUALE_TEST_IDLE_CLIENTS"

func init() {
	var addr string
	var n int
	if _, err := fmt.Sscan(os.Getenv(idleVariable), &addr, &n); err == nil {
		if err := idleClients(addr, n); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
}

// idleClients opens connections, exchanges the time and sends 1 KiB on each,
// says so, and keeps them until its input ends.
func idleClients(addr string, n int) error {
	body := strings.Repeat("x", 1024)
	requests := []string{
		get(wire.PathTime+"?nonce="+strings.Repeat("ab", 16), ""),
		fmt.Sprintf("POST /v1/s HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", wire.TypeEnvelope, len(body), body),
	}
	open := make([]*tls.Conn, n)
	for i := range open {
		c, err := tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			return err
		}
		open[i] = c
		r := bufio.NewReaderSize(c, 1024)
		for _, request := range requests {
			if _, err := io.WriteString(c, request); err != nil {
				return err
			}
			res, err := http.ReadResponse(r, nil)
			if err != nil {
				return err
			}
			if _, err := io.Copy(io.Discard, res.Body); err != nil {
				return err
			}
		}
	}
	fmt.Println("open")
	_, err := io.Copy(io.Discard, os.Stdin)
	runtime.KeepAlive(open)
	return err
}

// idleMemory returns the bytes of this process, heap and stacks, that each of n
// idle warmed TLS connections takes.
func idleMemory(t *testing.T, n int) float64 {
	t.Helper()
	w := openWith(t, true, func(*Config) {})
	before := inUse()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s %d", idleVariable, w.listener.Addr(), n))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	must(t, err)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "open\n" {
		t.Fatalf("%q, %v", line, err)
	}
	eventually(t, "all connections are idle", func() bool { return w.listener.Open() == n })
	after := inUse()
	must(t, in.Close())
	must(t, cmd.Wait())
	return float64(after-before) / float64(n)
}

func inUse() int64 {
	var m runtime.MemStats
	for range 3 { // pools are emptied in two rounds
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse + m.StackInuse)
}

// TestMemoryOfAnIdleConnection is the figure of docs/intake.md; -v prints it.
func TestMemoryOfAnIdleConnection(t *testing.T) {
	perConn := idleMemory(t, 400)
	t.Logf("%.1f KiB for each idle warmed TLS connection", perConn/1024)
	if perConn > 20<<10 && !raceDetector {
		t.Fatalf("%.0f bytes, want 20 KiB at most", perConn)
	}
}
