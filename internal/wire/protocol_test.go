package wire

import (
	"os"
	"strconv"
	"strings"
	"testing"
)

// layout is one table of offsets in docs/protocol.md.
type layout struct {
	fields int
	end    int // offset of the last field plus its size; its offset when the size is not a number
}

// layouts reads every table of offsets and checks that no byte is left out or
// described twice.
func layouts(t *testing.T, page string) map[string]layout {
	t.Helper()
	out := map[string]layout{}
	section, number := "", 0
	for block := range strings.SplitSeq(page, "\n\n") {
		lines := strings.Split(strings.TrimSpace(block), "\n")
		if strings.HasPrefix(lines[0], "## ") {
			section, number = strings.TrimPrefix(strings.SplitN(lines[0], ". ", 2)[1], "The "), 0
		}
		for i, line := range lines {
			if !strings.HasPrefix(line, "| offset | size |") {
				continue
			}
			number++
			out[section+" "+strconv.Itoa(number)] = readLayout(t, section, lines[i+2:])
		}
	}
	return out
}

func readLayout(t *testing.T, section string, rows []string) layout {
	t.Helper()
	var l layout
	for _, row := range rows {
		cells := strings.Split(row, "|")
		offset, err := strconv.Atoi(strings.TrimSpace(cells[1]))
		if err != nil {
			break // behind a field of variable length
		}
		if offset != l.end {
			t.Errorf("%s: field at %d, the one before ends at %d", section, offset, l.end)
		}
		size, err := strconv.Atoi(strings.TrimSpace(cells[2]))
		if err != nil {
			size = 0
		}
		l.fields, l.end = l.fields+1, offset+size
	}
	return l
}

func TestProtocolPageHasTheSameLayouts(t *testing.T) {
	b, err := os.ReadFile("../../docs/protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(b)
	got := layouts(t, page)
	for name, want := range map[string]layout{
		"Ticket 1": {13, TicketSize}, "Envelope 1": {5, envelopeDocAt}, "Acknowledgement 1": {10, ackPathAt + 1},
		"Acknowledgement 2": {8, LeafSize}, "Time 1": {11, TimeSize}, "Calendar 1": {4, calendarPayloadAt},
	} {
		if got[name] != want {
			t.Errorf("%s: %+v, want %+v", name, got[name], want)
		}
	}
	if len(got) != 6 {
		t.Errorf("%d tables of offsets: %v", len(got), got)
	}
	for _, word := range []string{
		domainTicket, domainEnvelope, domainBatch, domainTime, domainCalendar, domainDevice,
		TypeEnvelope, TypeAcknowledgement, TypeTime, TypeCalendar, TypeProblem,
		ackMagic, envelopeMagic, timeMagic, calendarMagic, " " + PathSubmit + " ", PathTime + "?nonce=", PathCalendar,
	} {
		if !strings.Contains(page, strings.ReplaceAll(word, "\x00", `\0`)) {
			t.Errorf("the page does not mention %q", word)
		}
	}
}
