package forms

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"puntuale/internal/wire"
)

// Dictionary returns the raw zstd content for documents of this model version.
// It is made from the model alone, so every program that has the model has the
// same bytes; the id is the first four bytes of their SHA-256.
func (m *Model) Dictionary() wire.Dictionary { return m.dictionary }

// buildDictionary writes what documents of this model have in common. zstd
// looks back from the end, and near matches cost fewer bits: the rare comes
// first, and last of all a whole document in the order in which canonical CBOR
// sorts its keys, with stand-ins as long as real values, so that one distance
// fits many fields in a row.
func (m *Model) buildDictionary() wire.Dictionary {
	var b bytes.Buffer
	ids := m.canonicalOrder()
	for _, id := range ids {
		f := m.byID[id].field
		for _, v := range slices.Backward(f.values()) {
			writeText(&b, id)
			writeText(&b, v)
		}
	}
	for _, s := range commonTexts {
		b.WriteString(s)
	}
	m.writeTemplate(&b, ids)
	sum := sha256.Sum256(b.Bytes())
	id := binary.BigEndian.Uint32(sum[:])
	if id == 0 {
		id = 1
	}
	return wire.Dictionary{ID: id, Content: b.Bytes()}
}

// canonicalOrder returns the field ids as deterministic CBOR sorts them: by
// length, then by bytes.
func (m *Model) canonicalOrder() []string {
	ids := make([]string, 0, len(m.byID))
	for id := range m.byID {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b string) int {
		if d := len(a) - len(b); d != 0 {
			return d
		}
		return bytes.Compare([]byte(a), []byte(b))
	})
	return ids
}

// values returns the answers a field can have where they are few.
func (f *Field) values() []string {
	switch f.Type {
	case TypeBoolean:
		return []string{"yes", "no"}
	case TypeChoice:
		out := make([]string, len(f.Options))
		for i := range f.Options {
			out[i] = f.Options[i].Value
		}
		return out
	}
	return nil
}

func (m *Model) writeTemplate(b *bytes.Buffer, ids []string) {
	b.WriteString("\xa6\x01\x50AAAAAAAAAAAAAAAA\x02\x01\x03")
	writeText(b, string(m.Code))
	b.WriteString("\x04")
	b.WriteByte(byte(m.Version))
	b.WriteString("\x05\x01\x06\xb8")
	b.WriteByte(byte(len(ids)))
	for _, id := range ids {
		writeText(b, id)
		writeText(b, m.byID[id].field.standIn())
	}
}

// standIn is a likely answer, of the most likely length.
func (f *Field) standIn() string {
	if v := f.values(); len(v) > 0 {
		return v[0]
	}
	switch f.Type {
	case TypeDate:
		if f.Max != nil && *f.Max <= 0 {
			return "1980-01-01"
		}
		return "2027-01-01"
	case TypeInteger:
		return "40"
	case TypeMoney:
		return "1500.00"
	case TypeTaxCode:
		return "RSSMRA80A01H501U"
	case TypeCompanyID:
		return "01234567890"
	case TypeEmail:
		return "nome@pec.it"
	case TypePlace:
		return "F839"
	case TypeState:
		return "Z249"
	case TypeProvince:
		return "NA"
	case TypePostcode:
		return "80100"
	case TypePassport:
		return "AA1234567"
	default:
		return "Via Roma 1"
	}
}

// writeText appends a CBOR text string; those of a model are shorter than 256.
func writeText(b *bytes.Buffer, s string) {
	if len(s) < 24 {
		b.WriteByte(0x60 | byte(len(s)))
	} else {
		b.WriteByte(0x78)
		b.WriteByte(byte(len(s)))
	}
	b.WriteString(s)
}

// commonTexts are pieces of Italian addresses, offices and offers that free
// texts share, the most frequent last.
var commonTexts = []string{
	"Ambasciata d'Italia", "Ministero dell'Interno", "Prefettura di ", "Dhaka", "Tirana", "Hanoi", "Rabat", "Cairo", "Chisinau",
	"Department of Immigration and Passports", "Ministry of Interior", "Questura di ", "Comune di ",
	"carpentiere", "muratore", "manovale", "operaio generico", "addetto alle pulizie", "autista", "cuoco", "cameriere", "saldatore",
	"Costruzioni ", "Trasporti ", "Ristorante ", "Impresa edile ", " S.p.A.", " S.n.c.", " S.r.l.",
	"@pec.example.it", "@pec.it", "@legalmail.it", "Corso ", "Piazza ", "Viale ", "Via Garibaldi ", "Via Roma ",
}
