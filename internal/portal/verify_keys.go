package portal

import (
	"context"
	"net/http"

	"puntuale/internal/clickday"
	"puntuale/internal/portal/site"
	"puntuale/internal/trust"
)

// trusted returns the public keys of the installation: those of the
// configuration, and those that intake nodes have or had.
func (p *Portal) trusted(ctx context.Context) (*trust.Keys, error) {
	nodes, err := p.store.NodeKeys(ctx)
	if err != nil {
		return nil, err
	}
	k := &trust.Keys{
		Format: trust.Format, Name: p.cfg.Name, Calendar: p.cfg.CalendarKey, Seals: p.cfg.Seals, Timestamps: p.cfg.Authorities,
	}
	if p.cfg.Ledger != nil {
		k.Ledger = []string{p.cfg.Ledger.String()}
	}
	for i := range nodes {
		k.Nodes = append(k.Nodes, trust.Node{Node: clickday.NodeID(nodes[i].ID), Key: nodes[i].PublicKey})
	}
	return k, nil
}

// publicKeys answers with keys.json.
func (p *Portal) publicKeys(w http.ResponseWriter, r *http.Request) {
	k, err := p.trusted(r.Context())
	var b []byte
	if err == nil {
		b, err = k.Marshal()
	}
	if err != nil {
		p.site.Fail(w, r, &site.Visit{Lang: site.ChosenLanguage(r)}, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Disposition", `attachment; filename="keys.json"`)
	h.Set("Cache-Control", "public, max-age=60")
	w.Write(b) // whoever has gone away misses it, nothing else
}
