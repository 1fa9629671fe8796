-- +goose Up
-- The public ledger: one tree per click day, with its tiles as they are served (docs/ledger.md).
CREATE TABLE ledgers (
    click_day_id bigint PRIMARY KEY REFERENCES click_days,
    size         bigint NOT NULL DEFAULT 0,    -- leaves; the newest head has the same size
    close_pairs  bigint NOT NULL DEFAULT 0     -- neighbours nearer to each other than their clocks can tell
);

-- A tile grows until it has 256 hashes or entries and never changes what it had.
CREATE TABLE ledger_tiles (
    click_day_id bigint NOT NULL REFERENCES ledgers,
    level        smallint NOT NULL,            -- -1 for entries
    tile         bigint NOT NULL,
    width        smallint NOT NULL CHECK (width BETWEEN 1 AND 256),
    data         bytea NOT NULL,
    PRIMARY KEY (click_day_id, level, tile)
);
ALTER TABLE ledger_tiles ALTER data SET STORAGE EXTERNAL; -- hashes do not compress

-- Every head that was ever signed.
CREATE TABLE ledger_heads (
    click_day_id   bigint NOT NULL REFERENCES ledgers,
    size           bigint NOT NULL,
    root           bytea NOT NULL,
    note           bytea NOT NULL,             -- the signed checkpoint
    signed_at      timestamptz NOT NULL,
    timestamp      bytea,                      -- RFC 3161 token over the SHA-256 of note
    timestamped_at timestamptz,                -- as the token says
    PRIMARY KEY (click_day_id, size)
);
CREATE INDEX ledger_heads_timestamped ON ledger_heads (click_day_id, size DESC) WHERE timestamp IS NOT NULL;

ALTER TABLE click_days ADD COLUMN seed_revealed_at timestamptz; -- tie_seed may be published

-- +goose Down
ALTER TABLE click_days DROP COLUMN seed_revealed_at;
DROP TABLE ledger_heads, ledger_tiles, ledgers;
