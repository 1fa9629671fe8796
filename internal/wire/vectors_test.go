package wire

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"puntuale/internal/clickday"
)

var update = flag.Bool("update", false, "write testdata/vectors.json anew")

const vectorsFile = "testdata/vectors.json"

// hx is bytes as lower-case hexadecimal digits.
type hx []byte

func (h hx) MarshalJSON() ([]byte, error) { return json.Marshal(hex.EncodeToString(h)) }

// Integers that may pass 2^53 stand in the file as decimal strings.
func dec[T int64 | uint64](v T) string {
	if v < 0 {
		return strconv.FormatInt(int64(v), 10)
	}
	return strconv.FormatUint(uint64(v), 10)
}

type vectors struct {
	About     string           `json:"about"`
	Keys      map[string]any   `json:"keys"`
	Document  documentVector   `json:"document"`
	Ticket    ticketVector     `json:"ticket"`
	Envelopes []envelopeVector `json:"envelopes"`
	Batches   []batchVector    `json:"batches"`
	Time      timeVector       `json:"time"`
	Calendar  calendarVector   `json:"calendar"`
	Phases    []phaseVector    `json:"phases"`
	Device    deviceVector     `json:"device"`
	Bad       []badVector      `json:"bad"`
}

type documentVector struct {
	Application  string            `json:"application"`
	Day          uint32            `json:"day"`
	Model        string            `json:"model"`
	ModelVersion uint16            `json:"model_version"`
	SealVersion  uint32            `json:"seal_version"`
	Answers      map[string]string `json:"answers"`
	Bytes        hx                `json:"bytes"`
	Digest       hx                `json:"digest"`
}

type ticketVector struct {
	KeyID        uint32 `json:"key_id"`
	Day          uint32 `json:"day"`
	Model        string `json:"model"`
	ModelVersion uint16 `json:"model_version"`
	Application  hx     `json:"application"`
	SealVersion  uint32 `json:"seal_version"`
	Digest       hx     `json:"digest"`
	Device       hx     `json:"device"`
	Account      string `json:"account"`
	IssuedAt     string `json:"issued_at"`
	NotAfter     string `json:"not_after"`
	MACMessage   hx     `json:"mac_message"`
	MAC          hx     `json:"mac"`
	Bytes        hx     `json:"bytes"`
}

type envelopeVector struct {
	Name          string `json:"name"`
	DictionaryID  uint32 `json:"dictionary_id"`
	Dictionary    hx     `json:"dictionary"`
	Frame         hx     `json:"frame"` // an input: any zstd frame of the document will do
	SignedMessage hx     `json:"signed_message"`
	Signature     hx     `json:"signature"`
	Bytes         hx     `json:"bytes"`
	SubmissionID  hx     `json:"submission_id"`
}

type leafVector struct {
	SubmissionID hx     `json:"submission_id"`
	UnixNano     string `json:"unix_nano"`
	Source       uint8  `json:"source"`
	Clock        uint8  `json:"clock"`
	BoundNano    string `json:"bound_nano"`
	Node         uint16 `json:"node"`
	Journal      string `json:"journal"`
	Sequence     string `json:"sequence"`
	Bytes        hx     `json:"bytes"`
	Hash         hx     `json:"hash"`
	Path         []hx   `json:"path"`
	Ack          hx     `json:"acknowledgement"`
}

type batchVector struct {
	Batch     string       `json:"batch"`
	Count     uint32       `json:"count"`
	Prev      hx           `json:"prev"`
	Leaves    []leafVector `json:"leaves"`
	Root      hx           `json:"root"`
	Statement hx           `json:"statement"`
	Chain     hx           `json:"chain"`
	Signature hx           `json:"signature"`
}

type timeVector struct {
	Nonce           hx     `json:"nonce"`
	ReceivedAt      string `json:"received_at"`
	SentAt          string `json:"sent_at"`
	Source          uint8  `json:"source"`
	Clock           uint8  `json:"clock"`
	BoundNano       string `json:"bound_nano"`
	Node            uint16 `json:"node"`
	CalendarVersion string `json:"calendar_version"`
	Message         hx     `json:"message"`
	Bytes           hx     `json:"bytes"`
}

type calendarVector struct {
	Calendar any `json:"calendar"`
	Payload  hx  `json:"payload"`
	Message  hx  `json:"message"`
	Bytes    hx  `json:"bytes"`
}

type phaseVector struct {
	Day   uint32 `json:"day"`
	At    string `json:"at"`
	Phase string `json:"phase"`
}

type deviceVector struct {
	AccessToken string `json:"access_token"`
	Message     hx     `json:"message"`
	Proof       hx     `json:"proof"`
}

func buildVectors(t *testing.T) vectors {
	return vectors{
		About: "Test vectors of docs/protocol.md. Bytes are hexadecimal; integers that may pass 2^53 are decimal strings.",
		Keys:  keyVectors(), Document: buildDocument(), Ticket: buildTicket(), Envelopes: buildEnvelopes(t),
		Batches: []batchVector{buildBatch(1), buildBatch(3), buildBatch(5)},
		Time:    buildTime(), Calendar: buildCalendar(t), Phases: buildPhases(), Device: buildDevice(), Bad: buildBad(t),
	}
}

func keyVectors() map[string]any {
	out := map[string]any{"ticket_key_id": 1, "ticket_key": hx(ticketKeys[1])}
	for name, key := range map[string]ed25519.PrivateKey{"device": deviceKey, "node": nodeKey, "calendar": calendarKey} {
		out[name+"_seed"], out[name+"_public"] = hx(key.Seed()), hx(publicOf(key))
		out[name+"_key_id"] = KeyID(publicOf(key))
	}
	return out
}

func buildDocument() documentVector {
	b := testDocument()
	var d document
	if err := strict.Unmarshal(b, &d); err != nil {
		panic(err)
	}
	sum := sha256.Sum256(b)
	return documentVector{
		Application: d.Application.String(), Day: uint32(d.Day), Model: string(d.Model), ModelVersion: d.ModelVersion,
		SealVersion: d.SealVersion, Answers: d.Answers, Bytes: b, Digest: sum[:],
	}
}

func buildTicket() ticketVector {
	t := testTicket()
	b := SealTicket(&t, ticketKeys[1])
	return ticketVector{
		KeyID: t.KeyID, Day: uint32(t.Day), Model: string(t.Model), ModelVersion: t.ModelVersion, Application: t.Application[:],
		SealVersion: t.SealVersion, Digest: t.Digest[:], Device: t.Device[:], Account: dec(int64(t.Account)),
		IssuedAt: dec(t.IssuedAt), NotAfter: dec(t.NotAfter),
		MACMessage: append([]byte(domainTicket), b[:ticketMACAt]...), MAC: b[ticketMACAt:], Bytes: b,
	}
}

func buildEnvelopes(t *testing.T) []envelopeVector {
	tk := testTicket()
	ticket := SealTicket(&tk, ticketKeys[1])
	seal := func(name string, d Dictionary, frame []byte) envelopeVector {
		b, err := SealEnvelope(ticket, d.ID, frame, deviceKey)
		if err != nil {
			t.Fatal(err)
		}
		id, end := IDOf(b), len(b)-ed25519.SignatureSize
		return envelopeVector{
			Name: name, DictionaryID: d.ID, Dictionary: d.Content, Frame: frame, SignedMessage: envelopeMessage(b[:end]),
			Signature: b[end:], Bytes: b, SubmissionID: id[:],
		}
	}
	plain, err := Compress(testDocument(), Dictionary{})
	if err != nil {
		t.Fatal(err)
	}
	named, err := Compress(testDocument(), testDictionary())
	if err != nil {
		t.Fatal(err)
	}
	return []envelopeVector{
		seal("no dictionary, not compressed: one raw block", Dictionary{}, stored(testDocument())),
		seal("no dictionary", Dictionary{}, plain),
		seal("dictionary named in the frame", testDictionary(), named),
		seal("dictionary not named in the frame, as C libraries write it", testDictionary(), foreignFrame(t)),
	}
}

// stored is a zstd frame that any program can write: one raw block.
func stored(doc []byte) []byte {
	return rawFrame([]byte{0x60, byte(len(doc) - 256), byte((len(doc) - 256) >> 8)}, block(true, 0, len(doc), doc...))
}

func buildBatch(n int) batchVector {
	leaves := testLeaves(n)
	s, acks := acknowledge(leaves)
	chain := s.Chain()
	out := batchVector{
		Batch: dec(s.Batch), Count: s.Count, Prev: s.Prev[:], Root: s.Root[:], Statement: s.Message(), Chain: chain[:],
		Signature: acks[0].Signature[:],
	}
	for i := range leaves {
		st := &leaves[i].Stamp
		b := AppendLeaf(nil, &leaves[i])
		hash := HashLeaf(b)
		path := []hx{}
		for k := range acks[i].Path {
			path = append(path, acks[i].Path[k][:])
		}
		out.Leaves = append(out.Leaves, leafVector{
			SubmissionID: leaves[i].ID[:], UnixNano: dec(st.UnixNano), Source: uint8(st.Source), Clock: uint8(st.Clock),
			BoundNano: dec(int64(st.Bound)), Node: uint16(st.Node), Journal: dec(st.Journal), Sequence: dec(st.Sequence),
			Bytes: b, Hash: hash[:], Path: path, Ack: AppendAcknowledgement(nil, &acks[i]),
		})
	}
	return out
}

func buildTime() timeVector {
	t := testTime()
	b := SealTime(&t, nodeKey)
	return timeVector{
		Nonce: t.Nonce[:], ReceivedAt: dec(t.ReceivedAt), SentAt: dec(t.SentAt), Source: uint8(t.Source), Clock: uint8(t.Clock),
		BoundNano: dec(int64(t.Bound)), Node: uint16(t.Node), CalendarVersion: dec(t.CalendarVersion),
		Message: timeMessage(b[:timeSigAt]), Bytes: b,
	}
}

func buildCalendar(t *testing.T) calendarVector {
	c := testCalendar()
	b, err := SealCalendar(&c, calendarKey)
	if err != nil {
		t.Fatal(err)
	}
	days := []map[string]any{}
	for i := range c.Days {
		d := &c.Days[i]
		day := map[string]any{
			"id": d.ID, "code": d.Code, "title_it": d.TitleIT, "title_en": d.TitleEN, "models": d.Models, "prepare": dec(d.Prepare),
			"sync": dec(d.Sync), "opens": dec(d.Opens), "closes": dec(d.Closes), "state": d.State, "tie_commitment": hx(d.TieCommitment[:]),
		}
		if d.Granularity != 0 {
			day["granularity"] = dec(d.Granularity)
		}
		if d.Rehearsal {
			day["rehearsal"] = true
		}
		days = append(days, day)
	}
	payload := b[calendarPayloadAt:]
	return calendarVector{
		Calendar: map[string]any{"version": dec(c.Version), "issued_at": dec(c.IssuedAt), "days": days},
		Payload:  payload, Message: calendarMessage(payload), Bytes: b,
	}
}

func buildPhases() []phaseVector {
	c := testCalendar()
	var out []phaseVector
	for i := range c.Days {
		d := &c.Days[i]
		for _, at := range []int64{d.Opens - 1, d.Opens, d.Closes - 1, d.Closes} {
			out = append(out, phaseVector{Day: uint32(d.ID), At: dec(at), Phase: string(d.PhaseAt(at))})
		}
	}
	return out
}

func buildDevice() deviceVector {
	const token = "an access token, as the portal issued it"
	return deviceVector{AccessToken: token, Message: deviceMessage(token), Proof: SignDevice(deviceKey, token)}
}

func TestVectors(t *testing.T) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(buildVectors(t)); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(vectorsFile, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(vectorsFile)
	if err != nil {
		t.Fatal(err)
	}
	got, old := strings.Split(b.String(), "\n"), strings.Split(string(want), "\n")
	for i := range min(len(got), len(old)) {
		if got[i] != old[i] {
			t.Fatalf("%s line %d: the protocol has changed\n now %s\nfile %s", vectorsFile, i+1, got[i], old[i])
		}
	}
	if len(got) != len(old) {
		t.Fatalf("%s has %d lines, want %d", vectorsFile, len(old), len(got))
	}
}

func TestEnvelopeVectorsHoldTheDocument(t *testing.T) {
	dec := newDecompressor(t, testDictionary())
	for _, v := range buildEnvelopes(t) {
		if err := judgeEnvelope(dec, v.Bytes, testNow); err != nil {
			t.Errorf("%s: %v", v.Name, err)
		}
	}
}

// TestVectorsOutsideGo lets a program that shares no line with this package
// recompute the vectors from what docs/protocol.md says.
func TestVectorsOutsideGo(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Fatalf("python3 is needed for this test: %v", err)
	}
	out, err := exec.Command(python, "testdata/check_vectors.py", vectorsFile).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
	for _, field := range []string{"submission_id", "mac", "proof", "chain", "phase", "code"} {
		if out, err := exec.Command(python, "testdata/check_vectors.py", spoil(t, field)).CombinedOutput(); err == nil {
			t.Errorf("a wrong %q passed:\n%s", field, out)
		}
	}
}

// spoil writes a copy of the vectors in which the last value of that name is wrong.
func spoil(t *testing.T, field string) string {
	t.Helper()
	b, err := os.ReadFile(vectorsFile)
	if err != nil {
		t.Fatal(err)
	}
	key := []byte(`"` + field + `": "`)
	at := bytes.LastIndex(b, key)
	if at < 0 {
		t.Fatalf("no field %q", field)
	}
	at += len(key)
	if b[at] == '0' {
		b[at] = '1'
	} else {
		b[at] = '0'
	}
	path := t.TempDir() + "/vectors.json"
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// judged lists the codes that bytes alone can earn; the vectors must show each.
var judged = []clickday.Code{
	clickday.CodeMalformed, clickday.CodeTruncated, clickday.CodeOversized, clickday.CodeVersion, clickday.CodeTicketKey,
	clickday.CodeTicketInvalid, clickday.CodeTicketExpired, clickday.CodeSignature, clickday.CodeDigest, clickday.CodeDecompression,
}
