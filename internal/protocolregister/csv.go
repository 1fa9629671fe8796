package protocolregister

import (
	"bytes"
	"encoding/csv"
	"encoding/hex"
	"fmt"
	"time"
)

// columns of the CSV; docs/protocol-register.md explains them.
var columns = []string{
	"registro", "numero", "presentata_utc", "registrata_utc", "mittente", "oggetto", "impronta_sha256", "registro_emergenza",
	"annullata_utc", "annullata_da", "annullata_motivo",
}

const instant = "2006-01-02T15:04:05.000000Z"

func utc(t time.Time) string { return t.UTC().Format(instant) }

// csv writes the entries, then the annulments of earlier numbers, whose rows
// have no subject.
func (d *Daily) csv() ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	err := w.Write(columns)
	for i := range d.Entries {
		e := &d.Entries[i]
		row := []string{
			e.Register, fmt.Sprint(e.Number), utc(e.Presented), utc(e.Registered), Clean(e.Sender), Clean(e.Subject),
			hex.EncodeToString(e.Digest), e.Emergency, "", "", "",
		}
		if a := e.Annulment; a != nil {
			row[8], row[9], row[10] = utc(a.At), Clean(a.Operator), Clean(a.Reason)
		}
		if err == nil {
			err = w.Write(row)
		}
	}
	for _, a := range d.Annulled {
		if err == nil {
			err = w.Write([]string{a.Register, fmt.Sprint(a.Number), "", "", "", "", "", "", utc(a.At), Clean(a.Operator), Clean(a.Reason)})
		}
	}
	w.Flush()
	if err == nil {
		err = w.Error()
	}
	if err != nil {
		return nil, fmt.Errorf("protocolregister: csv: %w", err)
	}
	return b.Bytes(), nil
}
