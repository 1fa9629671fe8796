package issuer

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"puntuale/internal/clickday"
)

func TestProgressIsAFigure(t *testing.T) {
	var log bytes.Buffer
	var fails error
	reg := prometheus.NewRegistry()
	RegisterProgress(reg, func(context.Context) ([]clickday.ReceiptProgress, error) {
		return []clickday.ReceiptProgress{{DayCode: "B-2026", Numbered: 10, Receipted: 7, Renewing: 2}}, fails
	}, slog.New(slog.NewTextHandler(&log, nil)))
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			got[f.GetName()+"/"+m.GetLabel()[0].GetValue()] = m.GetGauge().GetValue()
		}
	}
	for name, want := range map[string]float64{"numbered": 10, "receipted": 7, "renewing": 2} {
		if v, ok := got["puntuale_issuer_day_"+name+"/B-2026"]; !ok || v != want {
			t.Errorf("%s is %g, %v", name, v, ok)
		}
	}
	fails = errors.New("no database")
	if families, err = reg.Gather(); err != nil || len(families) != 0 || log.Len() == 0 {
		t.Fatalf("%d figures of a store that fails, %v, log %q", len(families), err, log.String())
	}
}
