package api

import (
	"context"

	"puntuale/internal/clickday"
	"puntuale/internal/wire"
)

type nodeJSON struct {
	Node      clickday.NodeID `json:"node"`
	URL       string          `json:"url"`
	WarmURL   string          `json:"warm_url,omitempty" doc:"Ticketed address."`
	PublicKey []byte          `json:"public_key" doc:"Ed25519, 32 bytes."`
	CA        string          `json:"ca_pem" doc:"Certificates to trust for this node; empty for the system's."`
}

type configJSON struct {
	Name        string     `json:"name"`
	CalendarKey []byte     `json:"calendar_key" doc:"Ed25519, 32 bytes."`
	Nodes       []nodeJSON `json:"nodes" nullable:"false"`
	NTPServers  []string   `json:"ntp_servers" nullable:"true"`
	Help        Help       `json:"help" doc:"Whom people ask."`
	ReleaseKey  []byte     `json:"release_key,omitempty" doc:"Checks versions of the mini-client; absent when none are published."`
}

func (a *API) config(ctx context.Context, _ *struct{}) (*body[configJSON], error) {
	nodes, err := a.Store.Nodes(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]nodeJSON, len(nodes))
	for i, n := range nodes {
		out[i] = nodeJSON{n.ID, n.URL, n.WarmURL, n.PublicKey, n.CA}
	}
	return &body[configJSON]{"no-cache", configJSON{a.Name, a.CalendarKey, out, a.NTPServers, a.Help, a.ReleaseKey}}, nil
}

func (a *API) calendar(ctx context.Context, _ *struct{}) (*file, error) {
	_, signed, err := a.Calendar.Current(ctx)
	if err != nil {
		return nil, err
	}
	if signed == nil {
		return nil, refuse(clickday.CodeNotFound)
	}
	return &file{ContentType: wire.TypeCalendar, CacheControl: "no-cache", ContentLength: len(signed), Body: signed}, nil
}
