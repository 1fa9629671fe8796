package main

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/keys"
	"puntuale/internal/wire"
)

// errNotProved is what a check that found something wrong ends with.
var errNotProved = errors.New("verify")

// proofCmd checks an acknowledgement with nothing but the node's public key.
type proofCmd struct {
	Key      string `required:"" help:"Public key of the node, node-N.pub." type:"existingfile"`
	Envelope string `help:"The envelope that was sent: then the acknowledgement must be for exactly these bytes." type:"existingfile"`
	Lang     string `help:"it or en. Default: as LC_ALL, LC_MESSAGES or LANG say, else Italian." enum:"it,en," default:""`
	File     string `arg:"" name:"ackfile" help:"The acknowledgement, as the node gave it." type:"existingfile"`
}

// Run prints what the acknowledgement proves; anything wrong is an error.
func (c *proofCmd) Run() error {
	lang := cmp.Or(c.Lang, systemLang(os.Getenv))
	ack, err := c.check()
	if err != nil {
		return fmt.Errorf("%w: %s: %w", errNotProved, notProved.In(lang), err)
	}
	return tell(os.Stdout, &ack, lang, c.Envelope != "")
}

// check reads and verifies the files.
func (c *proofCmd) check() (wire.Acknowledgement, error) {
	var none wire.Acknowledgement
	public, err := keys.ReadPublic(c.Key)
	if err != nil {
		return none, fmt.Errorf("key: %w", err)
	}
	b, err := os.ReadFile(c.File)
	if err != nil {
		return none, err
	}
	ack, err := wire.ParseAcknowledgement(b)
	if err != nil {
		return none, err
	}
	id := ack.Leaf.ID
	if c.Envelope != "" {
		env, err := os.ReadFile(c.Envelope)
		if err != nil {
			return none, fmt.Errorf("envelope: %w", err)
		}
		id = wire.IDOf(env)
	}
	return ack, ack.Check(id, public)
}

// systemLang is the language of the environment.
func systemLang(getenv func(string) string) string {
	set := cmp.Or(getenv("LC_ALL"), getenv("LC_MESSAGES"), getenv("LANG"))
	if strings.HasPrefix(set, "en") {
		return "en"
	}
	return "it"
}

// tell prints an acknowledgement in words.
func tell(w io.Writer, a *wire.Acknowledgement, lang string, bound bool) error {
	s := &a.Leaf.Stamp
	first := proved
	if bound {
		first = provedFor
	}
	_, err := fmt.Fprintf(w, told.In(lang), first.In(lang), a.Leaf.ID, s.Time().UTC().Format(time.RFC3339Nano), s.UnixNano,
		sources[s.Source].In(lang), boundOf(s, lang), s.Node, s.Journal, s.Sequence, a.Batch, a.Index+1, a.Count, a.KeyID,
		binary.BigEndian.Uint32(a.Prev[:4]))
	return err
}

// boundOf says how far from UTC the time can be.
func boundOf(s *clickday.Stamp, lang string) string {
	state := clocks[s.Clock].In(lang)
	if s.Bound == 0 {
		return state + ", " + notMeasured.In(lang)
	}
	return fmt.Sprintf("%s, ±%s", state, s.Bound)
}
