package verify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"puntuale/internal/clickday"
	"puntuale/internal/ledger"
	"puntuale/internal/ranking"
	"puntuale/internal/trust"
	"puntuale/internal/verdict"
)

// ErrTilesWanted says that two heads cannot be compared without the ledger.
var ErrTilesWanted = errors.New("two heads are compared with the tiles of the ledger: --portal URL says where they are")

// maxTile is a full bundle of the longest leaves there can be.
const maxTile = 1 << 20

// Words about two heads of one ledger.
var (
	olderHeadTitle = verdict.Say("La testa di prima è firmata", "The earlier head is signed")
	newerHeadTitle = verdict.Say("La testa di dopo è firmata", "The later head is signed")
	headMeans      = verdict.Say("Non l’ha firmata nessuno di cui ci si fida, oppure è di un’altra giornata.", "Nobody who is trusted has signed it, or it is of another click day.")
	grownTitle     = verdict.Say("Il dopo contiene il prima", "The later contains the earlier")
	grownWrong     = verdict.Say("Dalle impronte del registro la testa di dopo non risulta cresciuta da quella di prima.", "By the hashes of the ledger the later head has not grown out of the earlier one.")
	grownMeans     = verdict.Say("Il registro è stato riscritto, o il portale non dà le impronte di questo registro: qualcosa che era firmato non c’è più.",
		"The ledger was rewritten, or the portal does not give the hashes of this ledger: something that was signed is no longer there.")
	lineTitle  = verdict.Say("La riga è ancora nel registro", "The row is still in the ledger")
	lineDetail = verdict.Say("Sta nella stessa posizione sotto la testa di dopo.", "It stands at the same position below the later head.")
	lineWrong  = verdict.Say("La riga non sta più nella sua posizione.", "The row no longer stands at its position.")
	olderSize  = verdict.Say("Righe prima", "Rows before")
	newerSize  = verdict.Say("Righe dopo", "Rows after")
	dayLabel   = verdict.Say("Giorno", "Click day")
)

func signedDetail(size int64) clickday.Text {
	return verdict.Say("La chiave del registro ha firmato %d righe.", "The ledger’s key has signed %d rows.", size)
}

func grownDetail(older, newer int64) clickday.Text {
	return verdict.Say("La prova di coerenza (RFC 6962) porta da %d righe a %d: le prime sono rimaste identiche.",
		"The consistency proof (RFC 6962) leads from %d rows to %d: the first ones are unchanged.", older, newer)
}

// Grown verifies that the ledger of the newer head begins with that of the
// earlier one, and still has its line, by a proof that is made from the
// ledger's tiles. Tiles need no trust: a wrong one gives no proof. An error is
// one of read or of unusable keys.
func Grown(e *ranking.Earlier, newer []byte, read ledger.ReadTile, keys *trust.Keys) (*verdict.Report, error) {
	verifiers, err := keys.Verifiers()
	if err != nil {
		return nil, err
	}
	r := verdict.New("extension")
	said, err := ledger.ReadHead(newer)
	if err != nil {
		return nil, err
	}
	r.Fact("day", dayLabel, said.Day())
	a, okA := settleHead(r, "older", olderHeadTitle, verifiers, said.Day(), e.Checkpoint)
	b, okB := settleHead(r, "newer", newerHeadTitle, verifiers, said.Day(), newer)
	if !okA || !okB {
		return r.Close(), nil
	}
	r.Fact("older", olderSize, fmt.Sprint(a.Size))
	r.Fact("newer", newerSize, fmt.Sprint(b.Size))
	if err := grown(r, e, &a, &b, read); err != nil {
		return nil, err
	}
	return r.Close(), nil
}

func settleHead(r *verdict.Report, id string, title clickday.Text, verifiers []*ledger.Verifier, day string, note []byte) (ledger.Head, bool) {
	err := ledger.ErrSignature
	for _, v := range verifiers {
		var h ledger.Head
		if h, err = v.Open(day, note); err == nil {
			r.Settle(id, title, signedDetail(h.Size))
			return h, true
		}
	}
	r.Find(verdict.Finding{Check: id, What: verdict.Say("La testa del registro non vale.", "The head of the ledger does not hold."), Means: headMeans})
	r.Settle(id, title, clickday.Text{})
	return ledger.Head{}, false
}

// grown makes and checks the proofs.
func grown(r *verdict.Report, e *ranking.Earlier, a, b *ledger.Head, read ledger.ReadTile) error {
	p := ledger.NewProver(b.Size, read)
	if a.Size > b.Size {
		r.Find(verdict.Finding{Check: "rows", What: verdict.Say("La testa di dopo ha meno righe: %d invece di almeno %d.",
			"The later head has fewer rows: %d instead of at least %d.", b.Size, a.Size), Means: grownMeans})
	} else {
		proof, err := p.Consistency(a.Size)
		if err != nil && !errors.Is(err, ledger.ErrTile) {
			return err
		}
		if err != nil || ledger.CheckConsistency(proof, *a, *b) != nil {
			r.Find(verdict.Finding{Check: "rows", What: grownWrong, Means: grownMeans})
		}
	}
	r.Settle("rows", grownTitle, grownDetail(a.Size, b.Size))
	if e.Line == nil {
		return nil
	}
	held, err := p.Inclusion(e.Index)
	if err != nil && !errors.Is(err, ledger.ErrTile) && !errors.Is(err, ledger.ErrProof) {
		return err
	}
	if err != nil || ledger.CheckInclusion(held, e.Line, b.Root) != nil {
		r.Find(verdict.Finding{Check: "line", What: lineWrong, Means: grownMeans})
	}
	r.Settle("line", lineTitle, lineDetail)
	return nil
}

// remote is the ledger of one click day at a portal.
type remote struct {
	ctx  context.Context
	base string // without a final stroke
}

func remoteLedger(ctx context.Context, portal, day string) *remote {
	return &remote{ctx, strings.TrimRight(portal, "/") + "/ledger/" + url.PathEscape(day)}
}

// tile gets a tile; a partial one that the portal no longer has is cut from the
// full one.
func (l *remote) tile(want ledger.Tile) (ledger.Tile, error) {
	got := want
	b, status, err := l.get(got.Path())
	if status == http.StatusNotFound && want.Width < ledger.TileWidth {
		got.Width = ledger.TileWidth
		b, _, err = l.get(got.Path())
	}
	if err != nil {
		return got, err
	}
	got.Data = b
	return got, nil
}

// checkpoint gets the newest head.
func (l *remote) checkpoint() ([]byte, error) {
	b, _, err := l.get("checkpoint")
	return b, err
}

func (l *remote) get(path string) (body []byte, status int, err error) {
	ctx, cancel := context.WithTimeout(l.ctx, fetchPatience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, l.base+"/"+path, nil)
	if err != nil {
		return nil, 0, fmt.Errorf("--portal: %w", err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, 0, fmt.Errorf("--portal: %w", err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, res.StatusCode, fmt.Errorf("--portal: %s answered %s", req.URL, res.Status)
	}
	body, err = io.ReadAll(io.LimitReader(res.Body, maxTile))
	return body, res.StatusCode, err
}
