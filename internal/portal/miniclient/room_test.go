package miniclient

import (
	"net/http"
	"testing"

	"puntuale/internal/accounts"
	"puntuale/internal/portal/site"
	"puntuale/internal/portal/sitetest"
)

func TestPageOfTheRoom(t *testing.T) {
	const evil = sitetest.Evil
	base := func() site.Base {
		return site.Base{Site: "Puntuale", Text: evil, Nav: "miniclient", Account: &accounts.Account{Name: evil}, Crumbs: []site.Crumb{{Label: evil}}, Italian: "/?lang=it", English: "/?lang=en"}
	}
	down := downloadView{System: evil, Name: evil, URL: evil, Size: evil, SHA256: evil}
	steps := []step{{"miniclient-pair-it.png", "miniclient.step.pair", "miniclient.alt.pair"}}
	for _, p := range pictures {
		steps = append(steps, step{"miniclient-" + p + "-en.png", "miniclient.step." + p, "miniclient.alt." + p})
	}
	sitetest.CheckRoom(t, New(&site.Site{}, nil, Config{}).Room(), map[string][]site.View{"miniclient": {
		&pageView{
			Base: base(), PublicURL: evil, NTPServers: []string{evil}, Steps: steps, Devices: []deviceView{{1, evil, evil, false}, {2, evil, evil, true}},
			Release: &releaseView{Version: evil, Published: evil, Notes: evil, Yours: &down, All: []downloadView{down}, Signature: evil, Key: evil},
		},
		&pageView{Base: base(), Release: &releaseView{All: []downloadView{down}}},
		&pageView{Base: site.Base{Title: "miniclient.title"}},
	}})
}

func TestSystemOfTheVisitor(t *testing.T) {
	const chrome = "Mozilla/5.0 (%s) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
	for _, c := range []struct{ agent, platform, arch, want string }{
		{"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36", "", "", "windows/amd64"},
		{"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36", `"Windows"`, `"arm"`, "windows/arm64"},
		{"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15", "", "", "darwin/arm64"},
		{"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36", `"macOS"`, `"x86"`, "darwin/amd64"},
		{"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "", "", "linux/amd64"},
		{"Mozilla/5.0 (X11; Linux aarch64; rv:140.0) Gecko/20100101 Firefox/140.0", "", "", "linux/arm64"},
		{"Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Mobile", "", "", ""},
		{"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)", "", "", ""},
		{"curl/8", "", "", ""}, {"", "", "", ""}, {chrome, `"Chrome OS"`, "", ""},
	} {
		h := http.Header{"User-Agent": {c.agent}}
		for name, value := range map[string]string{"Sec-CH-UA-Platform": c.platform, "Sec-CH-UA-Arch": c.arch} {
			if value != "" {
				h.Set(name, value)
			}
		}
		if got := systemOf(h); got != c.want {
			t.Errorf("%q %s %s: %q, want %q", c.agent, c.platform, c.arch, got, c.want)
		}
	}
}
