package clickday

// Code names a refusal. It is stable, travels over the wire (docs/protocol.md)
// and is what programs decide by; the texts are for people.
type Code string

// Refusals by the intake: nothing was stored, nothing counts against anybody.
const (
	CodeMalformed       Code = "malformed_envelope"
	CodeTruncated       Code = "truncated_envelope"
	CodeOversized       Code = "oversized"
	CodeVersion         Code = "unsupported_version"
	CodeMediaType       Code = "unsupported_media_type"
	CodeLength          Code = "length_required"
	CodeMethod          Code = "method_not_allowed"
	CodeRequest         Code = "bad_request"
	CodeNotFound        Code = "not_found"
	CodeTicketKey       Code = "ticket_unknown_key"
	CodeTicketInvalid   Code = "ticket_invalid"
	CodeTicketExpired   Code = "ticket_expired"
	CodeTicketRequired  Code = "ticket_required"
	CodeUnknownDay      Code = "unknown_click_day"
	CodeWrongModel      Code = "wrong_model"
	CodeTooEarly        Code = "too_early"
	CodeTooLate         Code = "too_late"
	CodeSuspended       Code = "suspended"
	CodeOverloaded      Code = "overloaded"
	CodeShuttingDown    Code = "shutting_down"
	CodeClockNotTrusted Code = "clock_not_trusted"
	CodeTooMany         Code = "too_many_submissions"
)

// Refusals by the worker: the arrival stays in the record, no number is given.
const (
	CodeSignature     Code = "signature_invalid"
	CodeDigest        Code = "document_altered"
	CodeDocument      Code = "document_invalid"
	CodeDecompression Code = "document_unreadable"
	CodeStaleSeal     Code = "seal_superseded"
	CodeUnknownSeal   Code = "seal_unknown"
	CodeDeviceRevoked Code = "device_revoked"
	CodeDayMismatch   Code = "wrong_click_day"
	// CodeAccountLimit is decided with the number, in order of arrival.
	CodeAccountLimit Code = "account_limit"
)

// CodeInternal is everything that is our fault.
const CodeInternal Code = "internal"

// Text is a sentence in both languages of the interface.
type Text struct {
	IT string `json:"it"`
	EN string `json:"en"`
}

// In returns the English text for "en", else the Italian one.
func (t Text) In(lang string) string {
	if lang == "en" {
		return t.EN
	}
	return t.IT
}

// Meaning is what a Code says to a program (Status) and to a person.
type Meaning struct {
	Status int // HTTP status
	Title  Text
	Detail Text // what happened and what to do now
	// Again says that the same envelope may be sent again later and succeed.
	Again bool
}

// MeaningOf returns the meaning of a code; an unknown code means CodeInternal.
func MeaningOf(c Code) Meaning {
	if m, ok := meanings[c]; ok {
		return m
	}
	return meanings[CodeInternal]
}

// Codes returns every documented code, sorted as they stand in the protocol.
func Codes() []Code {
	out := make([]Code, len(order))
	copy(out, order)
	return out
}
