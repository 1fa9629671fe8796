package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"puntuale/internal/keys"
	"puntuale/internal/ledger"
)

const maxAnswer = 1 << 24

// ledger does what anybody can do afterwards: it reads the public ledger of the
// day over HTTP, recomputes it from its lines, and compares it with the head
// that was signed.
func (d *demo) ledger(ctx context.Context) error {
	verifier, err := keys.ReadLedgerVerifier(d.place.KeyFile(keys.LedgerPubFile))
	if err != nil {
		return err
	}
	page := d.place.PortalURL + "/ledger/" + d.dayCode
	signed, err := download(ctx, page+"/checkpoint")
	if err != nil {
		return err
	}
	head, err := verifier.Open(d.dayCode, signed)
	if err != nil {
		return err
	}
	var edge ledger.Edge
	for edge.Size() < head.Size {
		bundle := ledger.Tile{
			Level: ledger.Entries, Index: edge.Size() / ledger.TileWidth, Width: int(min(ledger.TileWidth, head.Size-edge.Size())),
		}
		if bundle.Data, err = download(ctx, page+"/"+bundle.Path()); err != nil {
			return err
		}
		lines, err := bundle.Lines()
		if err != nil {
			return err
		}
		if _, err := edge.Grow(lines); err != nil {
			return err
		}
	}
	if edge.Root() != head.Root {
		return errors.New("demo: the lines of the ledger do not give the digest that was signed")
	}
	d.say("\nRegistro / ledger:    %s\n  %d righe ricalcolate, impronta firmata / lines recomputed, signed digest: %s", page, head.Size, head.Root)
	return nil
}

func download(ctx context.Context, address string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("demo: %s answers %s", address, res.Status)
	}
	b, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	return b, nil
}
