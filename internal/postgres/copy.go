package postgres

import (
	"context"
	"encoding/binary"
	"io"
	"time"

	"github.com/jackc/pgx/v5"
)

// copyRow writes one row in PostgreSQL's binary COPY format. pgx's own CopyFrom
// does the same through reflection, which costs more than the server's share.
type copyRow struct{ b []byte }

func (r *copyRow) begin(fields int) { r.b = binary.BigEndian.AppendUint16(r.b, uint16(fields)) }

func (r *copyRow) size(n int) { r.b = binary.BigEndian.AppendUint32(r.b, uint32(n)) }

func (r *copyRow) null() { r.size(-1) }

func (r *copyRow) bytes(v []byte) {
	r.size(len(v))
	r.b = append(r.b, v...)
}

func (r *copyRow) text(v string) {
	r.size(len(v))
	r.b = append(r.b, v...)
}

func (r *copyRow) textOrNull(v string) {
	if v == "" {
		r.null()
		return
	}
	r.text(v)
}

func (r *copyRow) int2(v int16) {
	r.size(2)
	r.b = binary.BigEndian.AppendUint16(r.b, uint16(v))
}

func (r *copyRow) int4(v int32) {
	r.size(4)
	r.b = binary.BigEndian.AppendUint32(r.b, uint32(v))
}

func (r *copyRow) int8(v int64) {
	r.size(8)
	r.b = binary.BigEndian.AppendUint64(r.b, uint64(v))
}

func (r *copyRow) bool(v bool) {
	r.size(1)
	if v {
		r.b = append(r.b, 1)
		return
	}
	r.b = append(r.b, 0)
}

// instant is a timestamptz: microseconds since the year 2000.
func (r *copyRow) instant(t time.Time) {
	const year2000 = 946_684_800_000_000
	r.int8(t.UnixMicro() - year2000)
}

// numeric is a whole number in groups of four decimal digits.
func (r *copyRow) numeric(v uint64) {
	var groups [5]uint16
	n := 0
	for ; v > 0; v /= 10_000 {
		groups[n] = uint16(v % 10_000)
		n++
	}
	r.size(8 + 2*n)
	r.b = binary.BigEndian.AppendUint16(r.b, uint16(n))
	r.b = binary.BigEndian.AppendUint16(r.b, uint16(max(n-1, 0))) // weight of the first group
	r.b = binary.BigEndian.AppendUint32(r.b, 0)                   // positive, no decimals
	for i := n - 1; i >= 0; i-- {
		r.b = binary.BigEndian.AppendUint16(r.b, groups[i])
	}
}

// copySource makes rows while the connection reads them, so that a large
// transaction needs no memory of its own.
type copySource struct {
	row  copyRow
	sent int // of row.b
	next int
	rows int
	put  func(r *copyRow, i int)
}

const copyHeader = "PGCOPY\n\xff\r\n\x00" + "\x00\x00\x00\x00" + "\x00\x00\x00\x00"

// Read implements io.Reader.
func (s *copySource) Read(p []byte) (int, error) {
	const enough = 32 << 10
	if s.sent == len(s.row.b) {
		s.row.b, s.sent = s.row.b[:0], 0
		if s.next == 0 {
			s.row.b = append(s.row.b, copyHeader...)
		}
		for s.next < s.rows && len(s.row.b) < enough {
			s.put(&s.row, s.next)
			s.next++
		}
		if s.next == s.rows {
			s.row.b = append(s.row.b, 0xff, 0xff) // the end
			s.next++
		} else if s.next > s.rows {
			s.row.b = s.row.b[:0]
			return 0, io.EOF
		}
	}
	n := copy(p, s.row.b[s.sent:])
	s.sent += n
	return n, nil
}

// copyIn sends rows to "COPY … FROM STDIN BINARY".
func copyIn(ctx context.Context, tx pgx.Tx, sql string, rows int, put func(r *copyRow, i int)) error {
	if rows == 0 {
		return nil
	}
	_, err := tx.Conn().PgConn().CopyFrom(ctx, &copySource{rows: rows, put: put}, sql)
	return err
}
