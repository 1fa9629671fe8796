package lists

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"puntuale/internal/ledger"
	"puntuale/internal/ranking"
)

// writeSummary prints the overview and stores it. It comes last, because it
// names the other files with their SHA-256.
func (e *edition) writeSummary(ctx context.Context, shelf Shelf, csv [32]byte) error {
	s := newSheet(e, "Quadro dell’elenco")
	s.page()
	e.title(s)
	e.basisSection(s)
	e.groupSection(s)
	e.moveSection(s)
	e.ledgerSection(s)
	e.fileSection(s, csv)
	e.legend(s)
	pdf, err := s.bytes()
	if err != nil {
		return err
	}
	_, err = e.store(ctx, shelf, SummaryName, pdf)
	return err
}

func (e *edition) title(s *sheet) {
	l := e.list
	s.paragraph("B", 19, ink, kindWord(l.Kind))
	s.paragraph("", 11, muted, kindEnglish(l.Kind))
	s.y += 1
	s.paragraph("B", 12.5, ink, e.day.TitleIT)
	if e.day.TitleEN != e.day.TitleIT {
		s.paragraph("", 9.5, muted, e.day.TitleEN)
	}
	s.y += 2
	s.facts([][2]string{
		{"Click day / Click day", l.DayCode},
		{"Versione / Version", fmt.Sprint(l.Version)},
		{"Pubblicato il / Published on", italianTime(l.At, time.Second) + " (ora italiana)"},
		{"Pubblicato da / Published by", l.Operator},
		{"Apertura / Opening", italianTime(e.day.OpensAt(), time.Second)},
		{"Chiusura / Close", italianTime(e.day.ClosesAt(), time.Second)},
	})
	if l.Reason != "" {
		s.facts([][2]string{{"Motivo di questa versione / Reason", l.Reason}})
	}
	if l.Kind == ranking.Provisional {
		s.bilingual("Elenco provvisorio: le posizioni e i posti possono ancora cambiare con domande in arrivo, verifiche e rettifiche.",
			"Provisional list: positions and places may still change as applications come in, are checked and corrected.")
	}
	m := &l.Summary
	s.heading("Numeri", "Figures")
	s.facts([][2]string{
		{"Domande numerate / Numbered applications", thousands(m.Numbered)},
		{"Invii ripetuti / Repeated submissions", thousands(m.Repeated)},
		{"Invii rifiutati / Refused submissions", thousands(m.Refused)},
		{"Arrivati fuori ordine (*) / Came in late (*)", thousands(m.Late)},
		{"Prima domanda / First application", arrivedText(m.First, e.day.Grain())},
		{"Ultima domanda / Last application", arrivedText(m.Last, e.day.Grain())},
		{"Coppie vicine / Close pairs", thousands(m.ClosePairs)},
	})
}

func arrivedText(at int64, grain time.Duration) string {
	if at == 0 {
		return "–"
	}
	return italianTime(time.Unix(0, at), grain) + " (ora italiana)"
}

// facts sets labels with their values, long ones over several lines.
func (s *sheet) facts(rows [][2]string) {
	const label = 62.0
	for _, r := range rows {
		s.font("", 9, ink)
		lines := s.pdf.SplitText(r[1], pageWidth-2*marginSide-label)
		s.room(5.2 * float64(len(lines)))
		s.font("", 9, muted)
		s.pdf.Text(marginSide, s.y+3.7, r[0])
		s.font("B", 9, ink)
		for _, line := range lines {
			s.pdf.Text(marginSide+label, s.y+3.7, line)
			s.y += 5.2
		}
	}
	s.y += 1.5
}

func (e *edition) basisSection(s *sheet) {
	s.heading("Base dell’assegnazione", "Basis of the allocation")
	q := e.basis.Quotas
	if q == nil {
		s.bilingual("Per questa giornata non sono pubblicate quote: l’elenco dà l’ordine e non assegna posti.",
			"No quotas are published for this day: the list gives the order and allocates no places.")
		return
	}
	w := e.words
	s.bilingual(w.Rule(q.Rule, "it"), w.Rule(q.Rule, "en"))
	switch m := &e.list.Summary; {
	case !m.Decided:
		s.bilingual("Il sorteggio si farà quando sarà rivelato il seme, depositato prima dell’apertura: fino ad allora nessun posto è assegnato.",
			"The draw will be made when the seed, committed before the opening, is revealed: until then no place is given.")
	case m.NoRace:
		s.bilingual("Nessuna gara: in ogni gruppo le domande non superano i posti. Tutte sono in quota e l’ordine di arrivo non ha deciso nulla.",
			"No race: in no group are there more applications than places. All are within the quota, and the order of arrival has decided nothing.")
	}
	s.facts([][2]string{
		{"Regola / Rule", e.list.Rule},
		{"Quote, versione / Quotas, version", fmt.Sprintf("%d, del %s", q.Version, italianTime(q.At, time.Second))},
		{"Documento (SHA-256) / Document", hexOf(sha256.Sum256(q.Document))},
	})
	if q.Reason != "" {
		s.facts([][2]string{{"Motivo della modifica / Reason of change", q.Reason}})
	}
}

func hexOf(b [32]byte) string { return hex.EncodeToString(b[:]) }

var groupHead = []cell{
	{x: 15, width: 72, text: "Gruppo", english: "Group"},
	{x: 87, width: 18, text: "Posti", english: "Places", right: true},
	{x: 105, width: 20, text: "Domande", english: "Demand", right: true},
	{x: 125, width: 23, text: "In quota", english: "Admitted", right: true},
	{x: 148, width: 24, text: "di cui con rip.", english: "by reallocation", right: true},
	{x: 172, width: 23, text: "Non in quota", english: "Waiting", right: true},
}

func (e *edition) groupSection(s *sheet) {
	m := &e.list.Summary
	if len(m.Groups) == 0 {
		return
	}
	s.heading("Posti e domande per gruppo", "Places and applications by group")
	s.table(groupHead)
	w := e.words
	var sum [5]int64
	for i := range m.Groups {
		c := &m.Groups[i]
		if c.Places == 0 && c.Demand == 0 {
			continue
		}
		n := [5]int64{c.Places, c.Demand, c.Own + c.Reallocated, c.Reallocated, c.Waiting}
		for k := range sum {
			sum[k] += n[k]
		}
		s.row(groupRow(short(w.Group(c.Group, "it"), 48), n, m.Decided, false))
	}
	s.row(groupRow("Totale / Total", sum, m.Decided, true))
	s.endTable()
}

func groupRow(name string, n [5]int64, decided, strong bool) []cell {
	cells := make([]cell, len(groupHead))
	for i := range cells {
		cells[i] = cell{x: groupHead[i].x, width: groupHead[i].width, right: groupHead[i].right, strong: strong}
	}
	cells[0].text = name
	for i, v := range n {
		cells[i+1].text = thousands(v)
		if i >= 2 && !decided {
			cells[i+1].text = "–"
		}
	}
	return cells
}

var moveHead = []cell{
	{x: 15, width: 14, text: "Turno", english: "Round", right: true},
	{x: 31, width: 72, text: "Dal gruppo", english: "From"},
	{x: 103, width: 72, text: "Al gruppo", english: "To"},
	{x: 175, width: 20, text: "Posti", english: "Places", right: true},
}

// maxMoves keeps the overview short; every move follows from the table and the
// rule, and the portal shows all of them.
const maxMoves = 200

func (e *edition) moveSection(s *sheet) {
	moves := e.list.Summary.Moves
	if len(moves) == 0 {
		return
	}
	s.heading("Ripartizione dei posti non richiesti", "Reallocation of unused places")
	s.table(moveHead)
	w := e.words
	for _, m := range moves[:min(len(moves), maxMoves)] {
		cells := make([]cell, len(moveHead))
		for i, text := range []string{fmt.Sprint(m.Round), short(w.Group(m.From, "it"), 46), short(w.Group(m.To, "it"), 46), thousands(m.Places)} {
			cells[i] = cell{x: moveHead[i].x, width: moveHead[i].width, right: moveHead[i].right, text: text}
		}
		s.row(cells)
	}
	s.endTable()
	if len(moves) > maxMoves {
		s.bilingual(fmt.Sprintf("Altri %d passaggi sono sulla pagina dell’elenco nel portale.", len(moves)-maxMoves),
			fmt.Sprintf("%d more moves are on the page of the list in the portal.", len(moves)-maxMoves))
	}
}

func (e *edition) ledgerSection(s *sheet) {
	s.heading("Registro pubblico", "Public ledger")
	b := e.basis
	root := ""
	if head, err := ledger.ReadHead(b.Head.Note); err == nil { // the store has read it before
		root = hexOf(head.Root)
	}
	seed := "non ancora rivelato / not yet revealed"
	if b.Seed != nil {
		seed = hex.EncodeToString(b.Seed)
	}
	stamp := "nessuna / none"
	if b.Head.Timestamp != nil {
		stamp = "presente, nel CSV / present, in the CSV"
	}
	s.facts([][2]string{
		{"Decisioni / Decisions", thousands(b.Head.Size)},
		{"Radice / Root (SHA-256)", root},
		{"Impegno sul seme / Commitment", hexOf(e.day.TieCommitment)},
		{"Seme / Seed", seed},
		{"Marca temporale RFC 3161 / Time-stamp", stamp},
		{"Granularità / Granularity", e.day.Grain().String()},
	})
}

var fileHead = []cell{
	{x: 15, width: 27, text: "File", english: "File"},
	{x: 40, width: 36, text: "Numeri", english: "Numbers"},
	{x: 76, width: 22, text: "Dalle ore", english: "From"},
	{x: 98, width: 97, text: "SHA-256", english: "SHA-256"},
}

func (e *edition) fileSection(s *sheet, csv [32]byte) {
	s.heading("File di questo elenco", "Files of this list")
	s.paragraph("", 9, ink, fmt.Sprintf("%s/lists/%s/%d", e.PublicURL, e.list.DayCode, e.list.Version))
	s.y += 2
	s.table(fileHead)
	put := func(texts ...string) {
		cells := make([]cell, len(fileHead))
		for i, t := range texts {
			cells[i] = cell{x: fileHead[i].x, width: fileHead[i].width, text: t}
		}
		s.row(cells)
	}
	put(CSVName, "tutti / all", "", hexOf(csv))
	for i, f := range e.files {
		r := e.ranges[i]
		numbers := "–"
		if r.lastNumber > 0 {
			numbers = thousands(r.firstNumber) + "–" + thousands(r.lastNumber)
		}
		at := italianTime(time.Unix(0, r.firstArrived), time.Second)
		put(f.Name, numbers, at[strings.Index(at, ", ")+2:], hexOf(f.SHA256))
	}
	s.endTable()
}

func (e *edition) legend(s *sheet) {
	s.heading("Come si legge", "How to read it")
	for _, t := range legendTexts {
		s.bilingual(t[0], t[1])
	}
}

var legendTexts = [][2]string{
	{"Posizione: il posto nel registro, da 0. Numero: il numero di protocollo, che segue l’ordine di arrivo.",
		"Position: the place in the ledger, from 0. Number: the protocol number, which follows the order of arrival."},
	{"In quota: c’è un posto per la domanda; «rip. n» dice in quale turno l’ha avuto tra quelli non richiesti da altri. " +
		"Non in quota: al momento non c’è. Ripetuta: la domanda aveva già un numero, che resta. Rifiutata: il motivo è nel CSV.",
		"In quota: there is a place for the application; “rip. n” tells in which round it got one that nobody else had asked for. " +
			"Non in quota: there is none at the moment. Ripetuta: the application had a number already, which stands. Rifiutata: the reason is in the CSV."},
	{"Un asterisco segna l’invio arrivato quando altri successivi erano già numerati: ha avuto il numero seguente.",
		"An asterisk marks a submission that came in when later ones had been numbered: it got the next number."},
	{"Coppie vicine: arrivi consecutivi a nodi diversi, più vicini tra loro di quanto gli orologi possano distinguere.",
		"Close pairs: neighbouring arrivals at different nodes, nearer to each other than the clocks can tell apart."},
	{"L’elenco non contiene dati personali. Chiunque può ricalcolarlo dal CSV, senza fidarsi di chi lo pubblica.",
		"The list holds no personal data. Anybody can recompute it from the CSV, without trusting who publishes it."},
}
