package clickday

import (
	"strings"
	"testing"
	"testing/quick"
)

func TestIdentifiersRoundTrip(t *testing.T) {
	submissions := func(id SubmissionID) bool {
		got, err := ParseSubmissionID(id.String())
		return err == nil && got == id && len(id.String()) == 64
	}
	if err := quick.Check(submissions, nil); err != nil {
		t.Error(err)
	}
	applications := func(id ApplicationID) bool {
		got, err := ParseApplicationID(id.String())
		return err == nil && got == id && len(id.String()) == 36
	}
	if err := quick.Check(applications, nil); err != nil {
		t.Error(err)
	}
	if d := (Digest{0xab, 31: 0x01}).String(); d != "ab"+strings.Repeat("0", 60)+"01" {
		t.Error(d)
	}
}

func TestNewApplicationIDIsARandomUUID(t *testing.T) {
	seen := map[ApplicationID]bool{}
	for range 1000 {
		id := NewApplicationID()
		s := id.String()
		if s[14] != '4' || !strings.Contains("89ab", s[19:20]) || seen[id] {
			t.Fatalf("not a fresh version 4 UUID: %s", s)
		}
		seen[id] = true
	}
}

func TestIdentifiersThatAreNone(t *testing.T) {
	good := strings.Repeat("a", 64)
	for _, s := range []string{"", good[1:], good + "a", good[1:] + "g", good[2:] + "è", strings.Repeat(" ", 64)} {
		if id, err := ParseSubmissionID(s); err == nil {
			t.Errorf("submission %q read as %s", s, id)
		}
	}
	if id, err := ParseSubmissionID(strings.ToUpper(good)); err != nil || id.String() != good {
		t.Errorf("upper case: %s, %v", id, err)
	}
	uuid := "01234567-89ab-4def-8123-456789abcdef"
	if _, err := ParseApplicationID(uuid); err != nil {
		t.Error(err)
	}
	for _, s := range []string{
		"", strings.ReplaceAll(uuid, "-", ""), uuid + "0", "{" + uuid[1:], "0123456-789ab-4def-8123-456789abcdef",
		"01234567-89ab-4def-8123-456789abcdeg", "01234567-89ab-4def-8123-4567-9abcdef", uuid[:34] + "è",
	} {
		if id, err := ParseApplicationID(s); err == nil {
			t.Errorf("application %q read as %s", s, id)
		}
	}
}

func TestModelCodes(t *testing.T) {
	for code, want := range map[ModelCode]bool{
		"B": true, "C-STAG": true, "12345678": true, "-": true,
		"": false, "123456789": false, "b": false, "B ": false, "B\x00": false, "È": false, "A_B": false,
	} {
		if err := code.Validate(); (err == nil) != want {
			t.Errorf("%q: %v", string(code), err)
		}
	}
}
