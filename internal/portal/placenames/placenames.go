// Package placenames offers names of comuni to whoever types one into a form
// (static file places.js): public data, the same for everybody.
package placenames

import (
	"encoding/json"
	"net/http"
	"strings"
	"unicode/utf8"

	"puntuale/internal/places"
	"puntuale/internal/portal/site"
)

// Path is where names are asked for.
const Path = "/places"

const (
	maxOffers = 10
	minQuery  = 2   // runes
	maxQuery  = 100 // bytes
)

// Room returns the one route.
func Room() site.Room {
	return site.Room{Name: "names of places", Routes: []site.Route{{Pattern: "GET " + Path, Handle: offer}}}
}

// offer answers ?q= with a JSON array of names as the forms take them, those of
// today first.
func offer(w http.ResponseWriter, r *http.Request, _ *site.Visit) error {
	names := []string{}
	q := strings.TrimSpace(r.URL.Query().Get("q"))
	if utf8.RuneCountInString(q) >= minQuery && len(q) <= maxQuery {
		seen := map[string]bool{}
		for _, p := range places.SearchComuni(q, maxOffers) {
			if label := p.Label(); !seen[label] {
				seen[label] = true
				names = append(names, label)
			}
		}
	}
	body, err := json.Marshal(names)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "public, max-age=3600")
	h.Del("Vary") // it is the same for everybody
	w.Write(body) // a browser that has gone away misses its offers, nothing else
	return nil
}
