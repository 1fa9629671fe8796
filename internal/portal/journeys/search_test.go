package journeys

import (
	"archive/zip"
	"bytes"
	"strings"

	"puntuale/internal/clickday"
	"puntuale/internal/portal/pagetest"
)

// search: somebody who has applied for years looks for an application, reads what
// happened to it, and fetches the receipts.
func search(p *person) {
	b := p.w.LoggedIn(mario)
	sent := b.Sealed(1)
	b.Sealed(2)
	p.w.Arrive(sent, clickday.Receipted, 42, nil)
	p.w.Archived(mario)
	p.logIn(mario)
	p.says("caption", "3 domande")
	p.put(map[string]string{"q": "benali"})
	p.Follow("Cerca")
	p.says("caption", "1 domanda")
	p.Follow("Benali Omar")
	p.says("main", "K-2011/0004711")
	p.Follow("Le mie domande")
	p.Push("Filtri")
	p.Until(`document.querySelector("main details").open`)
	p.put(map[string]string{"year": "2011", "state": "sealed"})
	p.Follow("Cerca")
	p.says("main", "Nessuna domanda corrisponde")
	p.Follow("Togli la ricerca e i filtri")
	p.Push("Filtri")
	p.put(map[string]string{"number": "42"})
	p.Follow("Cerca")
	p.says("caption", "1 domanda")
	p.Follow(pagetest.Value[string](p.Chrome, `document.querySelector("tbody th a").textContent`))
	p.says("main .number", "FLUSSI-2027/0000042")
	p.Follow("Storia della domanda")
	p.says("ol.timeline", "Ricevuta disponibile")
	p.Follow("Le mie domande")
	name, file := p.Download("Ricevute del 2027")
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil || len(z.File) != 1 || !strings.HasSuffix(name, ".zip") {
		p.w.t.Errorf("%s: %v, %v", name, z, err)
	}
}
