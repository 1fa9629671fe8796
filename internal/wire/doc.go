// Package wire is the protocol between mini-client, portal and intake, byte for
// byte: ticket, envelope, acknowledgement, time exchange, calendar, problem.
// The contract for outsiders is docs/protocol.md, with test vectors in
// testdata/vectors.json; this package is one implementation of it.
//
// All integers are big-endian. All decoders copy nothing they do not need,
// never panic and accept exactly one encoding of each value.
package wire

// Media types of the bodies.
const (
	TypeEnvelope        = "application/vnd.puntuale.envelope"
	TypeTicket          = "application/vnd.puntuale.ticket"
	TypeAcknowledgement = "application/vnd.puntuale.acknowledgement"
	TypeTime            = "application/vnd.puntuale.time"
	TypeCalendar        = "application/vnd.puntuale.calendar"
	TypeProblem         = "application/problem+json"
)

// Paths of the intake.
const (
	PathSubmit   = "/v1/s"        // POST envelope; GET PathSubmit/{submission id} repeats the acknowledgement
	PathTime     = "/v1/time"     // GET ?nonce=<32 hexadecimal digits>
	PathCalendar = "/v1/calendar" // GET
	PathWarm     = "/v1/warm"     // POST ticket; 204, and the connection may stay on the ticketed listener
)

// Domain separators: every signature and MAC covers one of these first, so that
// bytes made for one purpose can never serve another.
const (
	domainTicket   = "puntuale/ticket/v1\x00"
	domainEnvelope = "puntuale/envelope/v1\x00"
	domainBatch    = "puntuale/batch/v1\x00"
	domainTime     = "puntuale/time/v1\x00"
	domainCalendar = "puntuale/calendar/v1\x00"
	domainDevice   = "puntuale/device/v1\x00"
)
