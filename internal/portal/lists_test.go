package portal

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/clock"
	"puntuale/internal/keys"
	"puntuale/internal/lists"
	"puntuale/internal/pades"
	"puntuale/internal/postgres/listtest"
	"puntuale/internal/postgres/pgtest"
	"puntuale/internal/quota"
	"puntuale/internal/ranking"
)

// published is a site with four applications of mario for three places, one of
// them in Naples, and a provisional list.
func published(t *testing.T, rule string) (*testSite, []clickday.ApplicationID) {
	t.Helper()
	s := newSite(t)
	ctx := context.Background()
	cal, _, err := s.portal.calendar.Current(ctx)
	if err != nil {
		t.Fatal(err)
	}
	day := cal.Day(1)
	r, err := quota.ParseRule(rule)
	if err != nil {
		t.Fatal(err)
	}
	table, err := quota.ReadTable(strings.NewReader("nationality,sector,province,places\nAL,any,MI,1\nAL,any,NA,2\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	nations, err := quota.ReadNations(strings.NewReader("state,group\nMA,NORD\nTN,NORD\n"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = lists.SetQuotas(ctx, s.DB, day, &lists.Quotas{Rule: r, Table: table, Nations: nations, Document: []byte("# Regole\n"), Operator: "Ufficio quote"}, s.Clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	mario, err := s.DB.AccountByEmail(ctx, "mario.rossi@example.it")
	if err != nil {
		t.Fatal(err)
	}
	listtest.Node(t, s.DB)
	var sent []listtest.Sent
	for i, place := range []string{"F205", "F205", "F205", "F839"} { // Milan three times, Naples
		sent = append(sent, listtest.Sent{
			Answers: listtest.Answers(uint64(i), "Z100", "food", place), Account: mario.ID, Arrived: s.Opens.Add(time.Duration(i) * time.Millisecond),
		})
	}
	if _, err := s.DB.Pool.Exec(ctx, "UPDATE accounts SET per_day = 10 WHERE id = $1", mario.ID); err != nil {
		t.Fatal(err)
	}
	apps := listtest.Send(t, s.DB, day, 0, sent)
	s.Clock.Set(s.Opens.Add(time.Hour))
	listtest.Number(t, s.DB, s.Clock.Now())
	s.publish(day)
	return s, apps
}

func (s *testSite) publish(day *clickday.Day) *lists.Published {
	s.T.Helper()
	dir := s.T.TempDir()
	if err := keys.InitSeal(clock.NewFake(s.Opens.Add(-time.Hour)), dir, "Ministero di prova"); err != nil {
		s.T.Fatal(err)
	}
	seal, err := pades.Load(filepath.Join(dir, keys.SealKeyFile), filepath.Join(dir, keys.SealCertFile))
	if err != nil {
		s.T.Fatal(err)
	}
	signer, err := pgtest.LedgerSigner().ListSigner()
	if err != nil {
		s.T.Fatal(err)
	}
	press := &lists.Press{
		Store: s.DB, Models: s.Models, Signer: signer, Seal: seal, Body: seal.Subject(), PublicURL: "http://portal.example", Clock: s.Clock, Workers: 1,
	}
	l, _, err := press.Publish(context.Background(), &lists.Order{Day: day, Kind: ranking.Provisional, Operator: "Ufficio elenchi"})
	if err != nil {
		s.T.Fatal(err)
	}
	return l
}

func TestAnybodyReadsThePublishedLists(t *testing.T) {
	s, _ := published(t, "chronological reallocate=province")
	anybody := s.browser()
	p := anybody.Open("/lists")
	row := p.Find("table tbody tr")
	if row.Length() != 1 || row.Find("a").AttrOr("href", "") != "/lists/FLUSSI-2027/1" {
		t.Fatalf("%s", p.Find("main").Text())
	}
	for _, want := range []string{"Elenco provvisorio, versione 1", "3 posti in 3 gruppi", "Ordine di arrivo.", "provincia"} {
		if !strings.Contains(p.Find("main").Text(), want) {
			t.Errorf("lists: no %q", want)
		}
	}
	p = anybody.Open("/lists/FLUSSI-2027/1")
	var groups []string
	p.Find("table").First().Find("tbody tr").Each(func(_ int, tr *selection) {
		cells := tr.Children().Map(func(_ int, c *selection) string { return c.Text() })
		groups = append(groups, strings.Join(cells, " "))
	})
	want := []string{"Albania · MilanoAL|any|MI 1 3 2 1 1", "Albania · NapoliAL|any|NA 2 1 1 0 0"}
	if strings.Join(groups, "/") != strings.Join(want, "/") {
		t.Errorf("groups %q, want %q", groups, want)
	}
	if moves := p.Find("table").Eq(1).Find("tbody tr"); moves.Length() != 1 || !strings.Contains(moves.Text(), "Albania · Napoli") {
		t.Errorf("moves %q", moves.Text())
	}
	p.Find("table").Last().Find("tbody tr").Each(func(_ int, tr *selection) {
		s.checkDownload(tr.Find("a").AttrOr("href", ""), tr.Find("td.mono").Text())
	})
	english := anybody.Open("/lists/FLUSSI-2027/1?lang=en").Find("main").Text()
	if !strings.Contains(english, "Not in quota at the moment") || strings.Contains(english, "Non in quota") {
		t.Error("the English page is not English")
	}
	for _, none := range []string{"/lists/FLUSSI-2027/2", "/lists/FLUSSI-2027/01", "/lists/X/1", "/lists/FLUSSI-2027/x", "/lists/FLUSSI-2027/1/x.csv", "/lists/FLUSSI-2027/2/elenco.csv", "/quotas/FLUSSI-2027/1/x"} {
		if p := anybody.Get(none); p.Status != http.StatusNotFound {
			t.Errorf("%s: %d", none, p.Status)
		}
	}
}

// checkDownload holds a file against the digest beside it.
func (s *testSite) checkDownload(path, digest string) {
	s.T.Helper()
	p := s.browser().Get(path)
	sum := sha256.Sum256([]byte(p.Body))
	if p.Status != http.StatusOK || hexSum([]byte(p.Body)) != digest || p.Header.Get("Cache-Control") != forever || p.Header.Get("Set-Cookie") != "" {
		s.T.Errorf("%s: %d, %x, %q", path, p.Status, sum, digest)
	}
	if again := s.browser().Get(path, "If-None-Match", p.Header.Get("ETag")); again.Status != http.StatusNotModified || again.Body != "" {
		s.T.Errorf("%s again: %d", path, again.Status)
	}
}

func TestAnybodyReadsTheQuotas(t *testing.T) {
	s, _ := published(t, "chronological")
	p := s.browser().Open("/quotas/FLUSSI-2027/1")
	text := p.Find("main").Text()
	for _, want := range []string{"Albania · Milano", "AL|any|MI", "Ufficio quote", "chronological", "NORD", "Marocco, Tunisia", hexSum([]byte("# Regole\n"))} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q", want)
		}
	}
	for name, want := range map[string]string{
		"regole.md": "# Regole\n", "quote.csv": "nationality,sector,province,places\nAL,any,MI,1\nAL,any,NA,2\nany,any,any,0\n",
		"nazionalita.csv": "state,group\nMA,NORD\nTN,NORD\n",
	} {
		if p := s.browser().Get("/quotas/FLUSSI-2027/1/" + name); p.Status != http.StatusOK || p.Body != want {
			t.Errorf("%s: %d %q", name, p.Status, p.Body)
		}
	}
}

func TestTheApplicantSeesWhetherThereIsAPlace(t *testing.T) {
	s, apps := published(t, "chronological reallocate=province")
	b := s.loggedIn("mario.rossi@example.it")
	for i, want := range []struct{ class, title, line string }{
		{"good", "In quota", "È la numero 1 di 3 domande nel gruppo «Albania · Milano», che ha 1 posti."},
		{"good", "In quota", "Ha avuto un posto che altri non hanno richiesto (gruppo «Albania», turno 1)."},
		{"warn", "Non in quota al momento", "posti non richiesti"},
		{"good", "In quota", "È la numero 1 di 1 domande nel gruppo «Albania · Napoli», che ha 2 posti."},
	} {
		note := b.Open("/applications/" + apps[i].String()).Find(".note").Eq(1)
		if !note.HasClass(want.class) || note.Find("h2").Text() != want.title || !strings.Contains(note.Text(), want.line) ||
			note.Find("a").AttrOr("href", "") != "/lists/FLUSSI-2027/1" || !strings.Contains(note.Text(), "provvisorio") {
			t.Errorf("application %d: %s", i, note.Text())
		}
	}
	s.checkOutcomes(b, apps)
	other := s.loggedIn("anna.verdi@example.it")
	if p := other.Get("/applications/" + apps[0].String()); p.Status != http.StatusNotFound {
		t.Errorf("another account: %d", p.Status)
	}
}

// checkOutcomes asks what the mini-client is told.
func (s *testSite) checkOutcomes(b *browser, apps []clickday.ApplicationID) {
	s.T.Helper()
	var got struct {
		Outcomes []struct {
			Application string `json:"application_id"`
			List        *struct {
				Version, Rank, Demand, Places, Round int
				Kind, Place, Group, Source           string
			}
		}
	}
	res := s.pair(b).call(http.MethodGet, "/api/v1/outcomes", "")
	if err := json.Unmarshal([]byte(res.Body), &got); err != nil || len(got.Outcomes) != len(apps) {
		s.T.Fatalf("%s: %v", res.Body, err)
	}
	for i, o := range got.Outcomes {
		want := []string{"admitted", "admitted", "waiting", "admitted"}[i]
		if o.Application != apps[i].String() || o.List == nil || o.List.Place != want || o.List.Kind != "provisional" || o.List.Version != 1 {
			s.T.Errorf("outcome %d: %+v", i, o)
		}
	}
	if l := got.Outcomes[1].List; l.Round != 1 || l.Source != "AL|any|any" || l.Rank != 2 || l.Demand != 3 || l.Places != 1 {
		s.T.Errorf("%+v", l)
	}
}

func TestADrawIsNotShownBeforeItIsMade(t *testing.T) {
	s, apps := published(t, "draw-all")
	b := s.loggedIn("mario.rossi@example.it")
	note := b.Open("/applications/" + apps[0].String()).Find(".note").Eq(1)
	if note.HasClass("good") || note.Find("h2").Text() != "Sorteggio non ancora fatto" || !strings.Contains(note.Text(), "seme") {
		t.Errorf("%s", note.Text())
	}
	if text := b.Open("/lists/FLUSSI-2027/1").Find("main").Text(); !strings.Contains(text, "Sorteggio non ancora fatto") {
		t.Errorf("%s", text)
	}
	res := s.pair(b).call(http.MethodGet, "/api/v1/outcomes", "")
	if !strings.Contains(res.Body, `"place":""`) || strings.Contains(res.Body, "admitted") {
		t.Errorf("%s", res.Body)
	}
}
