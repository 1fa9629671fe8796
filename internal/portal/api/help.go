package api

import "puntuale/internal/clickday"

// Help is whom people ask, as the mini-client shows it. Empty parts are not shown.
type Help struct {
	Phone string        `json:"phone,omitempty" doc:"As people dial it."`
	Hours clickday.Text `json:"hours,omitzero" doc:"When somebody answers."`
	Email string        `json:"email,omitempty"`
	Page  string        `json:"page,omitempty" doc:"Address of the form for requests."`
}
