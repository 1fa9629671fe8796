package wire

import (
	"bytes"
	"crypto/ed25519"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"puntuale/internal/clickday"
)

// This file tests what nodes and portal sign: time answers, calendars, device
// proofs; and the problems they answer with.

func TestTimeRoundTripAtItsBounds(t *testing.T) {
	far := testTime()
	far.ReceivedAt, far.SentAt, far.Bound, far.Node, far.CalendarVersion = math.MinInt64, math.MaxInt64, math.MaxInt64, math.MaxUint16, math.MaxUint64
	for _, in := range []TimeAnswer{testTime(), {}, far} {
		b := SealTime(&in, nodeKey)
		if len(b) != TimeSize {
			t.Fatalf("time answer of %d bytes", len(b))
		}
		out, err := OpenTime(b, in.Nonce, publicOf(nodeKey))
		if err != nil || out != in {
			t.Fatalf("%+v, %v; want %+v", out, err, in)
		}
	}
}

func TestTimeRefusals(t *testing.T) {
	in := testTime()
	b := SealTime(&in, nodeKey)
	for i := range b {
		_, err := OpenTime(b[:i], in.Nonce, publicOf(nodeKey))
		wantCode(t, err, clickday.CodeMalformed)
		c := bytes.Clone(b)
		c[i] ^= 4
		if _, err := OpenTime(c, in.Nonce, publicOf(nodeKey)); err == nil {
			t.Fatalf("byte %d changed and nothing said so", i)
		}
	}
	_, err := OpenTime(append(bytes.Clone(b), 0), in.Nonce, publicOf(nodeKey))
	wantCode(t, err, clickday.CodeMalformed)
	_, err = OpenTime(b, [NonceSize]byte{}, publicOf(nodeKey))
	wantCode(t, err, clickday.CodeMalformed)
	_, err = OpenTime(b, in.Nonce, publicOf(deviceKey))
	wantCode(t, err, clickday.CodeSignature)
	in.Bound = -1
	_, err = OpenTime(SealTime(&in, nodeKey), in.Nonce, publicOf(nodeKey))
	wantCode(t, err, clickday.CodeMalformed)
}

func TestCalendarRoundTrip(t *testing.T) {
	for _, in := range []clickday.Calendar{testCalendar(), {Version: 1}, {Version: math.MaxUint64, IssuedAt: math.MinInt64}} {
		b, err := SealCalendar(&in, calendarKey)
		if err != nil {
			t.Fatal(err)
		}
		out, err := OpenCalendar(b, publicOf(calendarKey))
		if err != nil {
			t.Fatal(err)
		}
		if len(in.Days) == 0 {
			out.Days = in.Days
		}
		if !reflect.DeepEqual(out, in) {
			t.Fatalf("%+v, want %+v", out, in)
		}
	}
}

func TestCalendarCutOrChangedAnywhere(t *testing.T) {
	in := testCalendar()
	b, err := SealCalendar(&in, calendarKey)
	if err != nil {
		t.Fatal(err)
	}
	for i := range b {
		c := bytes.Clone(b)
		c[i] ^= 1
		for _, bad := range [][]byte{b[:i], c} {
			if _, err := OpenCalendar(bad, publicOf(calendarKey)); err == nil {
				t.Fatalf("byte %d of %d: cut or changed and nothing said so", i, len(b))
			}
		}
	}
	_, err = OpenCalendar(append(bytes.Clone(b), 0), publicOf(calendarKey))
	wantCode(t, err, clickday.CodeSignature)
	_, err = OpenCalendar(b, publicOf(nodeKey))
	wantCode(t, err, clickday.CodeSignature)
	_, err = OpenCalendar(make([]byte, CalendarMax+1), publicOf(calendarKey))
	wantCode(t, err, clickday.CodeOversized)
}

// signCalendar signs any payload at all, as SealCalendar would not.
func signCalendar(payload []byte) []byte {
	b := binary.BigEndian.AppendUint32([]byte(calendarMagic), KeyID(publicOf(calendarKey)))
	b = append(b, ed25519.Sign(calendarKey, calendarMessage(payload))...)
	return append(b, payload...)
}

func TestCalendarPayloadsThatAreSignedButWrong(t *testing.T) {
	empty := []byte{0xa3, 1, 1, 2, 0, 3, 0x80}
	if _, err := OpenCalendar(signCalendar(empty), publicOf(calendarKey)); err != nil {
		t.Fatal(err)
	}
	for name, payload := range map[string][]byte{
		"nothing":            {},
		"not a map":          {0x80},
		"version zero":       {0xa3, 1, 0, 2, 0, 3, 0x80},
		"keys out of order":  {0xa3, 2, 0, 1, 1, 3, 0x80},
		"key twice":          {0xa4, 1, 1, 1, 1, 2, 0, 3, 0x80},
		"key missing":        {0xa2, 1, 1, 3, 0x80},
		"key unknown":        {0xa4, 1, 1, 2, 0, 3, 0x80, 4, 0},
		"days null":          {0xa3, 1, 1, 2, 0, 3, 0xf6},
		"integer too wide":   {0xa3, 1, 0x18, 1, 2, 0, 3, 0x80},
		"indefinite map":     {0xbf, 1, 1, 2, 0, 3, 0x80, 0xff},
		"indefinite array":   {0xa3, 1, 1, 2, 0, 3, 0x9f, 0xff},
		"tag":                {0xa3, 1, 0xc1, 1, 2, 0, 3, 0x80},
		"something after it": append(bytes.Clone(empty), 0),
		"days without end":   {0xa3, 1, 1, 2, 0, 3, 0x9b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
	} {
		if _, err := OpenCalendar(signCalendar(payload), publicOf(calendarKey)); codeOf(t, err) != clickday.CodeMalformed {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := SealCalendar(&clickday.Calendar{}, calendarKey); err == nil {
		t.Error("a calendar without a version was signed")
	}
}

func TestDeviceProof(t *testing.T) {
	public := publicOf(deviceKey)
	proof := SignDevice(deviceKey, "token")
	wantCode(t, CheckDevice(public, "token", proof), "")
	wantCode(t, CheckDevice(public, "Token", proof), clickday.CodeSignature)
	wantCode(t, CheckDevice(publicOf(nodeKey), "token", proof), clickday.CodeSignature)
	wantCode(t, CheckDevice(public[:31], "token", proof), clickday.CodeSignature)
	wantCode(t, CheckDevice(nil, "token", proof), clickday.CodeSignature)
	for i := range proof {
		wantCode(t, CheckDevice(public, "token", proof[:i]), clickday.CodeSignature)
	}
}

func TestNoSignatureServesAnotherPurpose(t *testing.T) {
	body := bytes.Repeat([]byte{7}, 60)
	messages := map[string][]byte{
		"envelope": envelopeMessage(body), "time": timeMessage(body), "calendar": calendarMessage(body),
		"device": deviceMessage(string(body)), "batch": (&BatchStatement{}).Message(),
		"ticket": append([]byte(domainTicket), body...),
	}
	for a, x := range messages {
		for b, y := range messages {
			if a != b && (bytes.HasPrefix(x, y[:bytes.IndexByte(y, 0)+1]) || bytes.Equal(x, y)) {
				t.Errorf("a message of %s can be one of %s", a, b)
			}
		}
	}
}

func TestProblems(t *testing.T) {
	for _, c := range clickday.Codes() {
		p := NewProblem(c)
		p.ServerTime, p.ReceivedAt, p.OpensAt, p.CalendarVersion = math.MaxInt64, 1, -1, math.MaxUint64
		b := p.Bytes()
		if got := ParseProblem(b); got != p {
			t.Errorf("%s: %+v", c, got)
		}
		var raw map[string]any
		if err := json.Unmarshal(b, &raw); err != nil {
			t.Fatal(err)
		}
		if raw["server_time"] != "9223372036854775807" || raw["type"] != "urn:puntuale:problem:"+string(c) || raw["code"] != string(c) {
			t.Errorf("%s: %s", c, b)
		}
	}
	short := NewProblem(clickday.CodeTooLate)
	if s := string(short.Bytes()); strings.Contains(s, "server_time") || strings.Contains(s, "opens_at") {
		t.Errorf("absent times are written: %s", s)
	}
	for _, b := range []string{"", "<html>", "[]", "{}", `{"code":""}`, `{"server_time":"x","code":"too_early"}`} {
		if got := ParseProblem([]byte(b)); got != NewProblem(clickday.CodeInternal) {
			t.Errorf("%q: %+v", b, got)
		}
	}
}

func TestErrorsCompareByCode(t *testing.T) {
	err := fmt.Errorf("around: %w", fail(clickday.CodeTooLate, "detail %d", 1))
	if !errors.Is(err, &Error{Code: clickday.CodeTooLate}) || errors.Is(err, &Error{Code: clickday.CodeTooEarly}) {
		t.Fatal("errors do not compare by their codes")
	}
	if errors.Is(err, errors.New("other")) || !strings.Contains(err.Error(), "too_late: detail 1") {
		t.Fatal(err)
	}
}
