package lists

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	"puntuale/internal/ledger"
	"puntuale/internal/ranking"
)

// partRows is how many leaves stand in one part of the PDF: some 170 pages,
// which every reader opens at once. Parts follow the ledger and not the groups,
// so whoever knows a number or a time of arrival knows the part.
const partRows = 10_000

// PartName returns the name of a part of the PDF, from 1.
func PartName(n int) string { return fmt.Sprintf("elenco-%03d.pdf", n) }

// write reads the ledger a second time and fills the shelf.
func (e *edition) write(ctx context.Context, shelf Shelf) error {
	csv, err := shelf.Create(ctx, CSVName, MediaCSV)
	if err != nil {
		return err
	}
	sum := sha256.New()
	rows, err := ranking.NewWriter(io.MultiWriter(csv, sum), e.header())
	if err != nil {
		return fmt.Errorf("list of %s: %w", e.list.DayCode, err)
	}
	w := &writing{edition: e, shelf: shelf, rows: rows, left: e.result}
	if err := e.leaves(ctx, func(s *stride) error { return w.stride(ctx, s) }); err != nil {
		return err
	}
	if err := errors.Join(w.endPart(ctx), rows.Close(e.Signer), csv.Close()); err != nil {
		return err
	}
	return e.writeSummary(ctx, shelf, [32]byte(sum.Sum(nil)))
}

// writing is the second reading of an edition.
type writing struct {
	*edition
	shelf Shelf
	rows  *ranking.Writer
	left  []Placement // of the numbered that are still to come
	part  *part       // nil between parts
	parts int
}

func (w *writing) stride(ctx context.Context, s *stride) error {
	before := w.left
	for i := range s.leaves {
		l := &s.leaves[i]
		row := ranking.Row{Position: s.first + int64(i), Line: s.lines[i]}
		var p *Placement
		if l.Outcome == ledger.Numbered {
			p, w.left = &w.left[0], w.left[1:]
			row.Group, row.Place = string(p.Group), p.place()
		}
		if err := w.rows.Write(&row); err != nil {
			return fmt.Errorf("list of %s: %w", w.list.DayCode, err)
		}
		if err := w.print(ctx, row.Position, l, p); err != nil {
			return err
		}
	}
	return w.shelf.Place(ctx, before[:len(before)-len(w.left)])
}

// print sets one row of the PDF.
func (w *writing) print(ctx context.Context, position int64, l *ledger.Leaf, p *Placement) error {
	if w.part == nil {
		w.parts++
		w.part = newPart(w.edition, w.parts)
	}
	w.part.row(position, l, p)
	if w.part.rows == partRows {
		return w.endPart(ctx)
	}
	return nil
}

// endPart seals and stores the part that is open, if there is one.
func (w *writing) endPart(ctx context.Context) error {
	if w.part == nil {
		return nil
	}
	pdf, err := w.part.bytes()
	if err != nil {
		return err
	}
	f, err := w.store(ctx, w.shelf, PartName(w.parts), pdf)
	if err != nil {
		return err
	}
	w.files = append(w.files, f)
	w.ranges = append(w.ranges, w.part.span)
	w.part = nil
	return nil
}

// store seals a PDF and puts it on the shelf.
func (e *edition) store(ctx context.Context, shelf Shelf, name string, pdf []byte) (File, error) {
	sealed, err := e.Seal.Sign(pdf, e.list.At)
	if err != nil {
		return File{}, fmt.Errorf("%s: %w", name, err)
	}
	out, err := shelf.Create(ctx, name, MediaPDF)
	if err != nil {
		return File{}, err
	}
	_, err = out.Write(sealed)
	if err := errors.Join(err, out.Close()); err != nil {
		return File{}, err
	}
	return File{Name: name, Media: MediaPDF, Size: int64(len(sealed)), SHA256: sha256.Sum256(sealed)}, nil
}
