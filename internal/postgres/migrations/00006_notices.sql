-- +goose Up
-- One row per receipt, written by the transaction that stores the receipt: the promise of one
-- e-mail. Its own jobs (river_*, made by package rivermigrate) come later and in small numbers.
CREATE TABLE notices (
    submission_id bytea PRIMARY KEY,              -- no foreign key: a look-up per receipt for nothing
    created_at    timestamptz NOT NULL,
    state         text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'handed', 'sent', 'failed', 'expired')),
    attempts      int NOT NULL DEFAULT 0,         -- begun, those left aside that never reached the mail server
    under_way     boolean NOT NULL DEFAULT false, -- an attempt has begun; true after a crash: its outcome is not known
    unknown       int NOT NULL DEFAULT 0,         -- attempts that may have been delivered, but were not confirmed
    tried_at      timestamptz,                    -- when the last attempt began
    ended_at      timestamptz,                    -- when the state became final
    result        text NOT NULL DEFAULT '',       -- what the mail server said last, for the help desk
    CHECK ((ended_at IS NOT NULL) = (state IN ('sent', 'failed', 'expired')))
);
CREATE INDEX notices_waiting ON notices (created_at) WHERE state = 'waiting';
CREATE INDEX notices_failed ON notices (ended_at) WHERE state IN ('failed', 'expired');

-- +goose Down
DROP TABLE notices;
