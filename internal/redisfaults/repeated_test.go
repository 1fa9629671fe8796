package redisfaults

import (
	"errors"
	"net/http"
	"net/url"
	"testing"

	"puntuale/internal/clickday"
	"puntuale/internal/postgres"
	"puntuale/internal/wire"
)

// checkRepeated holds the record against the journals of both nodes: every
// submission once, with the earliest of its stamps, which is the one that the
// repeated submission was acknowledged with.
func checkRepeated(t *testing.T, db *postgres.DB, sites []*site, id clickday.SubmissionID, acknowledged int64) {
	t.Helper()
	records, want := 0, map[clickday.SubmissionID]claim{}
	on := map[clickday.NodeID]int{}
	for _, s := range sites {
		for _, l := range leavesOf(t, s.journal) {
			records++
			if old, ok := want[l.ID]; !ok || l.Stamp.UnixNano < old.arrived {
				want[l.ID] = claimOf(&l.Stamp)
			}
			if l.ID == id {
				on[s.id]++
			}
		}
	}
	settle(t, db, records)
	ids, claims := numberedIn(t, db)
	if len(ids) != len(want) {
		t.Errorf("%d numbers for %d submissions", len(ids), len(want))
	}
	for i, c := range want {
		if claims[i] != c {
			t.Errorf("%s recorded as %+v, earliest is %+v", i, claims[i], c)
		}
	}
	if claims[id].arrived != acknowledged {
		t.Errorf("recorded with %d, acknowledged with %d at the earliest", claims[id].arrived, acknowledged)
	}
	if on[1] == 0 || on[2] == 0 {
		t.Errorf("records on the nodes: %v; both must have one", on)
	}
	t.Logf("%d submissions, records of the repeated one: %v", len(ids), on)
	inOrder(t, ids, claims)
}

// TestAskingAfterALostReply loses the answer to a submission; the status request
// brings it, on that node and on no other.
func TestAskingAfterALostReply(t *testing.T) {
	r := startRedis(t)
	a, b := startSite(t, 1, r.URL, 0), startSite(t, 2, r.URL, 0)
	env := newEnvelope(t)
	id := wire.IDOf(env)
	target, err := url.Parse(a.url)
	must(t, err)
	p := newProxyTo(t, 1, "tcp", target.Host)
	p.poison(toxic{loseReplies: 1})
	_, _, err = submit(t.Context(), newClient(t), p.http(), env)
	if uerr := (*url.Error)(nil); !errors.As(err, &uerr) {
		t.Fatalf("the reply was to be lost: %v", err)
	}
	status, body := a.ask(t, id)
	asked, err := a.granted(id, status, body)
	must(t, err)
	if status, body := b.ask(t, id); status != http.StatusNotFound {
		t.Errorf("the other node knows of it: %d %s", status, body)
	}
	status, body, err = submit(t.Context(), newClient(t), a.url, env)
	must(t, err)
	if again, err := a.granted(id, status, body); err != nil || again != asked {
		t.Errorf("asked: %+v, sent again: %+v, %v", asked, again, err)
	}
}

// ask asks what became of a submission.
func (s *site) ask(t *testing.T, id clickday.SubmissionID) (int, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+wire.PathSubmit+"/"+id.String(), nil)
	must(t, err)
	status, body, err := exchange(newClient(t), req)
	must(t, err)
	return status, body
}

// TestWithoutItsCopyASubmissionIsToldToComeBack sends to a node that waits for
// Redis, which is gone; when it is back, the acknowledgement has the first stamp.
func TestWithoutItsCopyASubmissionIsToldToComeBack(t *testing.T) {
	r := startRedis(t)
	s := startSite(t, 1, r.URL, copyWait)
	env := newEnvelope(t)
	id := wire.IDOf(env)
	must(t, r.Kill())
	client := newClient(t)
	for range 3 {
		status, body, err := submit(t.Context(), client, s.url, env)
		must(t, err)
		if p := wire.ParseProblem(body); status != http.StatusServiceUnavailable || p.Code != clickday.CodeOverloaded {
			t.Fatalf("status %d: %s", status, body)
		}
	}
	if status, body := s.ask(t, id); status != http.StatusServiceUnavailable {
		t.Fatalf("asked: status %d: %s", status, body)
	}
	durable := recordsOf(t, s.journal)
	must(t, r.Restart(t.Context()))
	eventually(t, "acknowledgement", func() bool {
		status, _ := s.ask(t, id)
		return status == http.StatusOK
	})
	status, body, err := submit(t.Context(), client, s.url, env)
	must(t, err)
	stamp, err := s.granted(id, status, body)
	if err != nil || claimOf(&stamp) != durable[id] || len(durable) != 1 {
		t.Fatalf("acknowledged as %+v, durable before %+v, %v", stamp, durable, err)
	}
}
