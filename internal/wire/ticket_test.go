package wire

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"testing"
	"time"

	"puntuale/internal/clickday"
)

func TestTicketRoundTrip(t *testing.T) {
	for _, m := range []clickday.ModelCode{"B", "C-STAG", "ABCDEFGH", "0"} {
		in := testTicket()
		in.Model = m
		b := SealTicket(&in, ticketKeys[1])
		out, err := ParseTicket(b)
		if err != nil || out != in {
			t.Fatalf("%s: %+v, %v", m, out, err)
		}
		for range 2 { // the second time the model is remembered
			if err := CheckTicket(b, &out, ticketKeys, testNow); err != nil {
				t.Fatal(err)
			}
			if out, err = ParseTicket(b); err != nil || out.Model != m {
				t.Fatalf("remembered model: %+v, %v", out, err)
			}
		}
	}
}

func TestTicketCutOrExtendedAnywhere(t *testing.T) {
	in := testTicket()
	b := SealTicket(&in, ticketKeys[1])
	for i := range b {
		_, err := ParseTicket(b[:i])
		wantCode(t, err, clickday.CodeTruncated)
	}
	_, err := ParseTicket(append(bytes.Clone(b), 0))
	wantCode(t, err, clickday.CodeMalformed)
}

func TestEveryBitOfATicketIsUnderTheMAC(t *testing.T) {
	in := testTicket()
	b := SealTicket(&in, ticketKeys[1])
	all := keyRing{}
	for i := range 8 * len(b) {
		c := bytes.Clone(b)
		c[i/8] ^= 1 << (i % 8)
		out, err := ParseTicket(c)
		if err == nil {
			all[out.KeyID] = ticketKeys[1] // a changed key id must not help either
			err = CheckTicket(c, &out, all, testNow)
		}
		if err == nil {
			t.Fatalf("bit %d changed and nothing said so", i)
		}
	}
}

func TestTicketRefusals(t *testing.T) {
	in := testTicket()
	good := SealTicket(&in, ticketKeys[1])
	change := func(at int, v byte) []byte {
		c := bytes.Clone(good)
		c[at] = v
		return c
	}
	for name, c := range map[string]struct {
		b    []byte
		keys keyRing
		at   time.Time
		want clickday.Code
	}{
		"good to its last second": {good, ticketKeys, time.Unix(in.NotAfter, 999_999_999), ""},
		"expired":                 {good, ticketKeys, time.Unix(in.NotAfter+1, 0), clickday.CodeTicketExpired},
		"unknown key":             {good, keyRing{2: ticketKeys[1]}, testNow, clickday.CodeTicketKey},
		"other key, same id":      {good, keyRing{1: seedOf("other")}, testNow, clickday.CodeTicketInvalid},
		"forged before expired":   {change(TicketSize-1, good[TicketSize-1]^1), ticketKeys, time.Unix(in.NotAfter+1, 0), clickday.CodeTicketInvalid},
		"version 0":               {change(0, 0), ticketKeys, testNow, clickday.CodeVersion},
		"version 2":               {change(0, 2), ticketKeys, testNow, clickday.CodeVersion},
		"model empty":             {change(ticketModelAt, 0), ticketKeys, testNow, clickday.CodeMalformed},
		"model lower case":        {change(ticketModelAt, 'c'), ticketKeys, testNow, clickday.CodeMalformed},
		"model with a hole":       {change(ticketModelAt+1, 0), ticketKeys, testNow, clickday.CodeMalformed},
		"model not padded":        {change(ticketModelAt+7, ' '), ticketKeys, testNow, clickday.CodeMalformed},
	} {
		out, err := ParseTicket(c.b)
		if err == nil {
			err = CheckTicket(c.b, &out, c.keys, c.at)
		}
		if got := codeOf(t, err); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestTicketMACIsHMAC(t *testing.T) {
	for size := range 130 {
		key := make([]byte, size)
		rand.Read(key)
		body := make([]byte, ticketMACAt)
		rand.Read(body)
		h := hmac.New(sha256.New, key)
		h.Write([]byte(domainTicket))
		h.Write(body)
		if got := ticketMAC(body, key); !hmac.Equal(got[:], h.Sum(nil)) {
			t.Fatalf("key of %d bytes: not HMAC-SHA256", size)
		}
	}
}

func TestForgedTicketsAreNotRemembered(t *testing.T) {
	in := testTicket()
	in.Model = "FORGED"
	b := SealTicket(&in, seedOf("not the portal's"))
	out, err := ParseTicket(b)
	if err != nil {
		t.Fatal(err)
	}
	wantCode(t, CheckTicket(b, &out, ticketKeys, testNow), clickday.CodeTicketInvalid)
	if _, ok := (*knownModels.Load())["FORGED"]; ok {
		t.Fatal("a ticket without a valid MAC has left its model behind")
	}
}
