package loadgen

import (
	"bytes"
	"errors"
	"fmt"
)

// Head returns the head of a request with a body of that size, or without one
// when size is negative.
func Head(method, path, mediaType string, size int) []byte {
	b := fmt.Appendf(nil, "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\n", method, path)
	if size >= 0 {
		b = fmt.Appendf(b, "Content-Type: %s\r\nContent-Length: %d\r\n", mediaType, size)
	}
	return append(b, "\r\n"...)
}

// answerMax is the longest answer that is understood, in bytes.
const answerMax = 4 << 10

var (
	endOfHead     = []byte("\r\n\r\n")
	contentLength = []byte("ontent-Length: ") // as every peer writes it, but for the case of the C
	errAnswer     = errors.New("loadgen: not an HTTP answer with a Content-Length")
)

// parseAnswer finds status and body of an answer, which must not be chunked;
// whole is false while more has to be read. Bytes beyond it are an error.
func parseAnswer(b []byte) (status int, body []byte, whole bool, err error) {
	end := bytes.Index(b, endOfHead)
	if end < 0 {
		return 0, nil, false, nil
	}
	const line = len("HTTP/1.1 200")
	at := bytes.Index(b[:end], contentLength)
	if end < line || at < 0 || string(b[:9]) != "HTTP/1.1 " {
		return 0, nil, false, fmt.Errorf("%w: %q", errAnswer, b[:min(end, 80)])
	}
	status = int(b[9]-'0')*100 + int(b[10]-'0')*10 + int(b[11]-'0')
	n := 0
	for _, c := range b[at+len(contentLength) : end+1] {
		if c < '0' || c > '9' {
			break
		}
		n = 10*n + int(c-'0')
	}
	body = b[end+len(endOfHead):]
	if len(body) > n {
		return 0, nil, false, fmt.Errorf("%w: %d bytes too many", errAnswer, len(body)-n)
	}
	return status, body, len(body) == n, nil
}
