-- +goose Up
-- What is published stays as it was published: quotas and lists are never
-- changed, a correction is a new version.

-- +goose StatementBegin
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is published and does not change: publish a new version', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$;
-- +goose StatementEnd

-- The places of a click day and the rule by which they are given.
CREATE TABLE quota_versions (
    click_day_id bigint NOT NULL REFERENCES click_days,
    version      int NOT NULL CHECK (version > 0),
    rule         text NOT NULL,                -- package quota, Rule
    quotas       bytea NOT NULL,               -- CSV, as Table.CSV writes it
    nations      bytea NOT NULL,               -- CSV, as Nations.CSV writes it
    document     bytea NOT NULL,               -- the published basis of the allocation
    reason       text NOT NULL,                -- of a change after the opening; else ''
    operator     text NOT NULL,
    published_at timestamptz NOT NULL,
    PRIMARY KEY (click_day_id, version)
);

CREATE TABLE lists (
    click_day_id  bigint NOT NULL REFERENCES click_days,
    version       int NOT NULL CHECK (version > 0),
    kind          text NOT NULL CHECK (kind IN ('provisional', 'final')),
    ledger_size   bigint NOT NULL,             -- leaves in the list
    quota_version int,                         -- null: the day has no quotas
    rule          text NOT NULL,
    seed_revealed boolean NOT NULL,
    summary       jsonb NOT NULL,              -- package lists, Summary
    reason        text NOT NULL,               -- of a correction; else ''
    operator      text NOT NULL,
    published_at  timestamptz NOT NULL,
    PRIMARY KEY (click_day_id, version),
    FOREIGN KEY (click_day_id, quota_version) REFERENCES quota_versions
);

CREATE TABLE list_files (
    click_day_id bigint NOT NULL,
    version      int NOT NULL,
    name         text NOT NULL,
    media        text NOT NULL,
    size         bigint NOT NULL,              -- bytes
    sha256       bytea NOT NULL,
    PRIMARY KEY (click_day_id, version, name),
    FOREIGN KEY (click_day_id, version) REFERENCES lists
);

CREATE TABLE list_chunks (
    click_day_id bigint NOT NULL,
    version      int NOT NULL,
    name         text NOT NULL,
    chunk        int NOT NULL,                 -- from 0
    data         bytea NOT NULL,
    PRIMARY KEY (click_day_id, version, name, chunk),
    FOREIGN KEY (click_day_id, version, name) REFERENCES list_files DEFERRABLE INITIALLY DEFERRED
);
ALTER TABLE list_chunks ALTER data SET STORAGE EXTERNAL; -- digits of hashes do not compress

-- What a list gave to each numbered submission. Without a foreign key: they are
-- written in the transaction of their list, and neither ever changes.
CREATE TABLE placements (
    click_day_id  bigint NOT NULL,
    version       int NOT NULL,
    submission_id bytea NOT NULL,
    quota_group   text NOT NULL,
    decided       boolean NOT NULL,            -- false: a draw that cannot be made yet
    admitted      boolean NOT NULL,
    rank          bigint NOT NULL,             -- in the order of the group, from 1; 0 while not decided
    round         int NOT NULL,                -- 0, or the round of reallocation that admitted it
    source        text NOT NULL,               -- group whose places it got, '' when not admitted
    PRIMARY KEY (submission_id, click_day_id, version)
);

CREATE TRIGGER quota_versions_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON quota_versions FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER lists_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON lists FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER list_files_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON list_files FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER list_chunks_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON list_chunks FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER placements_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON placements FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- +goose Down
DROP TABLE placements, list_chunks, list_files, lists, quota_versions;
DROP FUNCTION refuse_change;
