package intake

import (
	"bytes"

	"github.com/valyala/fasthttp"

	"puntuale/internal/clickday"
)

// framing is what the headers of one request say about its body. The rules are
// stricter than HTTP on purpose: what two parsers could read in two ways is
// refused, and so is whatever would make one arrival time stand for two requests.
type framing struct {
	length   int // Content-Length, -1 if there is none
	media    []byte
	encoded  bool // Content-Encoding
	hosts    int
	lengths  int
	medias   int
	chunked  bool // any Transfer-Encoding
	expected bool // Expect or Upgrade
	other    bool // a header that is not known to mean nothing here
}

// checkFraming returns the code of the first rule that a request breaks, or "".
// Taken is how many bytes were read for it.
func checkFraming(r *fasthttp.Request, taken int) (framing, clickday.Code) {
	f, ok := scanHeaders(r.Header.RawHeaders())
	h := &r.Header
	switch {
	case !ok || !h.IsHTTP11() || !bytes.HasPrefix(h.RequestURI(), []byte{'/'}) || f.hosts != 1 || f.expected:
		return f, clickday.CodeRequest
	case f.chunked || f.lengths > 1 || f.lengths == 0 && h.IsPost():
		return f, clickday.CodeLength
	case f.length > 0 && (h.IsGet() || h.IsHead()):
		return f, clickday.CodeRequest
	case f.length >= 0 && f.length != len(r.Body()):
		return f, clickday.CodeLength
	}
	const separators = len("  ") + len("\r\n")
	whole := len(h.Method()) + len(h.RequestURI()) + len(h.Protocol()) + separators + len(h.RawHeaders()) + len(r.Body())
	if taken != whole { // a second request came along, or empty lines came before
		return f, clickday.CodeRequest
	}
	return f, ""
}

// scanHeaders reads the header lines as they came in. It reports false for
// folded lines, bare line ends, names that are no token and control characters.
func scanHeaders(raw []byte) (framing, bool) {
	f := framing{length: -1}
	for {
		end := bytes.IndexByte(raw, '\n')
		if end < 1 || raw[end-1] != '\r' {
			return f, false
		}
		line := raw[:end-1]
		raw = raw[end+1:]
		if len(line) == 0 {
			return f, len(raw) == 0
		}
		colon := bytes.IndexByte(line, ':')
		if colon < 1 || !isToken(line[:colon]) || !isValue(line[colon+1:]) {
			return f, false
		}
		if !f.header(line[:colon], bytes.Trim(line[colon+1:], " \t")) {
			return f, false
		}
	}
}

// tokenBytes are the bytes that a header's name may have (RFC 9110 §5.6.2).
var tokenBytes = func() (t [256]bool) {
	for _, c := range []byte("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") {
		t[c] = true
	}
	return t
}()

func isToken(b []byte) bool {
	for _, c := range b {
		if !tokenBytes[c] {
			return false
		}
	}
	return true
}

// isValue reports whether there is no control character but the tab.
func isValue(b []byte) bool {
	for _, c := range b {
		if c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// header takes note of one header.
func (f *framing) header(name, value []byte) bool {
	switch {
	case named(name, "content-length"):
		f.lengths++
		var ok bool
		f.length, ok = digits(value)
		return ok
	case named(name, "content-type"):
		f.medias++
		f.media = value
	case named(name, "content-encoding"):
		f.encoded = true
	case named(name, "host"):
		f.hosts++
		f.other = f.other || len(value) == 0
	case named(name, "transfer-encoding"):
		f.chunked = true
	case named(name, "expect"), named(name, "upgrade"):
		f.expected = true
	case named(name, "user-agent"), named(name, "accept"), named(name, "accept-encoding"):
	default:
		f.other = true
	}
	return true
}

// named compares a header's name with one in lower case.
func named(name []byte, lower string) bool {
	if len(name) != len(lower) {
		return false
	}
	for i, c := range name {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// digits reads one to nine decimal digits and nothing else: no sign, no zero in
// front.
func digits(b []byte) (int, bool) {
	if len(b) == 0 || len(b) > 9 || b[0] == '0' && len(b) > 1 {
		return 0, false
	}
	n := 0
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + int(c-'0')
	}
	return n, true
}

// mediaIs reports whether there is exactly this media type, without parameters
// and without a coding on top.
func (f *framing) mediaIs(want string) bool {
	return f.medias == 1 && !f.encoded && string(f.media) == want
}
