package main

import (
	"time"

	"puntuale/internal/clock"
	"puntuale/internal/protocolregister"
)

// bodySettings say who keeps the protocol register; without an IPA code this
// process makes no protocol signatures.
type bodySettings struct {
	Name      string `help:"Public body that keeps the protocol register. Empty: as on receipts."`
	IPA       string `help:"Its code in the Indice PA. Empty: no protocol signatures."`
	AOO       string `help:"Code of its area organizzativa omogenea."`
	AOOName   string `name:"aoo-name" help:"Name of that area."`
	ClassName string `default:"Nulla osta al lavoro" help:"Entry of the classification plan."`
	ClassCode string `default:"1.1" help:"Its code."`
}

// openClerk sets up the protocol signatures.
func (w *worker) openClerk(k *workKeys) error {
	s := &w.cmd.Protocol
	if s.IPA == "" {
		return nil
	}
	b := protocolregister.Body{Name: s.Name, IPA: s.IPA, AOO: s.AOO, AOOName: s.AOOName, ClassName: s.ClassName, ClassCode: s.ClassCode}
	if b.Name == "" {
		b.Name = w.cmd.Body
	}
	if b.Name == "" {
		b.Name = k.seal.Subject()
	}
	if err := b.Validate(); err != nil {
		return err
	}
	w.clerk = &protocolregister.Clerk{Store: w.db, Body: b,
		Signer: func(now time.Time) protocolregister.Signer { return k.seal.Seal(now) }, Clock: clock.System{}, Log: w.log}
	return nil
}
