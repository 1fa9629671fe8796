-- +goose Up
-- Of a click day: how fine its order is, and the rank of the last leaf that came
-- in order (bucket of its arrival, then tie): what ranks lower comes late.
ALTER TABLE click_days
    ADD COLUMN granularity bigint NOT NULL DEFAULT 1000,   -- ns
    ADD COLUMN last_rank bigint,                           -- bucket, ns since 1970
    ADD COLUMN last_tie bytea,
    ADD COLUMN last_node int,                              -- of that leaf, and its
    ADD COLUMN last_bound bigint;                          -- clock's bound, for the next pair too close to call

-- Applications that an account may have numbered on one click day; null for no limit.
CREATE TABLE account_limits (
    kind    text PRIMARY KEY CHECK (kind IN ('person', 'company', 'intermediary')),
    per_day int CHECK (per_day >= 0)
);
INSERT INTO account_limits VALUES ('person', 3), ('company', NULL), ('intermediary', NULL);
ALTER TABLE accounts ADD COLUMN per_day int CHECK (per_day >= 0); -- instead of its kind's

-- A submission is undecided until it has its place in the ledger. The envelope
-- stays with the arrival that brought it, where nothing is ever changed.
ALTER TABLE submissions ADD COLUMN ledger_index bigint, DROP COLUMN envelope;
ALTER TABLE arrivals ADD COLUMN envelope bytea NOT NULL;
DROP INDEX submissions_waiting;
CREATE INDEX submissions_undecided ON submissions (click_day_id, arrived) WHERE ledger_index IS NULL;

-- The account's numbers of one day are counted for its limit.
DROP INDEX submissions_account;
CREATE INDEX submissions_account ON submissions (account_id, click_day_id);

-- Passport of the worker, as the sealed document gives it: one that stands in
-- several applications of a day is shown to the back office. No index: the hot
-- path would pay for what a few people look at afterwards.
ALTER TABLE submissions ADD COLUMN passport text;

-- +goose Down
DROP INDEX submissions_account;
CREATE INDEX submissions_account ON submissions (account_id);
DROP INDEX submissions_undecided;
CREATE INDEX submissions_waiting ON submissions (click_day_id, arrived) WHERE state = 'queued';
ALTER TABLE arrivals DROP COLUMN envelope;
ALTER TABLE submissions DROP COLUMN ledger_index, DROP COLUMN passport, ADD COLUMN envelope bytea NOT NULL DEFAULT '';
ALTER TABLE accounts DROP COLUMN per_day;
DROP TABLE account_limits;
ALTER TABLE click_days DROP COLUMN granularity, DROP COLUMN last_rank, DROP COLUMN last_tie, DROP COLUMN last_node,
    DROP COLUMN last_bound;
