package intake

import (
	"fmt"
	"strings"

	"puntuale/internal/clickday"
	"puntuale/internal/wire"
)

// framingCase is one request that is not of the documented form.
type framingCase struct {
	name, request string
	code          clickday.Code // "" closes without an answer
	stays         bool          // the connection stays open: where the request ended was never in doubt
}

// framing makes requests around one envelope.
type requests struct {
	env    string
	length string // the right Content-Length line
}

// post is a request with the lines given after Host and Content-Type.
func (r requests) post(lines, body string) string {
	return "POST /v1/s HTTP/1.1\r\nHost: x\r\nContent-Type: " + wire.TypeEnvelope + "\r\n" + lines + "\r\n" + body
}

// typed is a request with these lines instead of Content-Type.
func (r requests) typed(lines string) string {
	return "POST /v1/s HTTP/1.1\r\nHost: x\r\n" + lines + r.length + "\r\n" + r.env
}

// with is a good request with one thing changed.
func (r requests) with(old, changed string) string {
	return strings.Replace(r.post(r.length, r.env), old, changed, 1)
}

// get is a good request without a body, with lines after Host.
func get(target, lines string) string {
	return "GET " + target + " HTTP/1.1\r\nHost: x\r\n" + lines + "\r\n"
}

func framingCases(env []byte) []framingCase {
	r := requests{string(env), fmt.Sprintf("Content-Length: %d\r\n", len(env))}
	var all []framingCase
	all = append(all, r.lengths()...)
	all = append(all, r.codings()...)
	all = append(all, r.lines()...)
	all = append(all, r.heads()...)
	return append(all, r.harmless()...)
}

// lengths are about how long the body is.
func (r requests) lengths() []framingCase {
	n := len(r.env)
	cl := func(v string) string { return r.post("Content-Length:"+v+"\r\n", r.env) }
	return []framingCase{
		{"no content-length", r.post("", r.env), clickday.CodeLength, false},
		{"no content-length, no body", r.post("", ""), clickday.CodeLength, false},
		{"two equal lengths", r.post(r.length+r.length, r.env), clickday.CodeLength, false},
		{"two lengths", r.post(r.length+"Content-Length: 5\r\n", r.env), clickday.CodeLength, false},
		{"two lengths, the short one first", r.post("Content-Length: 5\r\n"+r.length, r.env), clickday.CodeLength, false},
		{"two lengths in different letters", r.post(r.length+fmt.Sprintf("CONTENT-LENGTH: %d\r\n", n), r.env), clickday.CodeLength, false},
		{"signed length", cl(fmt.Sprintf(" +%d", n)), clickday.CodeRequest, false},
		{"negative length", cl(" -1"), clickday.CodeRequest, false},
		{"minus nothing", cl(" -0"), clickday.CodeRequest, false},
		{"hexadecimal length", cl(" 0x10"), clickday.CodeRequest, false},
		{"hexadecimal digits", cl(" 3Fe"), clickday.CodeRequest, false},
		{"empty length", cl(""), clickday.CodeRequest, false},
		{"length of spaces", cl("   "), clickday.CodeRequest, false},
		{"list of equal lengths", cl(fmt.Sprintf(" %d, %d", n, n)), clickday.CodeRequest, false},
		{"list of lengths", cl(fmt.Sprintf(" %d,5", n)), clickday.CodeRequest, false},
		{"space within the length", cl(" 1 024"), clickday.CodeRequest, false},
		{"length with a unit", cl(fmt.Sprintf(" %dB", n)), clickday.CodeRequest, false},
		{"length with a fraction", cl(fmt.Sprintf(" %d.0", n)), clickday.CodeRequest, false},
		{"length with an exponent", cl(" 1e3"), clickday.CodeRequest, false},
		{"quoted length", cl(fmt.Sprintf(" \"%d\"", n)), clickday.CodeRequest, false},
		{"zero before the length", cl(fmt.Sprintf(" 0%d", n)), clickday.CodeRequest, false},
		{"length beyond 64 bits", cl(" 99999999999999999999999999"), clickday.CodeRequest, false},
		{"length that wraps to the right one", cl(fmt.Sprintf(" %d", uint64(1)<<32+uint64(n))), clickday.CodeOversized, false},
		{"length over the limit", cl(" 16385"), clickday.CodeOversized, false},
		{"length that is not ASCII", cl(" ١٢٣"), clickday.CodeRequest, false},
		{"length too small", cl(fmt.Sprintf(" %d", n-1)), clickday.CodeRequest, false},
		{"length of nothing", cl(" 0"), clickday.CodeRequest, false},
		{"length too large", cl(fmt.Sprintf(" %d", n+1)), clickday.CodeTruncated, false},
		{"a byte after the body", r.post(r.length, r.env+"x"), clickday.CodeRequest, false},
		{"an empty line after the body", r.post(r.length, r.env+"\r\n"), clickday.CodeRequest, false},
		{"two requests at once", r.post(r.length, r.env) + r.post(r.length, r.env), clickday.CodeRequest, false},
		{"a get behind the body", r.post(r.length, r.env) + get("/v1/calendar", ""), clickday.CodeRequest, false},
		{"two gets at once", get("/v1/calendar", "") + get("/v1/calendar", ""), clickday.CodeRequest, false},
		{"get with a body", get("/v1/calendar", "Content-Length: 3\r\n") + "abc", clickday.CodeRequest, false},
		{"get with a chunked body", get("/v1/calendar", "Transfer-Encoding: chunked\r\n") + "3\r\nabc\r\n0\r\n\r\n", clickday.CodeLength, false},
	}
}

// codings are about Transfer-Encoding, Expect and Upgrade.
func (r requests) codings() []framingCase {
	chunked := fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(r.env), r.env)
	te := func(line string) string { return r.post(line+"\r\n", chunked) }
	both := func(line string) string { return r.post(line+"\r\n"+r.length, r.env) }
	return []framingCase{
		{"chunked", te("Transfer-Encoding: chunked"), clickday.CodeLength, false},
		{"chunked in capitals", te("TRANSFER-ENCODING: CHUNKED"), clickday.CodeLength, false},
		{"chunked with a list", te("Transfer-Encoding: gzip, chunked"), clickday.CodeRequest, false},
		{"chunked twice", te("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), clickday.CodeRequest, false},
		{"chunked with a tab", te("Transfer-Encoding:\tchunked"), clickday.CodeLength, false},
		{"chunked with an extension", r.post("Transfer-Encoding: chunked\r\n", fmt.Sprintf("%x;a=b\r\n%s\r\n0\r\n\r\n", len(r.env), r.env)), clickday.CodeLength, false},
		{"chunked with a trailer", r.post("Transfer-Encoding: chunked\r\n", strings.TrimSuffix(chunked, "\r\n")+"Content-Length: 3\r\n\r\n"), clickday.CodeRequest, false},
		{"chunk too large", r.post("Transfer-Encoding: chunked\r\n", "ffff\r\n"), clickday.CodeOversized, false},
		{"chunk of no number", r.post("Transfer-Encoding: chunked\r\n", "zz\r\n\r\n"), clickday.CodeRequest, false},
		{"both framings", r.post("Transfer-Encoding: chunked\r\n"+r.length, chunked), clickday.CodeLength, false},
		{"both framings, the other way round", r.post(r.length+"Transfer-Encoding: chunked\r\n", chunked), clickday.CodeLength, false},
		{"identity", both("Transfer-Encoding: identity"), clickday.CodeLength, false},
		{"unknown coding", both("Transfer-Encoding: xchunked"), clickday.CodeRequest, false},
		{"no coding", both("Transfer-Encoding:"), clickday.CodeRequest, false},
		{"space before the colon of the coding", both("Transfer-Encoding : chunked"), clickday.CodeRequest, false},
		{"coding on a folded line", both("X-A: b\r\n Transfer-Encoding: chunked"), clickday.CodeRequest, false},
		{"value of the coding folded", both("Transfer-Encoding:\r\n chunked"), clickday.CodeRequest, false},
		{"expect", both("Expect: 100-continue"), clickday.CodeRequest, false},
		{"expect without a body yet", r.post("Expect: 100-continue\r\n"+r.length, ""), clickday.CodeRequest, false},
		{"expect something else", both("Expect: x"), clickday.CodeRequest, false},
		{"upgrade to h2c", both("Upgrade: h2c\r\nConnection: upgrade, http2-settings"), clickday.CodeRequest, false},
		{"upgrade to a web socket", get("/v1/calendar", "Upgrade: websocket\r\nConnection: Upgrade\r\n"), clickday.CodeRequest, false},
	}
}

// lines are about the header lines themselves.
func (r requests) lines() []framingCase {
	line := func(l string) string { return r.post(l+"\r\n"+r.length, r.env) }
	return []framingCase{
		{"space before the colon", r.post(strings.Replace(r.length, ":", " :", 1), r.env), clickday.CodeRequest, false},
		{"tab before the colon", line("X-A\t: b"), clickday.CodeRequest, false},
		{"folded with a space", line("X-A: b\r\n c"), clickday.CodeRequest, false},
		{"folded with a tab", line("X-A: b\r\n\tc"), clickday.CodeRequest, false},
		{"first line folded", "POST /v1/s HTTP/1.1\r\n Host: x\r\n" + r.length + "\r\n" + r.env, clickday.CodeRequest, false},
		{"no name", line(": b"), clickday.CodeRequest, false},
		{"no colon", line("X-A"), clickday.CodeRequest, false},
		{"space in the name", line("X A: b"), clickday.CodeRequest, false},
		{"brackets in the name", line("X(A): b"), clickday.CodeRequest, false},
		{"name that is not ASCII", line("X-À: b"), clickday.CodeRequest, false},
		{"nul in the value", line("X-A: a\x00b"), clickday.CodeRequest, false},
		{"nul in the name", line("X\x00A: b"), clickday.CodeRequest, false},
		{"control character in the value", line("X-A: a\x01b"), clickday.CodeRequest, false},
		{"bare carriage return in the value", line("X-A: a\rContent-Length: 3"), clickday.CodeRequest, false},
		{"bare carriage return at the end", line("X-A: a\r"), clickday.CodeRequest, false},
		{"bare line feed after a line", line("X-A: a\nX-B: b"), clickday.CodeRequest, false},
		{"bare line feed before the body", strings.Replace(r.post(r.length, r.env), "\r\n\r\n", "\r\n\n", 1), clickday.CodeTruncated, false},
		{"bare line feeds only", strings.ReplaceAll(r.post(r.length, ""), "\r\n", "\n") + r.env, clickday.CodeTruncated, false},
		{"header injected behind a line feed", line("X-A: b\nTransfer-Encoding: chunked"), clickday.CodeRequest, false},
		{"no host", strings.Replace(r.post(r.length, r.env), "Host: x\r\n", "", 1), clickday.CodeRequest, false},
		{"two hosts", line("Host: y"), clickday.CodeRequest, false},
		{"two equal hosts", line("host: x"), clickday.CodeRequest, false},
		{"a huge line", line("X-A: " + strings.Repeat("a", 8000)), clickday.CodeRequest, false},
		{"a thousand lines", line(strings.Repeat("A: b\r\n", 1000) + "A: b"), clickday.CodeRequest, false},
		{"a line without an end", "POST /v1/s HTTP/1.1\r\nHost: x\r\nX-A: " + strings.Repeat("a", 200<<10), clickday.CodeRequest, false},
	}
}

// heads are about the first line, and what is no HTTP/1.1 at all.
func (r requests) heads() []framingCase {
	return []framingCase{
		{"http/1.0", r.with("HTTP/1.1", "HTTP/1.0"), clickday.CodeRequest, false},
		{"http/1.0 kept alive", strings.Replace(r.post("Connection: keep-alive\r\n"+r.length, r.env), "HTTP/1.1", "HTTP/1.0", 1), clickday.CodeRequest, false},
		{"http/0.9", "GET /v1/calendar\r\n\r\n", clickday.CodeRequest, false},
		{"http/1.2", r.with("HTTP/1.1", "HTTP/1.2"), clickday.CodeRequest, false},
		{"http/2.0 in words", r.with("HTTP/1.1", "HTTP/2.0"), clickday.CodeRequest, false},
		{"http/01.1", r.with("HTTP/1.1", "HTTP/01.1"), clickday.CodeRequest, false},
		{"http in small letters", r.with("HTTP/1.1", "http/1.1"), clickday.CodeRequest, false},
		{"no version", r.with(" HTTP/1.1", ""), clickday.CodeRequest, false},
		{"http/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", clickday.CodeRequest, false},
		{"tls in the clear", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", clickday.CodeRequest, false},
		{"empty line before", "\r\n" + r.post(r.length, r.env), clickday.CodeRequest, false},
		{"space before", " " + r.post(r.length, r.env), clickday.CodeRequest, false},
		{"two spaces", r.with("POST /v1/s", "POST  /v1/s"), clickday.CodeRequest, false},
		{"tabs for spaces", r.with("POST /v1/s", "POST\t/v1/s"), clickday.CodeRequest, false},
		{"space at the end of the line", r.with("HTTP/1.1", "HTTP/1.1 "), clickday.CodeRequest, false},
		{"space in the target", r.with("/v1/s", "/v1/s x"), clickday.CodeRequest, false},
		{"no target", r.with(" /v1/s", ""), clickday.CodeRequest, false},
		{"header injected in the target", r.with("/v1/s", "/v1/s\r\nX-A: b"), clickday.CodeRequest, false},
		{"nul in the target", r.with("/v1/s", "/v1/s\x00"), clickday.CodeRequest, false},
		{"a huge target", r.with("/v1/s", "/"+strings.Repeat("a", 8000)), clickday.CodeRequest, false},
		{"a huge method", r.with("POST", strings.Repeat("P", 8000)), clickday.CodeRequest, false},
		{"connect", "CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n", clickday.CodeRequest, false},
		{"asterisk", "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", clickday.CodeRequest, false},
		{"absolute target", r.with("/v1/s", "http://x/v1/s"), clickday.CodeRequest, false},
		{"absolute target of another", r.with("/v1/s", "https://elsewhere/v1/s"), clickday.CodeRequest, false},
		{"relative target", r.with("/v1/s", "v1/s"), clickday.CodeRequest, false},
		{"nothing but line ends", strings.Repeat("\r\n", 50), "", false},
	}
}

// harmless are wrong, but nobody can doubt where they end.
func (r requests) harmless() []framingCase {
	return []framingCase{
		{"no content-type", r.typed(""), clickday.CodeMediaType, true},
		{"another type", r.typed("Content-Type: application/json\r\n"), clickday.CodeMediaType, true},
		{"type with a parameter", r.typed("Content-Type: " + wire.TypeEnvelope + "; charset=utf-8\r\n"), clickday.CodeMediaType, true},
		{"type in capitals", r.typed("Content-Type: " + strings.ToUpper(wire.TypeEnvelope) + "\r\n"), clickday.CodeMediaType, true},
		{"two types", r.typed("Content-Type: " + wire.TypeEnvelope + "\r\nContent-Type: text/plain\r\n"), clickday.CodeMediaType, true},
		{"form", r.typed("Content-Type: multipart/form-data; boundary=x\r\n"), clickday.CodeMediaType, true},
		{"compressed", r.post("Content-Encoding: gzip\r\n"+r.length, r.env), clickday.CodeMediaType, true},
		{"put", r.with("POST", "PUT"), clickday.CodeMethod, true},
		{"delete", r.with("POST", "DELETE"), clickday.CodeMethod, true},
		{"method in small letters", r.with("POST", "post"), clickday.CodeMethod, true},
		{"unknown method", r.with("POST", "SUBMIT"), clickday.CodeMethod, true},
		{"get of the form", get("/v1/s", ""), clickday.CodeMethod, true},
		{"trace", "TRACE /v1/s HTTP/1.1\r\nHost: x\r\n\r\n", clickday.CodeMethod, true},
		{"post to the calendar", r.with("/v1/s", "/v1/calendar"), clickday.CodeMethod, true},
		{"method of another in a header", r.with("POST /v1/s HTTP/1.1\r\n", "PUT /v1/s HTTP/1.1\r\nX-HTTP-Method-Override: POST\r\n"), clickday.CodeMethod, true},
		{"nowhere", r.with("/v1/s", "/v2/s"), clickday.CodeNotFound, true},
		{"encoded path", r.with("/v1/s", "/v1/%73"), clickday.CodeNotFound, true},
		{"dots in the path", r.with("/v1/s", "/x/../v1/s"), clickday.CodeNotFound, true},
		{"two slashes", r.with("/v1/s", "//v1/s"), clickday.CodeNotFound, true},
		{"status of garbage", get("/v1/s/xyz", ""), clickday.CodeNotFound, true},
		{"status of nobody", get("/v1/s/"+strings.Repeat("ab", 32), ""), clickday.CodeNotFound, true},
	}
}
