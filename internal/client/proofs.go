package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"puntuale/internal/client/store"
)

// Proof is what proves an arrival before there is a number: the envelope that
// was sent, and the node's signed acknowledgement of it (docs/protocol.md).
type Proof struct {
	Application     string `json:"application"`
	Submission      string `json:"submission"`
	Arrived         string `json:"arrived"` // with its zone
	Node            int    `json:"node"`
	NodeKey         []byte `json:"node_key"` // Ed25519, as the portal named it at the last sync
	Acknowledgement []byte `json:"acknowledgement"`
	Envelope        []byte `json:"envelope"`
}

// SaveProofs writes the provisional proof of every acknowledged application into
// a folder, one file each, and returns how many there are.
func (c *Client) SaveProofs(dir string) (int, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return 0, fmt.Errorf("folder for the proofs: %w", err)
	}
	p, _ := c.Profile()
	keys := map[int][]byte{}
	for _, n := range p.Nodes {
		keys[int(n.Node)] = n.PublicKey
	}
	saved := 0
	for _, r := range c.store.All() {
		if len(r.Acknowledgement) == 0 {
			continue
		}
		row := rowOf(&r)
		b, err := json.MarshalIndent(Proof{
			Application: r.Application, Submission: r.Submission, Arrived: ClockText(row.Arrived), Node: int(r.Node),
			NodeKey: keys[int(r.Node)], Acknowledgement: r.Acknowledgement, Envelope: r.Envelope,
		}, "", "  ")
		if err == nil {
			err = store.WriteFile(filepath.Join(dir, "prova-"+r.Application+".json"), append(b, '\n'), true)
		}
		if err != nil {
			return saved, errors.Join(fmt.Errorf("proof of %s", r.Worker), err)
		}
		saved++
	}
	return saved, nil
}
