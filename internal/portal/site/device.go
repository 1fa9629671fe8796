package site

import "strings"

// Device says what a browser tells of itself, in the words that people know:
// "Firefox, Windows". What it does not know is left out; a browser may lie.
func Device(userAgent string) string {
	var parts []string
	for _, list := range [][]struct{ mark, name string }{browsers, systems} {
		for _, d := range list {
			if strings.Contains(userAgent, d.mark) {
				parts = append(parts, d.name)
				break
			}
		}
	}
	return strings.Join(parts, ", ")
}

// The first mark that is found counts: browsers name the ones they are like.
var (
	browsers = []struct{ mark, name string }{
		{"Edg", "Edge"}, {"OPR/", "Opera"}, {"SamsungBrowser", "Samsung Internet"}, {"Firefox/", "Firefox"}, {"FxiOS", "Firefox"},
		{"CriOS", "Chrome"}, {"HeadlessChrome", "Chrome"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"},
	}
	systems = []struct{ mark, name string }{
		{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"Windows", "Windows"}, {"Macintosh", "macOS"}, {"CrOS", "ChromeOS"}, {"Linux", "Linux"},
	}
)
