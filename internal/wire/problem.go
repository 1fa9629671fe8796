package wire

import (
	"encoding/json"

	"puntuale/internal/clickday"
)

// Problem is the body of every refusal (RFC 9457).
type Problem struct {
	Type     string        `json:"type"` // "urn:puntuale:problem:" + code
	Title    string        `json:"title"`
	Status   int           `json:"status"`
	Detail   string        `json:"detail"`
	DetailEN string        `json:"detail_en"`
	Code     clickday.Code `json:"code"`
	// ServerTime is the node's clock, nanoseconds since 1970 UTC, as a decimal
	// string because JSON numbers lose digits at this size.
	ServerTime int64 `json:"server_time,string,omitempty"`
	// ReceivedAt is the arrival stamp of the refused request, likewise.
	ReceivedAt int64 `json:"received_at,string,omitempty"`
	// OpensAt is the opening of the click day concerned, likewise.
	OpensAt         int64  `json:"opens_at,string,omitempty"`
	CalendarVersion uint64 `json:"calendar_version,omitempty"`
}

// NewProblem fills in what the code itself says.
func NewProblem(c clickday.Code) Problem {
	m := clickday.MeaningOf(c)
	return Problem{
		Type: "urn:puntuale:problem:" + string(c), Title: m.Title.IT, Status: m.Status,
		Detail: m.Detail.IT, DetailEN: m.Detail.EN, Code: c,
	}
}

// Bytes returns the JSON of the problem.
func (p *Problem) Bytes() []byte {
	b, err := json.Marshal(p)
	if err != nil { // a struct of strings and integers always marshals
		panic(err)
	}
	return b
}

// ParseProblem reads a problem; anything else becomes CodeInternal.
func ParseProblem(b []byte) Problem {
	var p Problem
	if err := json.Unmarshal(b, &p); err != nil || p.Code == "" {
		return NewProblem(clickday.CodeInternal)
	}
	return p
}
