package wire

import (
	"bytes"
	"reflect"
	"testing"

	"puntuale/internal/clickday"
)

// The fuzz targets hold two rules: no input makes a decoder panic, and what a
// decoder accepts is written again as the same bytes.

// addMutations seeds a corpus with good bytes, cut and changed.
func addMutations(f *testing.F, goods ...[]byte) {
	for _, b := range goods {
		f.Add(b)
		f.Add(b[:len(b)/2])
		f.Add(append(bytes.Clone(b), 0))
		for _, at := range []int{0, 3, len(b) / 2, len(b) - 1} {
			c := bytes.Clone(b)
			c[at] ^= 0x81
			f.Add(c)
		}
	}
}

func FuzzTicket(f *testing.F) {
	t := testTicket()
	key := ticketKeys[1]
	addMutations(f, SealTicket(&t, key))
	f.Fuzz(func(t *testing.T, b []byte) {
		tk, err := ParseTicket(b)
		if err != nil {
			codeOf(t, err)
			return
		}
		again := SealTicket(&tk, key)
		if !bytes.Equal(again[:ticketMACAt], b[:ticketMACAt]) {
			t.Fatalf("read %x, wrote %x", b, again)
		}
		if err := CheckTicket(again, &tk, keyRing{tk.KeyID: key}, testNow); codeOf(t, err) != "" && codeOf(t, err) != clickday.CodeTicketExpired {
			t.Fatal(err)
		}
	})
}

func FuzzEnvelope(f *testing.F) {
	addMutations(f, testEnvelope(f, Dictionary{}), testEnvelope(f, testDictionary()))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := ParseEnvelope(b)
		if err != nil {
			codeOf(t, err)
			return
		}
		again, err := SealEnvelope(e.TicketBytes, e.DictionaryID, e.Compressed, deviceKey)
		if err != nil || !bytes.Equal(again[:len(again)-64], b[:len(b)-64]) || !bytes.Equal(e.Signature, b[len(b)-64:]) {
			t.Fatalf("read %x, wrote %x, %v", b, again, err)
		}
		codeOf(t, e.CheckSignature())
	})
}

func FuzzAcknowledgement(f *testing.F) {
	_, acks := acknowledge(testLeaves(5))
	for i := range acks {
		addMutations(f, AppendAcknowledgement(nil, &acks[i]))
	}
	id := testLeaves(5)[0].ID
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := ParseAcknowledgement(b)
		if err != nil {
			codeOf(t, err)
			return
		}
		if again := AppendAcknowledgement(nil, &a); !bytes.Equal(again, b) {
			t.Fatalf("read %x, wrote %x", b, again)
		}
		if a.Check(id, publicOf(nodeKey)) == nil && !reflect.DeepEqual(a, acks[0]) {
			t.Fatalf("forged: %x", b)
		}
	})
}

func FuzzTime(f *testing.F) {
	in := testTime()
	addMutations(f, SealTime(&in, nodeKey))
	f.Fuzz(func(t *testing.T, b []byte) {
		if out, err := OpenTime(b, in.Nonce, publicOf(nodeKey)); err == nil && out != in {
			t.Fatalf("forged: %x", b)
		}
	})
}

func FuzzCalendar(f *testing.F) {
	c := testCalendar()
	b, err := SealCalendar(&c, calendarKey)
	if err != nil {
		f.Fatal(err)
	}
	addMutations(f, b[calendarPayloadAt:])
	f.Fuzz(func(t *testing.T, payload []byte) {
		signed := signCalendar(payload)
		out, err := OpenCalendar(signed, publicOf(calendarKey))
		if err != nil {
			codeOf(t, err)
			return
		}
		again, err := SealCalendar(&out, calendarKey)
		if err != nil || !bytes.Equal(again, signed) {
			t.Fatalf("read %x, wrote %x, %v", signed, again, err)
		}
	})
}

func FuzzDecompress(f *testing.F) {
	dec := newDecompressor(f, testDictionary())
	frame, err := Compress(testDocument(), testDictionary())
	if err != nil {
		f.Fatal(err)
	}
	addMutations(f, frame, foreignFrame(f))
	for _, b := range bombs() {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		out, err := dec.Decompress(b)
		if err == nil && (len(out) > DocumentMax || len(out) > RatioMax*len(b)) {
			t.Fatalf("%d bytes from %d", len(out), len(b))
		}
		if err != nil && codeOf(t, err) != clickday.CodeDecompression {
			t.Fatal(err)
		}
		doc, err := dec.Document(&Envelope{DictionaryID: testDictionary().ID, Compressed: b})
		if err == nil && len(doc) > DocumentMax {
			t.Fatalf("%d bytes", len(doc))
		}
	})
}
