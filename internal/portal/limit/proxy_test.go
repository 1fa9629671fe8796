package limit

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
)

func TestBehindProxies(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	for _, c := range []struct{ from, forwarded, want string }{
		{"10.0.0.1:4000", "203.0.113.7", "203.0.113.7:0"},
		{"[::1]:4000", "2001:db8::1", "[2001:db8::1]:0"},
		{"[::ffff:10.0.0.1]:4000", "203.0.113.7", "203.0.113.7:0"},
		{"10.0.0.1:4000", "198.51.100.1, 203.0.113.7", "203.0.113.7:0"}, // the first is made up
		{"10.0.0.1:4000", "203.0.113.7, 10.0.0.9", "203.0.113.7:0"},
		{"10.0.0.1:4000", "", "10.0.0.1:4000"},
		{"10.0.0.1:4000", "nonsense", "10.0.0.1:4000"},
		{"10.0.0.1:4000", "203.0.113.7, nonsense", "10.0.0.1:4000"},
		{"192.0.2.1:4000", "203.0.113.7", "192.0.2.1:4000"}, // no proxy of ours
	} {
		var got string
		h := Behind(proxies, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.RemoteAddr }))
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = c.from
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		h.ServeHTTP(httptest.NewRecorder(), r)
		if got != c.want {
			t.Errorf("%s with %q: %s, want %s", c.from, c.forwarded, got, c.want)
		}
	}
}
