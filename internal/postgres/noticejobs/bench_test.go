package noticejobs_test

import (
	"context"
	"encoding/binary"
	"testing"

	"github.com/jackc/pgx/v5"

	"puntuale/internal/clock"
	"puntuale/internal/postgres/pgtest"
)

// BenchmarkPromise is what notices add to the transaction of a chunk of eight
// receipts: the statement that promises them, without the commit.
func BenchmarkPromise(b *testing.B) {
	db := pgtest.New(b)
	ctx, n, now := context.Background(), uint64(0), clock.System{}.Now()
	err := db.InTx(ctx, func(tx pgx.Tx) error {
		for b.Loop() {
			ids := make([][]byte, 8)
			for i := range ids {
				n++
				ids[i] = binary.LittleEndian.AppendUint64(make([]byte, 24), n*0x9e3779b97f4a7c15)
			}
			_, err := tx.Exec(ctx, `INSERT INTO notices (submission_id, created_at)
				SELECT id, $2 FROM unnest($1::bytea[]) AS id ON CONFLICT DO NOTHING`, ids, now)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(n), "us/receipt")
}
