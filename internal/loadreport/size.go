package loadreport

import (
	"bytes"
	_ "embed" // the costs
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"slices"
	"text/tabwriter"
	"time"
)

//go:embed costs.json
var measuredCosts []byte

// Costs are what one of each thing costs. Those that come with the program were
// measured with the benchmarks of this repository; docs/loadtest.md says where.
type Costs struct {
	IntakeCPU          float64 `json:"intake_cpu_us"`     // per submission, plain
	IntakeTLS          float64 `json:"intake_tls_cpu_us"` // on top, on a warm TLS connection
	Handshake          float64 `json:"handshake_cpu_us"`
	WorkerCPU          float64 `json:"worker_cpu_us"`
	PostgresCPU        float64 `json:"postgres_cpu_us"`
	RedisCPU           float64 `json:"redis_cpu_us"`
	ReceiptCPU         float64 `json:"receipt_cpu_us"`
	ReceiptPostgresCPU float64 `json:"receipt_postgres_cpu_us"`
	Headroom           float64 `json:"headroom"` // share of a processor that may be used at the peak
	RequestBytes       float64 `json:"request_bytes"`
	AnswerBytes        float64 `json:"answer_bytes"`
	JournalBytes       float64 `json:"journal_bytes"`
	RecordBytes        float64 `json:"record_bytes"` // in PostgreSQL, receipt left out
	ReceiptBytes       float64 `json:"receipt_bytes"`
	ConnectionKiB      float64 `json:"connection_kib"`
	NodeConnections    float64 `json:"connections_per_node"` // that a node lets in, as it is set by default
	NodeMiB            float64 `json:"node_memory_mib"`
	WorkerMiB          float64 `json:"worker_memory_mib"`
	Fsyncs             float64 `json:"fsyncs_per_second"` // that the journal's disk must give
	// Measured says of each figure when, where and by what command.
	Measured map[string]string `json:"measured"`
}

// LoadCosts reads a file of costs; empty for those that come with the program.
func LoadCosts(path string) (*Costs, error) {
	b, err := measuredCosts, error(nil)
	if path != "" {
		if b, err = os.ReadFile(path); err != nil {
			return nil, fmt.Errorf("costs: %w", err)
		}
	}
	c := new(Costs)
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(c); err != nil {
		return nil, fmt.Errorf("costs: %w", err)
	}
	if c.IntakeCPU <= 0 || c.ReceiptCPU <= 0 || c.NodeConnections < 1 || c.Headroom <= 0 || c.Headroom > 1 {
		return nil, fmt.Errorf("costs: intake_cpu_us, receipt_cpu_us and connections_per_node want above 0, headroom above 0 and at most 1")
	}
	return c, nil
}

// Take puts measured unit costs in their places.
func (c *Costs) Take(tls, handshake float64, how string) {
	if c.Measured == nil {
		c.Measured = map[string]string{}
	}
	c.IntakeTLS, c.Handshake = math.Round(tls*10)/10, math.Round(handshake)
	c.Measured["intake_tls_cpu_us"], c.Measured["handshake_cpu_us"] = how, how
}

// Save writes a file that LoadCosts reads.
func (c *Costs) Save(path string) error {
	b, err := json.MarshalIndent(c, "", "  ")
	if err == nil {
		err = os.WriteFile(path, append(b, '\n'), 0o644)
	}
	if err != nil {
		return fmt.Errorf("costs: %w", err)
	}
	return nil
}

// WriteCosts prints every unit cost with where it comes from.
func (c *Costs) WriteCosts(out io.Writer) error {
	b, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("costs: %w", err)
	}
	var all map[string]any
	if err := json.Unmarshal(b, &all); err != nil {
		return fmt.Errorf("costs: %w", err)
	}
	delete(all, "measured")
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprint(w, "costo / cost\t\torigine / where from\n")
	for _, name := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(w, "%s\t%v\t%s\n", name, all[name], c.Measured[name])
	}
	return w.Flush()
}

// Demand is an event.
type Demand struct {
	Applications int
	Within       time.Duration
	Share        float64 // of the applications that comes within
	Repeats      float64
	Receipts     time.Duration // for all of them
	Connected    float64       // warm connections, relative to applications
}

// Size is what an event needs.
type Size struct {
	Demand
	Rate                            float64 // requests per second at the peak
	Connections, IntakeCores, Nodes int
	WorkerCores                     int     // to number as fast as they come
	NumberRate                      float64 // that one sequencer reaches, per second
	NumberAfter                     time.Duration
	ReceiptCores                    int
	PostgresCores                   int
	IntakeMiB, WorkerMiB            float64
	InMbit, OutMbit                 float64
	JournalGiB, DatabaseGiB         float64
	HandshakeWarmup                 time.Duration // for all connections on the same cores, before the opening
	SequencerBehind                 bool
}

const (
	// nodeCores is how many cores one intake node uses well: its loop and its
	// writer do not spread over more.
	nodeCores = 4
	// sequencerRate is what one sequencer with its PostgreSQL reaches on two
	// cores; more cores than judgeCores do not make it faster.
	sequencerRate = 9285
)

// Size computes nodes, cores, memory and bandwidth. Each figure is a unit cost
// times a number; only the sequencer is bounded by what one was measured to do.
func (c *Costs) Size(d Demand) (*Size, error) {
	if d.Applications < 1 || d.Within <= 0 || d.Share <= 0 || d.Share > 1 || d.Repeats < 0 || d.Connected < 0 || d.Receipts <= 0 {
		return nil, fmt.Errorf("size: want applications, a time within which a share above 0 and at most 1 comes, repeats of 0 or more and a time for receipts")
	}
	s := &Size{Demand: d}
	all := float64(d.Applications) * (1 + d.Repeats)
	s.Rate = all * d.Share / d.Within.Seconds()
	cores := func(perSecond, us float64) int { return int(math.Ceil(perSecond * us / 1e6 / c.Headroom)) }
	s.IntakeCores = cores(s.Rate, c.IntakeCPU+c.IntakeTLS)
	s.Connections = int(float64(d.Applications) * d.Connected)
	s.Nodes = max(2, (s.IntakeCores+nodeCores-1)/nodeCores, int(math.Ceil(float64(s.Connections)/c.NodeConnections))) // one may fail
	s.NumberRate = min(s.Rate, sequencerRate)
	s.NumberAfter = max(d.Within, time.Duration(all*d.Share/s.NumberRate*float64(time.Second)))
	s.SequencerBehind = s.Rate > sequencerRate
	s.WorkerCores = cores(s.NumberRate, c.WorkerCPU)
	receipts := float64(d.Applications) / d.Receipts.Seconds()
	s.ReceiptCores = cores(receipts, c.ReceiptCPU)
	s.PostgresCores = cores(s.NumberRate, c.PostgresCPU) + cores(receipts, c.ReceiptPostgresCPU)
	s.IntakeMiB = float64(s.Nodes)*c.NodeMiB + float64(s.Connections)*c.ConnectionKiB/1024
	s.WorkerMiB = c.WorkerMiB * float64(max(1, (s.ReceiptCores+1)/2)+1)
	s.InMbit, s.OutMbit = s.Rate*c.RequestBytes*8/1e6, s.Rate*c.AnswerBytes*8/1e6
	s.JournalGiB = float64(d.Applications) * c.JournalBytes / (1 << 30)
	s.DatabaseGiB = float64(d.Applications) * (c.RecordBytes + c.ReceiptBytes) / (1 << 30)
	s.HandshakeWarmup = time.Duration(float64(s.Connections) * c.Handshake / float64(s.Nodes*nodeCores) / c.Headroom * float64(time.Microsecond))
	return s, nil
}

// Write prints the sizes.
func (s *Size) Write(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "domande / applications\t%d\t%.0f %% entro / within %s, ritrasmissioni / repeats %.0f %%\n", s.Applications, 100*s.Share, s.Within, 100*s.Repeats)
	fmt.Fprintf(w, "richieste al secondo / requests per second\t%.0f\t\n", s.Rate)
	fmt.Fprintf(w, "nodi di intake / intake nodes\t%d\t%d core in tutto / cores in all\n", s.Nodes, max(s.IntakeCores, 2*s.Nodes))
	fmt.Fprintf(w, "connessioni pronte prima / connections warmed before\t%d\t%s con 4 core per nodo / with 4 cores a node\n", s.Connections, s.HandshakeWarmup.Round(time.Second))
	fmt.Fprintf(w, "memoria intake / intake memory\t%.1f GiB\tin tutto / in all\n", s.IntakeMiB/1024)
	fmt.Fprintf(w, "rete / network\t%.0f + %.0f Mbit/s\tin ingresso + in uscita / in + out\n", s.InMbit, s.OutMbit)
	fmt.Fprintf(w, "numerazione / numbering\t%.0f/s\t%d core; tutte entro / all within %s\n", s.NumberRate, s.WorkerCores, s.NumberAfter.Round(time.Second))
	fmt.Fprintf(w, "ricevute / receipts\t%d core\tper / for %d in %s\n", s.ReceiptCores, s.Applications, s.Receipts)
	fmt.Fprintf(w, "memoria worker / worker memory\t%.1f GiB\t\n", s.WorkerMiB/1024)
	fmt.Fprintf(w, "PostgreSQL\t%d core\t%.1f GiB su disco / on disk\n", s.PostgresCores, s.DatabaseGiB)
	fmt.Fprintf(w, "diario / journal\t%.2f GiB\tin tutto, un disco con fdatasync per nodo / in all, a disk with fdatasync per node\n", s.JournalGiB)
	if s.SequencerBehind {
		fmt.Fprintf(w, "\nIl sequenziatore riceve più di %d/s: gli esiti arrivano subito, i numeri seguono.\n", sequencerRate)
		fmt.Fprintf(w, "The sequencer gets more than %d/s: acknowledgements come at once, numbers follow.\n", sequencerRate)
	}
	return w.Flush()
}
