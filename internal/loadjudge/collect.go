package loadjudge

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/client/link"
	"puntuale/internal/client/portalapi"
	"puntuale/internal/clock"
	"puntuale/internal/ranking"
	"puntuale/internal/trust"
	"puntuale/internal/verify"
	"puntuale/internal/wire"
)

const (
	answerMax   = 1 << 24
	listsProbed = 1000 // versions of a list that are looked for
)

// Site is an installation as anybody can ask it: over HTTP.
type Site struct {
	// Portal is its base address. Nodes are those that the portal names.
	Portal string
	Nodes  []link.Node
	Keys   *trust.Keys
	// Calendar is the signed one, checked.
	Calendar clickday.Calendar

	web   *http.Client
	clock clock.Clock
}

// OpenSite asks the portal for its keys, nodes and calendar. The keys are those
// that the portal shows now: whoever judges a site of others compares them with
// what was published before.
func OpenSite(ctx context.Context, portal string, clk clock.Clock) (*Site, error) {
	s := &Site{Portal: strings.TrimRight(portal, "/"), web: &http.Client{Timeout: time.Minute}, clock: clk}
	b, err := verify.FetchKeys(ctx, s.Portal)
	if err == nil {
		s.Keys, err = trust.Parse(b)
	}
	if err == nil {
		b, err = s.get(ctx, "/api/v1/calendar")
	}
	if err == nil {
		s.Calendar, err = wire.OpenCalendar(b, s.Keys.Calendar)
	}
	if err != nil {
		return nil, fmt.Errorf("loadjudge: %w", err)
	}
	return s, s.nodes(ctx)
}

func (s *Site) nodes(ctx context.Context) error {
	api, err := portalapi.New(s.Portal, nil)
	if err != nil {
		return err
	}
	settings, err := api.Settings(ctx)
	if err != nil {
		return err
	}
	for _, n := range settings.Nodes {
		node, err := link.NewNode(n.Node, n.URL, n.CAPEM, n.PublicKey)
		if err != nil {
			return err
		}
		s.Nodes = append(s.Nodes, node)
	}
	if len(s.Nodes) == 0 {
		return errors.New("loadjudge: the portal names no intake node")
	}
	return nil
}

// Day finds a click day of the calendar.
func (s *Site) Day(id clickday.DayID) (clickday.Day, error) {
	for _, d := range s.Calendar.Days {
		if d.ID == id {
			return d, nil
		}
	}
	return clickday.Day{}, fmt.Errorf("loadjudge: click day %d is not in the calendar of %s", id, s.Portal)
}

// errMissing says that the portal has nothing at an address.
var errMissing = errors.New("not there")

func (s *Site) open(ctx context.Context, path string) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.Portal+path, nil)
	if err != nil {
		return nil, err
	}
	res, err := s.web.Do(req)
	if err != nil {
		return nil, err
	}
	if res.StatusCode == http.StatusOK {
		return res.Body, nil
	}
	res.Body.Close()
	if res.StatusCode == http.StatusNotFound {
		return nil, fmt.Errorf("%s: %w", req.URL, errMissing)
	}
	return nil, fmt.Errorf("%s answers %s", req.URL, res.Status)
}

func (s *Site) get(ctx context.Context, path string) ([]byte, error) {
	body, err := s.open(ctx, path)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	return io.ReadAll(io.LimitReader(body, answerMax))
}

// Lists verifies the newest published list of a day, and returns nil when there
// is none.
func (s *Site) Lists(ctx context.Context, dayCode string) (*ListCheck, error) {
	var newest io.ReadCloser
	for version := 1; version <= listsProbed; version++ {
		body, err := s.open(ctx, fmt.Sprintf("/lists/%s/%d/elenco.csv", dayCode, version))
		if errors.Is(err, errMissing) {
			break
		}
		if newest != nil {
			newest.Close()
		}
		if err != nil {
			return nil, fmt.Errorf("loadjudge: %w", err)
		}
		newest = body
	}
	if newest == nil {
		return nil, nil
	}
	defer newest.Close()
	report, err := ranking.Verify(newest, &ranking.Options{Keys: s.Keys, Calendar: &s.Calendar})
	if err != nil {
		return nil, fmt.Errorf("loadjudge: %w", err)
	}
	out := new(ListCheck)
	for _, f := range report.Findings {
		out.Wrong = append(out.Wrong, fmt.Sprintf("line %d: %s", f.Line, f.What.EN))
	}
	for _, f := range report.Facts {
		if f.ID == "rows" {
			fmt.Sscan(f.Value, &out.Rows)
		}
	}
	return out, nil
}
