package wire

import "puntuale/internal/clickday"

// document mirrors the canonical document of package forms, which this package
// must not import: docs/protocol.md is what they share.
type document struct {
	Application  clickday.ApplicationID `cbor:"1,keyasint"`
	Day          clickday.DayID         `cbor:"2,keyasint"`
	Model        clickday.ModelCode     `cbor:"3,keyasint"`
	ModelVersion uint16                 `cbor:"4,keyasint"`
	SealVersion  uint32                 `cbor:"5,keyasint"`
	Answers      map[string]string      `cbor:"6,keyasint"`
}

// testDocument returns the canonical bytes of the document in the vectors.
func testDocument() []byte {
	d := document{Day: 7, Model: "C-STAG", ModelVersion: 2, SealVersion: 3, Answers: map[string]string{
		"employer_surname": "Bianchi", "employer_name": "Nicolò", "employer_tax_code": "BNCNCL80A01H501T",
		"worker_surname": "Rahman", "worker_name": "Abdul Karim", "worker_birth_state": "Z249", "worker_passport": "AA1234567",
		"contract_hours_weekly": "40", "workplace_province": "NA", "housing_address": "Via Garibaldi 12",
	}}
	copy(d.Application[:], seedOf("application"))
	d.Application[6], d.Application[8] = d.Application[6]&0x0f|0x40, d.Application[8]&0x3f|0x80
	b, err := deterministic.Marshal(&d)
	if err != nil { // a struct of strings and integers always marshals
		panic(err)
	}
	return b
}
