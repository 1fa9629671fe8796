package link

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

var (
	// ErrProxyAuth: the proxy wants a name and a password, or others.
	ErrProxyAuth = errors.New("the proxy asks for a name and password")
	// ErrProxy: the proxy does not let us through, or is no proxy.
	ErrProxy = errors.New("the proxy does not let the connection through")
)

// ParseProxy reads a proxy setting: "" is what the system's environment says
// (HTTPS_PROXY, NO_PROXY), "direct" is none, else http:// or https:// with host
// and port, and name and password if need be.
func ParseProxy(setting string) (func(*http.Request) (*url.URL, error), error) {
	switch setting {
	case "":
		return http.ProxyFromEnvironment, nil
	case "direct":
		return func(*http.Request) (*url.URL, error) { return nil, nil }, nil
	}
	u, err := url.Parse(setting)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("proxy %q: want http://host:port, direct, or nothing", redact(setting))
	}
	return func(r *http.Request) (*url.URL, error) {
		if IsLoopback(r.URL.Hostname()) {
			return nil, nil
		}
		return u, nil
	}, nil
}

// redact keeps a password out of messages.
func redact(setting string) string {
	if at := strings.LastIndexByte(setting, '@'); at >= 0 {
		return "…" + setting[at:]
	}
	return setting
}

// dialNet connects to the node, through its proxy if it has one.
func dialNet(ctx context.Context, n *Node, d *net.Dialer) (net.Conn, error) {
	if n.Proxy == nil {
		return d.DialContext(ctx, "tcp", n.Addr)
	}
	addr := n.Proxy.Host
	if n.Proxy.Port() == "" {
		addr = net.JoinHostPort(n.Proxy.Hostname(), map[string]string{"https": "443", "http": "80"}[n.Proxy.Scheme])
	}
	c, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrProxy, n.Proxy.Redacted(), err)
	}
	if n.Proxy.Scheme == "https" {
		c = tls.Client(c, &tls.Config{ServerName: n.Proxy.Hostname(), MinVersion: tls.VersionTLS12})
	}
	stop := context.AfterFunc(ctx, func() { c.SetDeadline(time.Unix(1, 0)) }) // unblocks reads and writes
	err = tunnel(c, n)
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// tunnel asks the proxy for a connection to the node (RFC 9110, 9.3.6). Nothing
// but its answer can come before we speak, so nothing is read too much.
func tunnel(c net.Conn, n *Node) error {
	head := "CONNECT " + n.Addr + " HTTP/1.1\r\nHost: " + n.Addr + "\r\n"
	if user := n.Proxy.User; user != nil {
		password, _ := user.Password()
		head += "Proxy-Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(user.Username()+":"+password)) + "\r\n"
	}
	if _, err := c.Write([]byte(head + "\r\n")); err != nil {
		return fmt.Errorf("%w: %w", ErrProxy, err)
	}
	resp, err := http.ReadResponse(bufio.NewReaderSize(c, 4096), &http.Request{Method: http.MethodConnect})
	if err != nil {
		return fmt.Errorf("%w: %w", ErrProxy, err)
	}
	switch resp.StatusCode {
	case http.StatusOK:
		return nil // its body is the tunnel
	case http.StatusProxyAuthRequired:
		err = ErrProxyAuth
	default:
		err = fmt.Errorf("%w: %s", ErrProxy, resp.Status)
	}
	return errors.Join(err, resp.Body.Close())
}
