// Package loadprep makes the envelopes of a plan: real documents of a real model
// with answers of the sample generator, compressed with its dictionary, under
// real tickets, signed by the devices of their senders, all before the first is
// sent. What the installation must know of them (accounts, devices, seals) is
// stored in it on the way; see package stock.
package loadprep

import (
	"context"
	"errors"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/forms"
	"puntuale/internal/loadprep/stock"
)

// Store takes what an installation must know. Every call is one transaction; a
// repetition of one that did succeed fails.
type Store interface {
	StockAccounts(ctx context.Context, list []stock.Account, now time.Time) ([]clickday.AccountID, error)
	StockApplications(ctx context.Context, day clickday.DayID, list []stock.Application) error
	StockReady(ctx context.Context) error
}

// Kit is what envelopes are made with.
type Kit struct {
	Run       string // makes e-mail addresses of accounts unique
	Day       clickday.DayID
	TicketID  uint32
	TicketKey []byte
	NotAfter  time.Time // of tickets
	Now       time.Time // of sealing and of tickets; before the opening
	Seed      uint64
	Models    *forms.Catalogue
	Store     Store
	Progress  func(done, of int) // may be nil
}

var errKit = errors.New("loadprep: ticket key, models and store are needed")
