package cli

import (
	"bytes"
	"strings"
	"testing"

	"puntuale/internal/client"
)

func TestTheBarCountsAnswers(t *testing.T) {
	var screen bytes.Buffer
	p := &progress{env: &env{Terminal: Terminal{Out: &screen}, say: func(key string, args ...any) string { return say("it", key, args...) }}}
	d := &client.DayView{Code: "FLUSSI-2027"}
	d.Counts.Total = 300
	for _, acknowledged := range []int{0, 120, 299} {
		d.Counts.Acknowledged = acknowledged
		d.Counts.Refused = 1
		screen.Reset()
		p.advance(d)
		want := []string{"FLUSSI-2027: con esito", "/300"}
		if acknowledged == 120 {
			want = append(want, "121/300", " 40%")
		}
		for _, w := range want {
			if !strings.Contains(screen.String(), w) {
				t.Errorf("%d: %q lacks %q", acknowledged, screen.String(), w)
			}
		}
	}
}
