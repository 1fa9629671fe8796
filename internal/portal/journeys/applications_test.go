package journeys

import (
	"bytes"
	"image"
	"image/png"
	"maps"
	"strings"

	"puntuale/internal/forms/sample"
	"puntuale/internal/portal/pagetest"
)

// applications: everything that is done to one application before the click day.
func applications(p *person) {
	a, m := sample.ModelB(sample.New(2), sample.Person), p.w.model()
	p.logIn(mario)
	p.Follow("Nuova domanda")
	p.put(map[string]string{"choice": "1/B"})
	p.Follow("Comincia")
	p.typesAPlace()
	wrong := maps.Clone(a)
	wrong["contract_hours"] = "10"
	for !strings.Contains(p.At(), "check=1") {
		p.answer(m, wrong)
		p.Follow("Salva e continua")
	}
	p.mends()
	p.complete(m, a)
	p.Follow("Anteprima")
	p.says("main", a["worker_surname"])
	p.Follow("Torna alla domanda")
	p.attaches()
	p.seals()
	p.copies(a["employer_surname"])
}

// typesAPlace types a part of a name: with scripts there are offers, without them
// the field is one of text.
func (p *person) typesAPlace() {
	const field = `document.getElementById("f.employer_place")`
	p.put(map[string]string{"f.employer_kind": "person"})
	p.Follow("Salva e continua") // now the page asks where a person lives
	p.says("main [role=status]", "altre domande")
	p.Click("#f\\.employer_place")
	p.Press("Torin")
	if p.w.scripts {
		p.Until(field + `.list !== null && Array.from(` + field + `.list.options).some((o) => o.value.startsWith("Torino"))`)
	} else if pagetest.Value[bool](p.Chrome, field+`.list !== null`) {
		p.w.t.Error("offers without scripts")
	}
	p.Press("o")
	p.Follow("Salva ed esci")
	p.Follow("Continua la compilazione")
	if got := pagetest.Value[string](p.Chrome, field+`.value`); !strings.HasPrefix(got, "Torino") {
		p.w.t.Errorf("the place that was typed is %q", got)
	}
}

// mends follows the list of what is wrong to the field.
func (p *person) mends() {
	p.says(".summary", "Ore alla settimana: Scrivi un valore da 20 a 40")
	p.Push("Ore alla settimana: ")
	p.Until(`document.activeElement.id === "f.contract_hours" || location.hash === "#f.contract_hours"`)
	if got := pagetest.Value[string](p.Chrome, `document.getElementById("f.contract_hours").value`); got != "10" {
		p.w.t.Errorf("what was wrong is not there any more: %q", got)
	}
}

// attaches adds a file that is none, then one that is, and takes it away.
func (p *person) attaches() {
	p.w.t.Helper()
	p.Follow("Allegati")
	p.put(map[string]string{"kind": "passport"})
	p.Attach("file", "passaporto.png", []byte("nessuna immagine"))
	p.Follow("Aggiungi")
	p.says(".summary", "Non è un PDF")
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 30, 20))); err != nil {
		p.w.t.Fatal(err)
	}
	p.put(map[string]string{"kind": "passport"})
	p.Attach("file", "passaporto.png", b.Bytes())
	p.Follow("Aggiungi")
	p.says("[role=status]", "Il file è aggiunto")
	p.Follow("Togli passaporto.png")
	p.says("[role=status]", "Il file è tolto")
	p.Follow("Torna alla domanda")
}

// seals, opens again and seals again.
func (p *person) seals() {
	p.Follow("Sigilla la domanda")
	p.says("main", "Controlla i dati un’ultima volta")
	p.Follow("Sigilla")
	p.says("[role=status]", "La domanda è sigillata")
	p.Follow("Riapri per modificare")
	p.says("main", "il sigillo non vale più")
	p.Follow("Annulla il sigillo e riapri")
	p.says("[role=status]", "di nuovo una bozza")
	p.Follow("Sigilla la domanda")
	p.Follow("Sigilla")
	p.says("main", "Sigillata")
}

// copies makes a clone and the next application of the same employer, and throws
// one of them away.
func (p *person) copies(employer string) {
	p.Follow("Copia tutta la domanda")
	p.says("main", "Risposte riprese")
	p.Follow("Crea la nuova bozza")
	p.says("[role=status]", "nuova bozza")
	p.Follow("Salva ed esci")
	p.Follow("Prossima domanda dello stesso datore di lavoro")
	p.Follow("Crea la nuova bozza")
	p.says("h1", "Lavoratore")
	p.Follow("Salva e torna indietro")
	if got := pagetest.Value[string](p.Chrome, `document.getElementById("f.employer_surname").value`); got != employer {
		p.w.t.Errorf("the employer of the next application is %q", got)
	}
	p.Follow("Salva ed esci")
	p.Follow("Elimina la bozza")
	p.says("main", "scompare per sempre")
	p.Follow("Elimina per sempre")
	p.says("[role=status]", "La bozza è eliminata")
	p.says("caption", "2 domande")
}
