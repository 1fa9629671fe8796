package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"puntuale/internal/accounts"
	shelf "puntuale/internal/archive"
	"puntuale/internal/clickday"
	"puntuale/internal/forms"
	"puntuale/internal/postgres"
	"puntuale/internal/postgres/pgtest"
)

// shelfTest is a database with a click day and some accounts.
type shelfTest struct {
	*testing.T
	db       *postgres.DB
	accounts []clickday.AccountID
}

func newShelf(t *testing.T, n int) *shelfTest {
	t.Helper()
	s := &shelfTest{T: t, db: pgtest.New(t)}
	for i := range n {
		a, err := s.db.EnsureAccount(context.Background(), &accounts.Account{
			Kind: accounts.Person, Email: fmt.Sprintf("u%d@example.it", i), PasswordHash: "!", Name: "U", TaxCode: fmt.Sprintf("TAX%d", i), CreatedAt: monday,
		})
		if err != nil {
			t.Fatal(err)
		}
		s.accounts = append(s.accounts, a.ID)
	}
	s.exec("INSERT INTO click_days (id, code, tie_seed) VALUES (1, 'FLUSSI-2027', '\\x00'), (2, 'STAG-2027', '\\x00')")
	return s
}

func (s *shelfTest) exec(sql string, args ...any) {
	s.Helper()
	if _, err := s.db.Pool.Exec(context.Background(), sql, args...); err != nil {
		s.Fatal(err)
	}
}

func (s *shelfTest) draft(account int, model string, answers map[string]string, at time.Time) clickday.ApplicationID {
	s.Helper()
	a := accounts.Application{
		ID: clickday.NewApplicationID(), Account: s.accounts[account], Day: 1, Model: clickday.ModelCode(model), ModelVersion: 1, Answers: answers,
		State: clickday.Ready, Revision: 1, CreatedAt: at, UpdatedAt: at,
	}
	if err := s.db.CreateApplication(context.Background(), &a); err != nil {
		s.Fatal(err)
	}
	return a.ID
}

func (s *shelfTest) store(list ...shelf.Record) shelf.Stored {
	s.Helper()
	for i := range list {
		r := &list[i]
		r.Source = "OLD"
		r.ID = shelf.IDOf(r.Source, r.Reference)
		if r.State == "" {
			r.State = shelf.Submitted
		}
		if r.SentAt.IsZero() {
			r.SentAt = monday.AddDate(r.Year-2027, 0, 0)
		}
	}
	n, err := s.db.StoreArchive(context.Background(), list, monday)
	if err != nil {
		s.Fatal(err)
	}
	return n
}

// found returns the workers (or ids) of what an account finds.
func (s *shelfTest) find(account int, q shelf.Query) []string {
	s.Helper()
	res, err := s.db.Search(context.Background(), s.accounts[account], &q, shelf.Page{Limit: 100})
	if err != nil {
		s.Fatal(err)
	}
	var out []string
	for _, e := range res.Entries {
		switch {
		case e.Old != nil:
			out = append(out, e.Old.Reference)
		default:
			out = append(out, e.Live.Answers["worker_surname"])
		}
	}
	if res.Total != len(out) {
		s.Errorf("total is %d of %d", res.Total, len(out))
	}
	return out
}

func TestSearchFinds(t *testing.T) {
	s := newShelf(t, 2)
	s.draft(0, "B", map[string]string{"worker_surname": "Benàlì", "worker_name": "Fatima", "worker_citizenship": "Z330", "worker_passport": "YA1234567",
		"contract_task": "raccolta delle verdure", "employer_tax_code": "RSSMRA80A01H501U", "worker_birth_date": "1990-05-06"}, monday)
	sent := s.draft(0, "A", map[string]string{"worker_surname": "Đorđević", "worker_name": "Łucja", "worker_citizenship": "Z158"}, monday.Add(time.Minute))
	s.store(shelf.Record{Account: s.accounts[0], Reference: "2011", Year: 2011, Day: "Decreto flussi 2010", Model: "B", State: shelf.Accepted,
		Number: "K-2011/0004711", Employer: "Rossi S.r.l.", Worker: "Benali Omar", Nationality: "Z330", Answers: map[string]string{"note": "serra"}})
	s.exec(`UPDATE applications SET state = 'sealed', seal_version = 1 WHERE id = $1`, [16]byte(sent))
	s.exec(`INSERT INTO submissions (id, application_id, seal_version, click_day_id, account_id, model, model_version, device, digest,
		arrived, source, clock, bound, node, journal, sequence, state, number, ingested_at)
		VALUES (sha256('1'), $1, 1, 1, $2, 'A', 1, '\x01', '\x01', 0, 0, 0, 0, 1, 1, 1, 'sequenced', 4711, now())`, [16]byte(sent), s.accounts[0])
	words := shelf.WordsOf
	for name, c := range map[string]struct {
		q    shelf.Query
		want string
	}{
		"everything, the last first": {shelf.Query{}, "Đorđević Benàlì 2011"},
		"prefix without accents":     {shelf.Query{Words: words("bena")}, "Benàlì 2011"},
		"letters with strokes":       {shelf.Query{Words: words("DORDEVIC lucja")}, "Đorđević"},
		"all words":                  {shelf.Query{Words: words("benali omar")}, "2011"},
		"an Italian form":            {shelf.Query{Words: words("verdura raccolte")}, "Benàlì"},
		"words of grammar":           {shelf.Query{Words: words("raccolta di verdure")}, "Benàlì"},
		"state by name":              {shelf.Query{Words: words("Marocco")}, "Benàlì 2011"},
		"state by English name":      {shelf.Query{Words: words("morocco")}, "Benàlì 2011"},
		"passport":                   {shelf.Query{Words: words("ya1234")}, "Benàlì"},
		"tax code":                   {shelf.Query{Words: words("rssmra80a01h501u")}, "Benàlì"},
		"what was not written":       {shelf.Query{Words: words("inesistente")}, ""},
		"worker":                     {shelf.Query{Worker: words("rossi")}, ""},
		"employer as a word":         {shelf.Query{Words: words("rossi")}, "2011"},
		"worker's own name":          {shelf.Query{Worker: shelf.PlainWords("OMAR")}, "2011"},
		"year of the archive":        {shelf.Query{Year: 2011}, "2011"},
		"year of days":               {shelf.Query{Year: 2027, Days: []clickday.DayID{1}}, "Đorđević Benàlì"},
		"day":                        {shelf.Query{Day: 1}, "Đorđević Benàlì"},
		"another day":                {shelf.Query{Day: 2}, ""},
		"model":                      {shelf.Query{Model: "B"}, "Benàlì 2011"},
		"nationality":                {shelf.Query{Nationality: "Z330"}, "Benàlì 2011"},
		"ready":                      {shelf.Query{State: "ready"}, "Benàlì"},
		"numbered":                   {shelf.Query{State: "numbered"}, "Đorđević"},
		"accepted":                   {shelf.Query{State: "accepted"}, "2011"},
		"sealed and not sent":        {shelf.Query{State: "sealed"}, ""},
		"number, whole":              {shelf.Query{Number: "FLUSSI-2027/0004711"}, "Đorđević"},
		"number, of any day":         {shelf.Query{Number: "4711"}, "Đorđević"},
		"number, of another day":     {shelf.Query{Number: "STAG-2027/0004711"}, ""},
		"number of the archive":      {shelf.Query{Number: "K-2011/0004711"}, "2011"},
		"number among the words":     {shelf.Query{Words: words("FLUSSI-2027/0004711")}, "Đorđević"},
		"two filters":                {shelf.Query{Nationality: "Z330", Model: "B", Year: 2011}, "2011"},
	} {
		if got := strings.Join(s.find(0, c.q), " "); got != c.want {
			t.Errorf("%s: found %q, want %q", name, got, c.want)
		}
		if got := s.find(1, c.q); len(got) > 0 {
			t.Errorf("%s: another account finds %q", name, got)
		}
	}
}

func TestSearchFollowsEveryChange(t *testing.T) {
	s := newShelf(t, 1)
	ctx := context.Background()
	id := s.draft(0, "B", map[string]string{}, monday)
	_, err := s.db.SaveAnswers(ctx, s.accounts[0], id, 1, map[string]string{"worker_surname": "Prima", "worker_citizenship": "Z330"}, clickday.ToComplete, monday)
	if err != nil {
		t.Fatal(err)
	}
	if got := s.find(0, shelf.Query{Words: []string{"prima"}, State: "to_complete", Nationality: "Z330"}); len(got) != 1 {
		t.Errorf("after a save: %q", got)
	}
	_, err = s.db.SaveAnswers(ctx, s.accounts[0], id, 2, map[string]string{"worker_surname": "Seconda"}, clickday.Ready, monday)
	if err != nil {
		t.Fatal(err)
	}
	if got := s.find(0, shelf.Query{Words: []string{"prima"}}); len(got) != 0 {
		t.Errorf("what was overwritten is found: %q", got)
	}
	if got := s.find(0, shelf.Query{Words: []string{"seconda"}, State: "ready"}); len(got) != 1 {
		t.Errorf("after a second save: %q", got)
	}
	err = s.db.SealApplication(ctx, s.accounts[0], id, 3, monday, func(*accounts.Application, uint32) ([]byte, clickday.Digest, error) {
		return []byte{1}, clickday.Digest{}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := s.find(0, shelf.Query{State: "sealed"}); len(got) != 1 {
		t.Errorf("after the seal: %q", got)
	}
	s.exec("DELETE FROM seals")
	s.exec("DELETE FROM applications")
	if got := s.find(0, shelf.Query{}); len(got) != 0 {
		t.Errorf("what was deleted is found: %q", got)
	}
}

// TestModelsWithOtherFields: a model is data, and so is where it asks for the
// worker.
func TestModelsWithOtherFields(t *testing.T) {
	s := newShelf(t, 1)
	s.draft(0, "X", map[string]string{"person_last": "Strano", "person_state": "Z330"}, monday)
	other := &forms.Model{Code: "X", Version: 1, Summary: forms.Summary{Worker: []string{"person_last"}}, Quota: forms.QuotaFields{Nationality: "person_state"}}
	for range 2 {
		if err := s.db.LearnModels(context.Background(), []*forms.Model{other}); err != nil {
			t.Fatal(err)
		}
	}
	s.draft(0, "X", map[string]string{"person_last": "Straniero", "person_state": "Z330"}, monday)
	if got := s.find(0, shelf.Query{Worker: []string{"stran"}, Nationality: "Z330"}); len(got) != 2 {
		t.Errorf("found %d of 2", len(got))
	}
}

// TestPagesAreTheWholeList goes forth and back in small steps over entries many
// of which have the same moment.
func TestPagesAreTheWholeList(t *testing.T) {
	s := newShelf(t, 1)
	for i := range 23 {
		s.draft(0, "B", map[string]string{"worker_surname": fmt.Sprintf("W%02d", i)}, monday.Add(time.Duration(i/5)*time.Minute))
	}
	all := s.find(0, shelf.Query{})
	var forth []string
	var last shelf.Result
	page := shelf.Page{Limit: 4}
	for {
		res, err := s.db.Search(context.Background(), s.accounts[0], &shelf.Query{}, page)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range res.Entries {
			forth = append(forth, e.Live.Answers["worker_surname"])
		}
		if res.Earlier != (page.From != nil) || res.Total != 23 || res.More {
			t.Errorf("page: %+v", res)
		}
		last = res
		if !res.Later {
			break
		}
		page.From = &res.Entries[len(res.Entries)-1].Cursor
	}
	if !slices.Equal(forth, all) || len(all) != 23 {
		t.Errorf("in pages %q, at once %q", forth, all)
	}
	back := []string{}
	for _, e := range last.Entries {
		back = append(back, e.Live.Answers["worker_surname"])
	}
	for last.Earlier {
		res, err := s.db.Search(context.Background(), s.accounts[0], &shelf.Query{}, shelf.Page{Limit: 4, From: &last.Entries[0].Cursor, Before: true})
		if err != nil {
			t.Fatal(err)
		}
		var these []string
		for _, e := range res.Entries {
			these = append(these, e.Live.Answers["worker_surname"])
		}
		back = append(these, back...)
		if !res.Later {
			t.Error("a page before another one has none behind it")
		}
		last = res
	}
	if !slices.Equal(back, all) {
		t.Errorf("backwards %q, at once %q", back, all)
	}
}

// hostile are things that people and their enemies type.
var hostile = []string{
	"'", `"`, `\`, `\\'`, "%", "_", "a%b", "a & b | !c", "<->", "foo:*", ":*A", "(", ")", "a:b:c", "'; DROP TABLE search; --", "$1", "\x00", "a\x00b",
	"\xff\xfe", strings.Repeat("a", 10_000), strings.Repeat("a ", 5_000), strings.Repeat("'", 10_000), strings.Repeat("é", 10_000), "\u202e", "😀", "ﬁ",
	"0", "00000000000000000000000000", "9223372036854775808", "A/1", "|", "a|b", "a|':*", "di", "di da", "a\u0301", "İ", "ß", "١٢٣", "''||''", "!!", "a<b", "\n\t",
}

func TestHostileSearches(t *testing.T) {
	s := newShelf(t, 1)
	s.draft(0, "B", map[string]string{"worker_surname": "Innocuo", "note": shelf.Clean(strings.Join(hostile[:20], " "))}, monday)
	for _, text := range hostile {
		clean := shelf.Clean(text)
		for _, q := range []shelf.Query{
			{Words: shelf.WordsOf(text)}, {Worker: shelf.PlainWords(text)}, {Number: clean}, {Nationality: clean}, {Model: clickday.ModelCode(clean)}, {State: clean},
			{Words: []string{clean}}, {Words: []string{"x|" + clean}},
		} {
			if _, err := s.db.Search(context.Background(), s.accounts[0], &q, shelf.Page{Limit: 10}); err != nil {
				t.Errorf("%.40q as %+.80v: %v", text, q, err)
			}
		}
	}
	if got := s.find(0, shelf.Query{Words: []string{"innocuo"}}); len(got) != 1 {
		t.Error("the row has gone")
	}
}

// TestNobodyFindsOthers asks random questions of accounts whose applications hold
// the same words, and counts what comes back.
func TestNobodyFindsOthers(t *testing.T) {
	const people, rows = 5, 120
	s := newShelf(t, people)
	rng := rand.New(rand.NewPCG(1, 2))
	pick := func(v ...string) string { return v[rng.IntN(len(v))] }
	var list []shelf.Record
	for i := range rows {
		list = append(list, shelf.Record{
			Account: s.accounts[rng.IntN(people)], Reference: fmt.Sprint(i), Year: 2007 + rng.IntN(3), Day: "D", Model: clickday.ModelCode(pick("A", "B")),
			State: shelf.States[rng.IntN(3)], Number: fmt.Sprint(i % 7), Employer: pick("Rossi", "Bianchi"), Worker: pick("Li", "Khan") + " " + pick("Wei", "Ali"), Nationality: pick("Z210", "Z236", ""),
			Answers: map[string]string{"note": pick("serra", "cantiere", "")},
		})
	}
	s.store(list...)
	for range 300 {
		q := shelf.Query{
			Words: shelf.PlainWords(pick("", "", "rossi", "kha wei", "serra", "li cant")), Worker: shelf.PlainWords(pick("", "", "ali", "li")), Number: pick("", "", "", "3"),
			Year: []int{0, 0, 2007, 2008}[rng.IntN(4)], Model: clickday.ModelCode(pick("", "", "A")), State: pick("", "", "accepted"), Nationality: pick("", "", "Z210"),
		}
		who := rng.IntN(people)
		want := 0
		for i := range list {
			if list[i].Account == s.accounts[who] && fits(&list[i], &q) {
				want++
			}
		}
		if got := s.find(who, q); len(got) != want {
			t.Fatalf("%+v: %d found, want %d", q, len(got), want)
		}
	}
	for i := range list {
		for who := range people {
			_, err := s.db.Archived(context.Background(), s.accounts[who], list[i].ID)
			if mine := list[i].Account == s.accounts[who]; mine != (err == nil) || !mine && !errors.Is(err, accounts.ErrNotFound) {
				t.Fatalf("record of %d read by %d: %v", list[i].Account, s.accounts[who], err)
			}
		}
	}
}

// fits is a search as a person would do it on paper.
func fits(r *shelf.Record, q *shelf.Query) bool {
	begins := func(text string, words []string) bool {
		for _, w := range words {
			if !slices.ContainsFunc(strings.Fields(strings.ToLower(text)), func(f string) bool { return strings.HasPrefix(f, w) }) {
				return false
			}
		}
		return true
	}
	everything := strings.Join([]string{r.Number, r.Day, r.Employer, r.Worker, r.Nationality, r.Answers["note"]}, " ")
	return begins(everything, q.Words) && begins(r.Worker, q.Worker) && (q.Number == "" || r.Number == q.Number) && (q.Year == 0 || r.Year == q.Year) &&
		(q.Model == "" || r.Model == q.Model) && (q.State == "" || string(r.State) == q.State) && (q.Nationality == "" || r.Nationality == q.Nationality)
}
