package client

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/client/sending"
	"puntuale/internal/client/store"
)

// RehearsalReport says how a rehearsal went. All instants are the intake
// nodes' own, from their signed answers.
type RehearsalReport struct {
	Code    string    `json:"code"` // of the click day: PROVA…
	Opens   time.Time `json:"opens"`
	Samples bool      `json:"samples"` // invented applications: none were sealed
	Resumed bool      `json:"resumed"` // it was interrupted and went on

	Applications int           `json:"applications"`
	Acknowledged int           `json:"acknowledged"`
	Numbered     int           `json:"numbered"`
	Receipts     int           `json:"receipts"` // saved
	Refused      int           `json:"refused"`
	Early        int           `json:"early"`    // arrivals before the opening
	First        time.Duration `json:"first_ns"` // arrival after the opening
	Last         time.Duration `json:"last_ns"`
	// NumbersAfter and ReceiptsAfter say how long after the opening the last
	// number and the last receipt were here; 0 when some are missing.
	NumbersAfter  time.Duration     `json:"numbers_after_ns"`
	ReceiptsAfter time.Duration     `json:"receipts_after_ns"`
	Offset        time.Duration     `json:"offset_ns"` // the intake's clock minus this computer's
	Bound         time.Duration     `json:"bound_ns"`
	RoundTrip     time.Duration     `json:"round_trip_ns"`
	Connections   int               `json:"connections"`
	Nodes         []clickday.NodeID `json:"nodes"` // that arrivals were at
	Rows          []RehearsalRow    `json:"rows"`  // in order of arrival
	Trouble       []clickday.Text   `json:"trouble,omitempty"`
	// Checks is the self-test made before.
	Checks []Check `json:"checks"`
	// Mend is what to do before the click day, in plain words.
	Mend []clickday.Text `json:"mend,omitempty"`
	// Verdict sums it up in words.
	Good    bool          `json:"good"`
	Verdict clickday.Text `json:"verdict"`
	Folder  string        `json:"folder"` // of this report, the receipts and the proofs
}

// RehearsalRow is one application of a rehearsal.
type RehearsalRow struct {
	Application    string          `json:"application"` // id in the rehearsal
	Submission     string          `json:"submission"`
	Worker         string          `json:"worker"`
	Employer       string          `json:"employer"`
	State          store.State     `json:"state"`
	Arrived        time.Time       `json:"arrived,omitzero"`
	ArrivedNS      string          `json:"arrived_ns,omitempty"`
	Lateness       time.Duration   `json:"lateness_ns"` // after the opening
	Bound          time.Duration   `json:"bound_ns"`
	Node           clickday.NodeID `json:"node,omitempty"`
	Number         int64           `json:"number,omitempty"`
	ProtocolNumber string          `json:"protocol_number,omitempty"`
	Receipt        string          `json:"receipt,omitempty"` // file
	Code           clickday.Code   `json:"refused,omitempty"`
	Reason         clickday.Text   `json:"reason,omitzero"`
}

// Names of the files of a report.
const (
	reportJSON = "prova.json"
	reportIT   = "rapporto.txt"
	reportEN   = "report.txt"
)

// note keeps what was known of clock and connections, and every trouble once. A
// run reports one picture at a time.
func (r *RehearsalReport) note(p sending.Progress) {
	r.Connections = max(r.Connections, p.Connections)
	if p.Known {
		r.Offset, r.Bound, r.RoundTrip = p.Estimate.Offset, p.Estimate.Bound, p.Estimate.RoundTrip
	}
	r.trouble(p.Trouble)
}

func (r *RehearsalReport) trouble(err error) {
	if err == nil {
		return
	}
	if t := Explain(err); !slices.Contains(r.Trouble, t) {
		r.Trouble = append(r.Trouble, t)
	}
}

// seen notes when the last number and the last receipt were here, in the instant
// of this computer for the moment; read makes durations of it.
func (r *RehearsalReport) seen(st *store.Store, now int64) {
	all, numbered, saved := 0, 0, 0
	for _, rec := range st.All() {
		all++
		if rec.Number > 0 {
			numbered++
		}
		if rec.ReceiptFile != "" {
			saved++
		}
	}
	if numbered == all && r.NumbersAfter == 0 {
		r.NumbersAfter = time.Duration(now)
	}
	if saved == all && r.ReceiptsAfter == 0 {
		r.ReceiptsAfter = time.Duration(now)
	}
	r.Numbered = numbered
}

// read gathers what became of every application.
func (r *RehearsalReport) read(c *Client, played *run, st *store.Store) {
	r.Code, r.Samples, r.Opens = played.Code, played.Samples, time.Unix(0, played.Opens).UTC()
	r.Numbered = 0
	for _, rec := range st.All() {
		r.Applications++
		row := RehearsalRow{
			Application: rec.Application, Submission: rec.Submission, Worker: rec.Worker, Employer: rec.Employer, State: rec.State, Bound: rec.Bound,
			Node: rec.Node, Number: rec.Number, ProtocolNumber: rec.ProtocolNumber, Receipt: rec.ReceiptFile, Code: rec.Code, Reason: rec.Reason,
		}
		if rec.State == store.Refused {
			r.Refused++
			if row.Reason == (clickday.Text{}) {
				row.Reason = clickday.MeaningOf(rec.Code).Detail
			}
		}
		if rec.Number > 0 {
			r.Numbered++
		}
		if rec.ReceiptFile != "" {
			r.Receipts++
		}
		if rec.State.Arrived() {
			r.arrival(&row, rec.Arrived-played.Opens)
			row.Arrived, row.ArrivedNS = time.Unix(0, rec.Arrived).UTC(), strconv.FormatInt(rec.Arrived, 10)
		}
		r.Rows = append(r.Rows, row)
	}
	slices.SortStableFunc(r.Rows, func(a, b RehearsalRow) int {
		return cmp.Or(a.Arrived.Compare(b.Arrived), cmp.Compare(a.Number, b.Number), cmp.Compare(a.Worker, b.Worker))
	})
	slices.Sort(r.Nodes)
	opened := played.Opens - int64(r.Offset) // of this computer's clock
	for _, d := range []*time.Duration{&r.NumbersAfter, &r.ReceiptsAfter} {
		if *d != 0 {
			*d -= time.Duration(opened)
		}
	}
}

func (r *RehearsalReport) arrival(row *RehearsalRow, after int64) {
	row.Lateness = time.Duration(after)
	if r.Acknowledged == 0 || row.Lateness < r.First {
		r.First = row.Lateness
	}
	if r.Acknowledged == 0 || row.Lateness > r.Last {
		r.Last = row.Lateness
	}
	r.Acknowledged++
	if after < 0 {
		r.Early++
	}
	if !slices.Contains(r.Nodes, row.Node) {
		r.Nodes = append(r.Nodes, row.Node)
	}
}

// judge sums up.
func (r *RehearsalReport) judge() {
	checks := CheckReport{Checks: r.Checks}
	r.Good = r.Early == 0 && r.Acknowledged == r.Applications && r.Receipts == r.Applications && checks.Worst() != Bad
	r.Verdict = r.verdict()
	r.Mend = r.mend()
}

func (r *RehearsalReport) verdict() clickday.Text {
	switch {
	case r.Acknowledged < r.Applications:
		return clickday.Text{
			IT: fmt.Sprintf("La prova non è riuscita: %d arrivi su %d. Guarda che cosa sistemare.", r.Acknowledged, r.Applications),
			EN: fmt.Sprintf("The rehearsal failed: %d arrivals of %d. Look at what to mend.", r.Acknowledged, r.Applications),
		}
	case r.Early > 0:
		return clickday.Text{
			IT: fmt.Sprintf("%d invii sono arrivati prima dell’apertura: segnalalo all’assistenza.", r.Early),
			EN: fmt.Sprintf("%d requests arrived before the opening: tell the help desk.", r.Early),
		}
	case r.Receipts < r.Applications:
		return clickday.Text{
			IT: fmt.Sprintf("L’invio è riuscito (%s), ma sono giunti solo %d numeri e %d ricevute su %d.", r.lateness("it"), r.Numbered, r.Receipts, r.Applications),
			EN: fmt.Sprintf("The sending went well (%s), but only %d numbers and %d receipts of %d have come.", r.lateness("en"), r.Numbered, r.Receipts, r.Applications),
		}
	case !r.Good:
		return clickday.Text{
			IT: "L’invio è riuscito (" + r.lateness("it") + "), ma su questo computer c’è qualcosa da sistemare prima del click day.",
			EN: "The sending went well (" + r.lateness("en") + "), but something on this computer has to be mended before the click day.",
		}
	}
	return clickday.Text{
		IT: fmt.Sprintf("Prova riuscita: %s. Numeri e ricevute: %d su %d.", r.lateness("it"), r.Receipts, r.Applications),
		EN: fmt.Sprintf("The rehearsal went well: %s. Numbers and receipts: %d of %d.", r.lateness("en"), r.Receipts, r.Applications),
	}
}

func (r *RehearsalReport) lateness(lang string) string {
	ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	return fmt.Sprintf(clickday.Text{
		IT: "nessun invio in anticipo, il primo arrivo %.1f ms dopo l’apertura, l’ultimo dopo %.1f ms",
		EN: "nothing early, the first arrival %.1f ms after the opening, the last after %.1f ms",
	}.In(lang), ms(r.First), ms(r.Last))
}

// slowWay is a round trip above which the line is worth a word.
const slowWay = 150 * time.Millisecond

// mend lists what to do, the worst first.
func (r *RehearsalReport) mend() (out []clickday.Text) {
	add := func(it, en string) { out = append(out, clickday.Text{IT: it, EN: en}) }
	for _, grade := range []Grade{Bad, Warn} {
		for _, k := range r.Checks {
			if k.Grade == grade && k.Mend != (clickday.Text{}) {
				add(k.Title.IT+": "+k.Mend.IT, k.Title.EN+": "+k.Mend.EN)
			}
		}
	}
	for _, t := range r.Trouble {
		add("Durante la prova: "+t.IT, "During the rehearsal: "+t.EN)
	}
	if r.Acknowledged < r.Applications {
		add("Ripeti la prova con un’altra rete (per esempio il telefono come hotspot): se riesce, la rete usata ora va sistemata.",
			"Repeat the rehearsal on another network (for example the telephone as a hotspot): if that works, the network of now has to be mended.")
	}
	if r.RoundTrip > slowWay {
		add(fmt.Sprintf("La rete è lenta (%s di andata e ritorno): usa un cavo al posto del Wi-Fi e chiudi i programmi che scaricano.", r.RoundTrip.Round(time.Millisecond)),
			fmt.Sprintf("The network is slow (%s there and back): use a cable in the place of Wi-Fi, and close programs that download.", r.RoundTrip.Round(time.Millisecond)))
	}
	if r.Acknowledged == r.Applications && r.Receipts < r.Applications {
		add("Numeri e ricevute della prova non sono giunti in tempo: l’invio è comunque a posto. Riprova più tardi; se si ripete, avvisa l’assistenza.",
			"Numbers and receipts of the rehearsal did not come in time: the sending is all right. Try again later; if it happens again, tell the help desk.")
	}
	return out
}

// save writes the report in both languages and as JSON.
func (r *RehearsalReport) save(dir string) error {
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("folder for the report: %w", err)
	}
	return errors.Join(
		store.WriteFile(filepath.Join(dir, reportJSON), append(b, '\n'), false),
		store.WriteFile(filepath.Join(dir, reportIT), []byte(r.Text("it")), false),
		store.WriteFile(filepath.Join(dir, reportEN), []byte(r.Text("en")), false),
	)
}
