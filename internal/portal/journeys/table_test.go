package journeys

import (
	"strings"

	"puntuale/internal/bulk"
	"puntuale/internal/forms/sample"
)

// table: an office brings its applications in a file, one row of which is wrong.
func table(p *person) {
	m := p.w.model()
	var list []bulk.Exported
	for seed := range uint64(3) {
		list = append(list, bulk.Exported{Answers: sample.ModelB(sample.New(seed), sample.Person)})
	}
	list[1].Answers["worker_birth_date"] = "ieri"
	p.logIn(mario)
	p.Follow("Importa da CSV")
	p.put(map[string]string{"choice": "1/B"})
	p.Attach("file", "elenco.csv", bulk.Export(m, list, "it"))
	p.Follow("Leggi il file")
	p.says("main .note", "Righe che diventano bozze: 2")
	p.says("main table", "ieri")
	name, report := p.Download("Scarica le righe con errori")
	if !strings.HasPrefix(name, "errori-") || !strings.Contains(string(report), "ieri") {
		p.w.t.Errorf("%s: %s", name, report)
	}
	p.Follow("Crea le bozze (2)")
	p.says("main", "Bozze create da questo file: 2")
	p.Follow("Click day")
	p.Follow("Click day FLUSSI-2027")
	name, file := p.Download("B – ")
	if !strings.HasSuffix(name, ".csv") || strings.Count(strings.TrimSpace(string(file)), "\r\n") != 2 {
		p.w.t.Errorf("the export %s: %s", name, file)
	}
	p.Follow("Sigilla le pronte (2)")
	p.Follow("Sigilla le domande scelte")
	p.says("[role=status]", "Domande sigillate: 2")
	p.Follow("Le mie domande")
	p.says("caption", "2 domande")
	p.says("tbody", "Sigillata")
}
