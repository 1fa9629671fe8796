package link

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"puntuale/internal/client/timing"
	"puntuale/internal/clock"
)

// proxy is an HTTP proxy that asks for a name and a password.
func proxy(t *testing.T) *httptest.Server {
	t.Helper()
	want := "Basic " + base64.StdEncoding.EncodeToString([]byte("anna:s:gret"))
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect || r.Header.Get("Proxy-Authorization") != want {
			w.WriteHeader(http.StatusProxyAuthRequired)
			return
		}
		to, err := net.Dial("tcp", r.Host)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		defer to.Close()
		c, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer c.Close()
		io.WriteString(c, "HTTP/1.1 200 Connected\r\n\r\n")
		go io.Copy(to, c)
		io.Copy(c, to)
	}))
	t.Cleanup(s.Close)
	return s
}

func TestThroughAProxy(t *testing.T) {
	target, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	go func() {
		c, err := target.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		c.Read(make([]byte, 1024)) // the request
		io.WriteString(c, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
	}()
	p := proxy(t)
	for name, c := range map[string]struct {
		user *url.Userinfo
		addr string
		want error
	}{
		"good":             {url.UserPassword("anna", "s:gret"), target.Addr().String(), nil},
		"wrong password":   {url.UserPassword("anna", "other"), target.Addr().String(), ErrProxyAuth},
		"no password":      {nil, target.Addr().String(), ErrProxyAuth},
		"node unreachable": {url.UserPassword("anna", "s:gret"), "127.0.0.1:1", ErrProxy},
	} {
		u, err := url.Parse(p.URL)
		if err != nil {
			t.Fatal(err)
		}
		u.User = c.user
		conn, err := Dial(context.Background(), Node{ID: 1, Addr: c.addr, Host: c.addr, Proxy: u}, timing.NewBase(clock.System{}))
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil {
			continue
		}
		if a, err := conn.get(context.Background(), "/"); err != nil || a.Status != http.StatusNotFound {
			t.Errorf("%s: %+v %v", name, a, err)
		}
		conn.Close()
	}
}

func TestProxySettings(t *testing.T) {
	for setting, ok := range map[string]bool{"": true, "direct": true, "http://proxy:3128": true, "ftp://x:1": false, "proxy:3128": false} {
		if _, err := ParseProxy(setting); (err == nil) != ok {
			t.Errorf("%q: %v", setting, err)
		}
	}
	if _, err := ParseProxy("gopher://anna:secret@proxy"); err == nil || len(err.Error()) == 0 || strings.Contains(err.Error(), "secret") {
		t.Errorf("the password is in the message: %v", err)
	}
}
