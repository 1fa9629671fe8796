package installation

import "strings"

// limited keeps the last few kilobytes of a program's standard error.
type limited struct{ text string }

const limitedMax = 4000

func (l *limited) Write(b []byte) (int, error) {
	l.text += string(b)
	if len(l.text) > limitedMax {
		l.text = l.text[len(l.text)-limitedMax:]
	}
	return len(b), nil
}

// host cuts the scheme off an address of ours.
func host(url string) string {
	_, rest, _ := strings.Cut(url, "://")
	return rest
}
