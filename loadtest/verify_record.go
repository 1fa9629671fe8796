//go:build linux

package main

import (
	"context"

	"puntuale/internal/clickday"
	"puntuale/internal/loadjudge"
	"puntuale/internal/loadrun"
	"puntuale/internal/postgres"
)

// rows reads the submissions of the day, and so many receipts.
func rows(ctx context.Context, db *postgres.DB, e *loadjudge.Evidence, m *loadrun.Manifest, receipts int) error {
	e.Rows = []loadjudge.Row{}
	err := db.Audit(ctx, m.Day, func(r *postgres.AuditRow) error {
		e.Rows = append(e.Rows, loadjudge.Row(*r))
		e.ReceiptsOf += r.Receipts
		return nil
	})
	if err != nil {
		return err
	}
	e.Receipts = []loadjudge.Receipt{}
	return db.AuditReceipts(ctx, m.Day, receipts, func(id clickday.SubmissionID, pdf []byte) error {
		r, err := loadjudge.CheckReceipt(id, pdf, e.Keys)
		if err == nil {
			e.Receipts = append(e.Receipts, r)
		}
		return err
	})
}
