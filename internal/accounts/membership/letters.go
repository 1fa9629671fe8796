package membership

import (
	"crypto/rand"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"puntuale/internal/notices"
)

//go:embed letters.json
var letterFile []byte

// words of one letter.
type words struct{ Subject, Text string }

type stationery map[string]map[string]words // kind, language

func readLetters() (stationery, error) {
	var out stationery
	if err := json.Unmarshal(letterFile, &out); err != nil {
		return nil, fmt.Errorf("membership: letters: %w", err)
	}
	for kind, both := range out {
		for _, lang := range []string{"it", "en"} {
			if both[lang].Subject == "" || both[lang].Text == "" {
				return nil, fmt.Errorf("membership: letter %s has no %s", kind, lang)
			}
		}
	}
	return out, nil
}

// facts go into a letter.
type facts struct {
	link  string // path and query
	email string // another address that the letter speaks of
	until time.Time
}

// letter writes one. Every letter is of its own: its key is random, because what
// it tells of happens once, in the transaction that stores it.
func (s *Service) letter(kind, to, name, lang string, f facts) notices.Letter {
	if lang != "en" {
		lang = "it"
	}
	w := s.letters[kind][lang]
	fill := strings.NewReplacer("{site}", s.Name, "{link}", s.PublicURL+f.link, "{email}", f.email,
		"{login}", s.PublicURL+"/login", "{forgot}", s.PublicURL+"/password")
	text := fill.Replace(w.Text)
	if name == "" || lang == "en" {
		text = upperFirst(text)
	}
	return notices.Letter{To: to, Name: name, Lang: lang, Subject: s.Name + ": " + w.Subject, Text: text, Key: "account-" + randomKey(), NotAfter: f.until}
}

// upperFirst begins a letter with a capital: in Italian the greeting does, where
// there is one.
func upperFirst(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

func randomKey() string {
	b := make([]byte, 16)
	rand.Read(b)
	return hex.EncodeToString(b)
}
