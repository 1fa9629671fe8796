package limit

import (
	"net/http"
	"net/netip"
	"strings"
)

// Behind gives requests that come through proxies of ours the address of who
// asked the first of them: the last one in X-Forwarded-For that is not itself a
// proxy of ours. What stands before it, the caller may have made up. Requests
// from elsewhere keep the address of their connection, whatever they say.
func Behind(proxies []netip.Prefix, next http.Handler) http.Handler {
	if len(proxies) == 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if caller, ok := callerOf(proxies, r); ok {
			r = r.Clone(r.Context())
			r.RemoteAddr = netip.AddrPortFrom(caller, 0).String()
		}
		next.ServeHTTP(w, r)
	})
}

func callerOf(proxies []netip.Prefix, r *http.Request) (netip.Addr, bool) {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !ours(proxies, from.Addr()) {
		return netip.Addr{}, false
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			return netip.Addr{}, false
		}
		if !ours(proxies, hop) {
			return hop.Unmap(), true
		}
	}
	return netip.Addr{}, false
}

func ours(proxies []netip.Prefix, a netip.Addr) bool {
	for _, p := range proxies {
		if p.Contains(a.Unmap()) {
			return true
		}
	}
	return false
}
