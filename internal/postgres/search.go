package postgres

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"puntuale/internal/accounts"
	"puntuale/internal/archive"
	"puntuale/internal/clickday"
	"puntuale/internal/forms"
)

var _ archive.Store = (*DB)(nil)

// conditions gathers a WHERE clause with its arguments.
type conditions struct {
	sql  []string
	args []any
}

// add takes a condition in which each ? stands for an argument.
func (c *conditions) add(sql string, args ...any) {
	for _, a := range args {
		c.args = append(c.args, a)
		sql = strings.Replace(sql, "?", "$"+strconv.Itoa(len(c.args)), 1)
	}
	c.sql = append(c.sql, sql)
}

func (c *conditions) String() string { return strings.Join(c.sql, " AND ") }

// refusedNow and its likes decide as the pages do: a refusal is past once the
// application was re-opened or sealed again.
const (
	anySubmission = `SELECT FROM submissions o WHERE o.application_id = s.id AND o.account_id = s.account_id AND `
	refusedNow    = `EXISTS (SELECT FROM submissions o JOIN applications a ON a.id = o.application_id AND a.seal_version = o.seal_version
		WHERE o.application_id = s.id AND o.account_id = s.account_id AND o.state = 'refused')`
)

// stateConditions say what a state of archive.Filters means, beside s.state.
var stateConditions = map[string]string{
	"sealed":   "NOT s.archived AND s.state = 'sealed' AND NOT EXISTS (" + anySubmission + "o.state <> 'refused') AND NOT " + refusedNow,
	"queued":   "NOT s.archived AND s.state = 'sealed' AND EXISTS (" + anySubmission + "o.state = 'queued') AND NOT EXISTS (" + anySubmission + "o.number IS NOT NULL)",
	"numbered": "NOT s.archived AND s.state = 'sealed' AND EXISTS (" + anySubmission + "o.number IS NOT NULL)",
	"refused":  "NOT s.archived AND s.state = 'sealed' AND NOT EXISTS (" + anySubmission + "o.state <> 'refused') AND " + refusedNow,
}

// narrow turns a query into conditions on a row s of the table search.
func (db *DB) narrow(ctx context.Context, account clickday.AccountID, q *archive.Query) (*conditions, error) {
	c := &conditions{}
	c.add("s.account_id = ?", account)
	if len(q.Words) > 0 {
		// What looks like a protocol number is one, too.
		ids, err := db.numbered(ctx, account, strings.Join(q.Words, "/"))
		if err != nil {
			return nil, err
		}
		textOr(c, q.Words, "A", ids)
	}
	if len(q.Worker) > 0 {
		textOr(c, q.Worker, "C", nil)
	}
	if q.Number != "" {
		ids, err := db.numbered(ctx, account, q.Number)
		if err != nil {
			return nil, err
		}
		textOr(c, archive.PlainWords(q.Number), "D", ids)
	}
	if q.Year != 0 {
		c.add("(s.archived AND s.year = ? OR s.day_id = ANY (?))", q.Year, dayIDs(q.Days))
	}
	if q.Day != 0 {
		c.add("s.day_id = ?", q.Day)
	}
	if q.Model != "" {
		c.add("s.model = ?", q.Model)
	}
	if q.Nationality != "" {
		c.add("s.nationality = ?", q.Nationality)
	}
	switch condition, ok := stateConditions[q.State]; {
	case ok:
		c.add(condition)
	case q.State != "":
		c.add("s.state = ?", q.State)
	}
	return c, nil
}

func textOr(c *conditions, words []string, weight string, ids [][16]byte) {
	if len(ids) > 0 {
		c.add("(s.words @@ search_query(?, ?) OR s.id = ANY (?))", words, weight, ids)
		return
	}
	c.add("s.words @@ search_query(?, ?)", words, weight)
}

func dayIDs(days []clickday.DayID) []int64 {
	out := make([]int64, len(days))
	for i, d := range days {
		out[i] = int64(d)
	}
	return out
}

// protocolText is a number of this register as people write it: the code of the
// day may be left out, and its strokes may be anything.
var protocolText = regexp.MustCompile(`^(?:([A-Za-z0-9][A-Za-z0-9/_-]*)[/ ])?0*([0-9]{1,12})$`)

// numbered returns the applications that a protocol number means; none when the
// text is no number.
func (db *DB) numbered(ctx context.Context, account clickday.AccountID, text string) ([][16]byte, error) {
	parts := protocolText.FindStringSubmatch(strings.TrimSpace(text))
	if parts == nil {
		return nil, nil
	}
	number, err := strconv.ParseInt(parts[2], 10, 64)
	if err != nil {
		return nil, nil
	}
	rows, err := db.Pool.Query(ctx, `SELECT s.application_id FROM submissions s JOIN click_days d ON d.id = s.click_day_id
		WHERE s.account_id = $1 AND s.number = $2 AND ($3 = '' OR upper(translate(d.code, '-/_', '')) = $3) LIMIT 50`,
		account, number, strings.ToUpper(strings.NewReplacer("-", "", "/", "", "_", "").Replace(parts[1])))
	if err != nil {
		return nil, fmt.Errorf("postgres: search: %w", err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[[16]byte])
	if err != nil {
		return nil, fmt.Errorf("postgres: search: %w", err)
	}
	return ids, nil
}

// Search implements archive.Store. The plan is made for the account and the
// words that are asked for: accounts differ by four orders of magnitude.
func (db *DB) Search(ctx context.Context, account clickday.AccountID, q *archive.Query, p archive.Page) (archive.Result, error) {
	var out archive.Result
	where, err := db.narrow(ctx, account, q)
	if err != nil {
		return out, err
	}
	if err := db.count(ctx, where, &out); err != nil {
		return out, err
	}
	places, err := db.places(ctx, where, p)
	if err != nil {
		return out, err
	}
	more := len(places) > p.Limit
	if more {
		places = places[:p.Limit]
	}
	out.Earlier, out.Later = p.From != nil && !p.Before, more
	if p.Before {
		slices.Reverse(places)
		out.Earlier, out.Later = more, p.From != nil
	}
	out.Entries, err = db.entries(ctx, account, places)
	return out, err
}

// fresh plans a statement for its arguments, every time.
const fresh = pgx.QueryExecModeCacheDescribe

func (db *DB) count(ctx context.Context, where *conditions, out *archive.Result) error {
	args := append([]any{fresh}, where.args...)
	err := db.Pool.QueryRow(ctx, "SELECT count(*) FROM (SELECT FROM search s WHERE "+where.String()+
		" LIMIT "+strconv.Itoa(archive.CountBound+1)+") found", args...).Scan(&out.Total)
	if err != nil {
		return fmt.Errorf("postgres: search: %w", err)
	}
	if out.Total > archive.CountBound {
		out.Total, out.More = archive.CountBound, true
	}
	return nil
}

// place is a row of the table search.
type place struct {
	archive.Cursor
	archived bool
}

// places reads one more than the page holds.
func (db *DB) places(ctx context.Context, where *conditions, p archive.Page) ([]place, error) {
	c := &conditions{sql: slices.Clone(where.sql), args: slices.Clone(where.args)}
	order, sign := "DESC", "<"
	if p.Before {
		order, sign = "ASC", ">"
	}
	if p.From != nil {
		c.add("(s.moment, s.id) "+sign+" (?::timestamptz, ?::uuid)", p.From.Moment, [16]byte(p.From.ID))
	}
	sql := fmt.Sprintf("SELECT s.moment, s.id, s.archived FROM search s WHERE %s ORDER BY s.moment %s, s.id %s LIMIT %d", c, order, order, p.Limit+1)
	rows, err := db.Pool.Query(ctx, sql, append([]any{fresh}, c.args...)...)
	if err != nil {
		return nil, fmt.Errorf("postgres: search: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (l place, err error) {
		err = row.Scan(&l.Moment, (*[16]byte)(&l.ID), &l.archived)
		return l, err
	})
	if err != nil {
		return nil, fmt.Errorf("postgres: search: %w", err)
	}
	return list, nil
}

// entries reads what the places stand for. Both tables are asked for rows of the
// account only, whatever the table search says.
func (db *DB) entries(ctx context.Context, account clickday.AccountID, places []place) ([]archive.Entry, error) {
	var live, old [][16]byte
	for i := range places {
		if places[i].archived {
			old = append(old, places[i].ID)
		} else {
			live = append(live, places[i].ID)
		}
	}
	applications, err := db.applicationsByID(ctx, account, live)
	if err != nil {
		return nil, err
	}
	records, err := db.archivedByID(ctx, account, old)
	if err != nil {
		return nil, err
	}
	out := make([]archive.Entry, 0, len(places))
	for i := range places {
		e := archive.Entry{Cursor: places[i].Cursor, Live: applications[places[i].ID], Old: records[places[i].ID]}
		if e.Live != nil || e.Old != nil { // else it was removed since
			out = append(out, e)
		}
	}
	return out, nil
}

func (db *DB) applicationsByID(ctx context.Context, account clickday.AccountID, ids [][16]byte) (map[clickday.ApplicationID]*accounts.Application, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	rows, err := db.Pool.Query(ctx, "SELECT "+applicationColumns+", "+outcomeColumns+" FROM applications a "+counting+
		" WHERE a.id = ANY ($1) AND a.account_id = $2", ids, account)
	if err != nil {
		return nil, fmt.Errorf("postgres: search: %w", err)
	}
	list, err := pgx.CollectRows(rows, scanApplication)
	if err != nil {
		return nil, fmt.Errorf("postgres: search: %w", err)
	}
	out := make(map[clickday.ApplicationID]*accounts.Application, len(list))
	for i := range list {
		out[list[i].ID] = &list[i]
	}
	return out, nil
}

// LearnModels tells the search where each model asks for the worker's name and
// citizenship, and looks through the applications of those that have changed.
func (db *DB) LearnModels(ctx context.Context, models []*forms.Model) error {
	err := db.InTx(ctx, func(tx pgx.Tx) error {
		for _, m := range models {
			tag, err := tx.Exec(ctx, `INSERT INTO search_models (model, version, worker, nationality) VALUES ($1, $2, $3, $4)
				ON CONFLICT (model, version) DO UPDATE SET worker = excluded.worker, nationality = excluded.nationality
				WHERE search_models.worker <> excluded.worker OR search_models.nationality <> excluded.nationality`,
				m.Code, m.Version, m.Summary.Worker, m.Quota.Nationality)
			if err != nil {
				return err
			}
			if tag.RowsAffected() == 0 || slices.Equal(m.Summary.Worker, defaultWorker) && m.Quota.Nationality == defaultNationality {
				continue
			}
			_, err = tx.Exec(ctx, `UPDATE search s SET nationality = coalesce(a.answers ->> $3, ''),
					words = search_vector(search_answers(a.answers), search_worker(a.answers, $4), '')
				FROM applications a WHERE s.account_id = a.account_id AND s.id = a.id AND a.model = $1 AND a.model_version = $2`,
				m.Code, m.Version, m.Quota.Nationality, m.Summary.Worker)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("postgres: models for the search: %w", err)
	}
	return nil
}

// What the triggers take for granted (migration 00014).
const defaultNationality = "worker_citizenship"

var defaultWorker = []string{"worker_surname", "worker_name"}
