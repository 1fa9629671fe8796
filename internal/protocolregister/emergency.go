package protocolregister

import (
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// Errors of the emergency register.
var (
	ErrEmergencyOpen   = errors.New("an emergency is open already: close it first")
	ErrEmergencyClosed = errors.New("no emergency is open: open one first, with a reason")
)

// EmergencyEntry is one registration in the emergency register. Its number is
// given when it is stored.
type EmergencyEntry struct {
	ReceivedAt time.Time
	Sender     string
	Subject    string
	Digest     []byte // SHA-256; empty when there is only paper
	Operator   string
	// Repeat tells apart entries of one list that are alike in everything,
	// from 0; Key depends on it.
	Repeat int
}

// Check names what is missing.
func (e *EmergencyEntry) Check() error {
	switch {
	case e.ReceivedAt.IsZero():
		return errors.New("ricevuta: want the instant of reception")
	case Clean(e.Sender) == "":
		return errors.New("mittente: want the sender")
	case Clean(e.Subject) == "":
		return errors.New("oggetto: want the subject")
	case Clean(e.Operator) == "":
		return errors.New("operatore: want who registers")
	case len(e.Digest) != 0 && len(e.Digest) != sha256.Size:
		return errors.New("impronta: want 64 hexadecimal digits, or nothing")
	}
	return nil
}

// Key is the same for the same content: an import that is repeated adds nothing.
func (e *EmergencyEntry) Key() [32]byte {
	parts := []string{
		e.ReceivedAt.UTC().Format(time.RFC3339Nano), Clean(e.Sender), Clean(e.Subject), hex.EncodeToString(e.Digest), Clean(e.Operator),
		fmt.Sprint(e.Repeat),
	}
	return sha256.Sum256([]byte(strings.Join(parts, "\x00")))
}

var emergencyColumns = []string{"ricevuta", "mittente", "oggetto", "impronta", "operatore"}

// ReadEmergency reads a list of entries: UTF-8, a header line with the columns
// ricevuta (RFC 3339), mittente, oggetto, impronta, operatore, separated by
// commas or semicolons. The whole list is good, or none of it; errors name the line.
func ReadEmergency(r io.Reader) ([]EmergencyEntry, error) {
	text, err := io.ReadAll(io.LimitReader(r, 16<<20))
	if err != nil {
		return nil, fmt.Errorf("emergency list: %w", err)
	}
	s := strings.TrimPrefix(string(text), "\ufeff")
	c := csv.NewReader(strings.NewReader(s))
	if head, _, _ := strings.Cut(s, "\n"); strings.Contains(head, ";") {
		c.Comma = ';'
	}
	head, err := c.Read()
	if err != nil || !slices.Equal(head, emergencyColumns) {
		return nil, fmt.Errorf("emergency list: line 1: want the columns %s", strings.Join(emergencyColumns, ","))
	}
	var out []EmergencyEntry
	seen := map[[32]byte]bool{}
	for {
		row, err := c.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("emergency list: %w", err)
		}
		e, err := emergencyRow(row)
		if err != nil {
			line, _ := c.FieldPos(0)
			return nil, fmt.Errorf("emergency list: line %d: %w", line, err)
		}
		for seen[e.Key()] {
			e.Repeat++
		}
		seen[e.Key()] = true
		out = append(out, e)
	}
}

func emergencyRow(row []string) (e EmergencyEntry, err error) {
	if e.ReceivedAt, err = time.Parse(time.RFC3339Nano, row[0]); err != nil {
		return e, fmt.Errorf("ricevuta: %q: want an instant like 2026-11-22T09:00:00+01:00", row[0])
	}
	if e.Digest, err = hex.DecodeString(row[3]); err != nil {
		return e, errors.New("impronta: want 64 hexadecimal digits, or nothing")
	}
	e.Sender, e.Subject, e.Operator = Clean(row[1]), Clean(row[2]), Clean(row[4])
	return e, e.Check()
}
