package main

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/keys"
	"puntuale/internal/wire"
)

// proof writes a node's public key, an envelope and its acknowledgement, the
// second of a batch of three, and returns the command that checks them.
func proof(t *testing.T) (*proofCmd, []byte) {
	t.Helper()
	dir := t.TempDir()
	if err := keys.Init(dir, 3); err != nil {
		t.Fatal(err)
	}
	key, err := keys.ReadPrivate(filepath.Join(dir, keys.NodeKeyFile(3)))
	if err != nil {
		t.Fatal(err)
	}
	envelope := []byte("the bytes that were sent")
	leaf := wire.Leaf{ID: wire.IDOf(envelope), Stamp: clickday.Stamp{
		UnixNano: 1770883200000000123, Source: clickday.StampKernel, Clock: clickday.ClockOK, Bound: 1500 * time.Microsecond,
		Node: 3, Journal: 0xabcdef, Sequence: 42,
	}}
	hashes := [][32]byte{{1}, wire.HashLeaf(wire.AppendLeaf(nil, &leaf)), {3}}
	tree := wire.NewTree(hashes)
	s := wire.BatchStatement{Node: 3, Journal: 0xabcdef, Batch: 17, Count: 3, Root: tree.Root(), Prev: [32]byte{9, 9}}
	ack := wire.AppendAcknowledgement(nil, &wire.Acknowledgement{
		Leaf: leaf, Batch: 17, Index: 1, Count: 3, Prev: s.Prev, KeyID: wire.KeyID(key.Public().(ed25519.PublicKey)),
		Signature: [64]byte(ed25519.Sign(key, s.Message())), Path: tree.AppendPath(nil, 1),
	})
	c := &proofCmd{Key: filepath.Join(dir, keys.NodePubFile(3)), Envelope: filepath.Join(dir, "envelope"), File: filepath.Join(dir, "ack")}
	for path, b := range map[string][]byte{c.Envelope: envelope, c.File: ack} {
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return c, ack
}

func TestAnAcknowledgementIsToldInWords(t *testing.T) {
	c, _ := proof(t)
	ack, err := c.check()
	if err != nil {
		t.Fatal(err)
	}
	for lang, words := range map[string][]string{
		"it": {"Firma valida", "Arrivo:      2026-02-12T08:00:00.000000123Z", "1770883200000000123", "verificato, ±1.5ms", "Nodo:        3", "Sequenza:    42", "Lotto:       17, posizione 2 di 3", "sistema operativo"},
		"en": {"Valid signature", "Arrival:     2026-02-12T08:00:00.000000123Z", "verified, ±1.5ms", "Node:        3, journal 0000000000abcdef", "Sequence:    42", "Batch:       17, place 2 of 3", "by the kernel"},
	} {
		var out bytes.Buffer
		if err := tell(&out, &ack, lang, true); err != nil {
			t.Fatal(err)
		}
		for _, w := range append(words, ack.Leaf.ID.String()) {
			if !strings.Contains(out.String(), w) {
				t.Errorf("%s: %q is missing in\n%s", lang, w, out.String())
			}
		}
		if strings.Contains(out.String(), "%!") {
			t.Error(out.String())
		}
	}
}

func TestOneChangedByteIsFoundAndSaid(t *testing.T) {
	c, ack := proof(t)
	for _, envelope := range []string{c.Envelope, ""} { // alone it proves itself too
		c.Envelope = envelope
		if err := c.Run(); err != nil {
			t.Fatal(err)
		}
		for i := range ack {
			b := bytes.Clone(ack)
			b[i] ^= 0x20
			if err := os.WriteFile(c.File, b, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := c.Run(); !errors.Is(err, errNotProved) {
				t.Fatalf("byte %d changed: %v", i, err)
			}
		}
		if err := os.WriteFile(c.File, ack, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAnotherEnvelopeOrAnotherNodeIsNotProved(t *testing.T) {
	c, _ := proof(t)
	good := c.Envelope
	c.Envelope = c.File
	c.Lang = "en"
	if err := c.Run(); !errors.Is(err, errNotProved) || !strings.Contains(err.Error(), "proves NOTHING") {
		t.Fatal(err)
	}
	c.Envelope, c.Lang = good, "it"
	other, _ := proof(t)
	c.Key = other.Key
	if err := c.Run(); !errors.Is(err, errNotProved) || !strings.Contains(err.Error(), "NON prova nulla") {
		t.Fatal(err)
	}
}

func TestTheLanguageIsThatOfTheSystem(t *testing.T) {
	for set, want := range map[string]string{"": "it", "it_IT.UTF-8": "it", "C.UTF-8": "it", "en_GB.UTF-8": "en", "en": "en"} {
		if got := systemLang(func(name string) string {
			if name == "LANG" {
				return set
			}
			return ""
		}); got != want {
			t.Errorf("%q: %s, want %s", set, got, want)
		}
	}
}
