package main

import (
	"puntuale/internal/clickday"
	"puntuale/internal/portal/api"
)

// helpFlags are whom people ask, as mini-clients show it.
type helpFlags struct {
	HelpPhone   string `help:"Telephone of the help desk, told to mini-clients."`
	HelpHours   string `help:"When it answers, in Italian."`
	HelpHoursEN string `name:"help-hours-en" help:"The same in English."`
	HelpEmail   string `help:"Address of the help desk."`
	HelpPage    string `help:"Address of the form for requests; the portal itself if empty."`
}

func (f *helpFlags) help(portal string) api.Help {
	h := api.Help{Phone: f.HelpPhone, Hours: clickday.Text{IT: f.HelpHours, EN: f.HelpHoursEN}, Email: f.HelpEmail, Page: f.HelpPage}
	if h.Page == "" {
		h.Page = portal
	}
	return h
}
