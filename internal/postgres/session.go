package postgres

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"puntuale/internal/clock"
)

// Sessions keeps web sessions by the SHA-256 of their token, so that the table
// alone lets nobody in. It implements scs.Store and scs.CtxStore.
type Sessions struct {
	db    *DB
	clock clock.Clock
}

// NewSessions returns the store of web sessions.
func NewSessions(db *DB, c clock.Clock) *Sessions { return &Sessions{db: db, clock: c} }

// FindCtx returns the data of a session; false when there is none or it is over.
func (s *Sessions) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	sum := sha256.Sum256([]byte(token))
	var data []byte
	err := s.db.Pool.QueryRow(ctx, "SELECT data FROM web_sessions WHERE token_hash = $1 AND expires_at > $2",
		sum[:], s.clock.Now()).Scan(&data)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("postgres: find session: %w", err)
	}
	return data, true, nil
}

// sessionSlack is by how much the end of a session may lie behind: every request
// moves it, and not every request is worth a write.
const sessionSlack = time.Minute

// CommitCtx stores or replaces a session. One that is there as it is, up to
// sessionSlack, costs a look and no write.
func (s *Sessions) CommitCtx(ctx context.Context, token string, data []byte, expiry time.Time) error {
	sum := sha256.Sum256([]byte(token))
	_, err := s.db.Pool.Exec(ctx, `INSERT INTO web_sessions (token_hash, data, expires_at) SELECT $1, $2, $3
		WHERE NOT EXISTS (SELECT FROM web_sessions WHERE token_hash = $1 AND data = $2 AND expires_at BETWEEN $4 AND $3)
		ON CONFLICT (token_hash) DO UPDATE SET data = excluded.data, expires_at = excluded.expires_at`,
		sum[:], data, expiry, expiry.Add(-sessionSlack))
	if err != nil {
		return fmt.Errorf("postgres: store session: %w", err)
	}
	return nil
}

// DeleteCtx ends a session; one that is not there is no error.
func (s *Sessions) DeleteCtx(ctx context.Context, token string) error {
	sum := sha256.Sum256([]byte(token))
	if _, err := s.db.Pool.Exec(ctx, "DELETE FROM web_sessions WHERE token_hash = $1", sum[:]); err != nil {
		return fmt.Errorf("postgres: end session: %w", err)
	}
	return nil
}

// Find is FindCtx without a context, which scs.Store asks for.
func (s *Sessions) Find(token string) ([]byte, bool, error) {
	return s.FindCtx(context.Background(), token)
}

// Commit is CommitCtx without a context.
func (s *Sessions) Commit(token string, data []byte, expiry time.Time) error {
	return s.CommitCtx(context.Background(), token, data, expiry)
}

// Delete is DeleteCtx without a context.
func (s *Sessions) Delete(token string) error { return s.DeleteCtx(context.Background(), token) }

// DeleteExpired removes sessions and authorization codes that are over, access
// tokens and log-ins a day later, registrations that nobody has confirmed and
// links after a week, and what was known of letters after a month; it returns how
// many rows went.
func (s *Sessions) DeleteExpired(ctx context.Context) (int64, error) {
	now := s.clock.Now()
	var gone int64
	for _, q := range []string{
		"DELETE FROM web_sessions WHERE expires_at <= $1",
		"DELETE FROM authorization_codes WHERE expires_at <= $1::timestamptz - interval '1 day'",
		"DELETE FROM access_tokens WHERE expires_at <= $1::timestamptz - interval '1 day'",
		"DELETE FROM logins WHERE seen_at <= $1::timestamptz - interval '1 day'",
		"DELETE FROM registrations WHERE begun_at <= $1::timestamptz - interval '7 days'", // with their links
		"DELETE FROM mail_links WHERE expires_at <= $1::timestamptz - interval '7 days'",
		"DELETE FROM login_throttle WHERE blocked_until <= $1::timestamptz - interval '2 days'",
		"DELETE FROM letters WHERE ended_at <= $1::timestamptz - interval '30 days'",
	} {
		tag, err := s.db.Pool.Exec(ctx, q, now)
		if err != nil {
			return gone, fmt.Errorf("postgres: remove expired sessions: %w", err)
		}
		gone += tag.RowsAffected()
	}
	return gone, nil
}
