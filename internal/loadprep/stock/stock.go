// Package stock is what a load run needs in the record of an installation before
// it may send: accounts with their devices, and sealed applications.
package stock

import (
	"time"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
)

// Account is one sender. Nobody can log in to it.
type Account struct {
	Kind    accounts.Kind
	Email   string // unique
	Name    string
	TaxCode string
	Device  [32]byte // public key
}

// Application is one sealed application. With Stale there is an older seal,
// version 1, which no longer counts, and the document is of version 2.
type Application struct {
	ID       clickday.ApplicationID
	Account  clickday.AccountID
	Model    clickday.ModelCode
	Version  uint16
	Answers  []byte // JSON
	Document []byte // canonical
	Digest   clickday.Digest
	Stale    []byte // canonical bytes of the older seal; nil for none
	StaleSum clickday.Digest
	Sealed   time.Time
}

// SealVersion is the version that counts.
func (a *Application) SealVersion() uint32 {
	if a.Stale != nil {
		return 2
	}
	return 1
}
