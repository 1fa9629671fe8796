package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"puntuale/internal/clickday"
)

const ticketsName = "tickets.json"

// Ticket is a request for help, kept until the data of the account are deleted.
type Ticket struct {
	Kind        string `json:"kind"`
	Subject     string `json:"subject"`
	Text        string `json:"text"`
	Diagnostics string `json:"diagnostics,omitempty"` // dropped once it was sent
	Written     int64  `json:"written,string"`        // nanoseconds since 1970, this computer's clock
	// Number is the help desk's; "" until it was sent.
	Number string `json:"number,omitempty"`
	// Failure says why it was not taken; it is not sent again then.
	Failure clickday.Text `json:"failure,omitzero"`
}

// Waiting reports whether it is still to be sent.
func (t *Ticket) Waiting() bool { return t.Number == "" && t.Failure == (clickday.Text{}) }

// Tickets returns the requests for help, the oldest first.
func (s *Store) Tickets() ([]Ticket, error) {
	b, err := os.ReadFile(filepath.Join(s.dir, ticketsName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var ts []Ticket
	if err == nil {
		err = json.Unmarshal(b, &ts)
	}
	if err != nil {
		return nil, fmt.Errorf("requests for help: %w", err)
	}
	return ts, nil
}

// PutTickets puts them on disk, whole.
func (s *Store) PutTickets(ts []Ticket) error {
	b, err := json.MarshalIndent(ts, "", "  ")
	if err != nil {
		return fmt.Errorf("requests for help: %w", err)
	}
	return s.putFile(ticketsName, append(b, '\n'))
}
