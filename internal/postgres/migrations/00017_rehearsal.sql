-- +goose Up
-- Rehearsals: click days of their own, whose codes begin with PROVA. Their
-- submissions, numbers, ledger and receipts stand where all others stand, made by
-- the same programs; what is sent stands here, and never among the applications.
ALTER TABLE click_days ADD COLUMN rehearsal boolean NOT NULL GENERATED ALWAYS AS (code LIKE 'PROVA%') STORED;

CREATE TABLE rehearsals (
    id           uuid PRIMARY KEY,
    account_id   bigint NOT NULL REFERENCES accounts,
    click_day_id bigint NOT NULL REFERENCES click_days,
    created_at   timestamptz NOT NULL
);
CREATE INDEX rehearsals_account ON rehearsals (account_id, created_at);
CREATE INDEX rehearsals_age ON rehearsals (created_at);

-- One row for each copy of an application, or sample, with an id of its own.
CREATE TABLE rehearsal_applications (
    id            uuid PRIMARY KEY,
    rehearsal_id  uuid NOT NULL REFERENCES rehearsals ON DELETE CASCADE,
    source        uuid,                       -- the application that it is a copy of; null for a sample
    model         text NOT NULL,
    model_version int NOT NULL,
    document      bytea NOT NULL,             -- canonical bytes, seal version 1
    digest        bytea NOT NULL,             -- SHA-256 of document
    sealed_at     timestamptz NOT NULL        -- of the original: rules about dates hold as of then
);
CREATE INDEX rehearsal_applications_run ON rehearsal_applications (rehearsal_id);

-- +goose Down
DROP TABLE rehearsal_applications, rehearsals;
ALTER TABLE click_days DROP COLUMN rehearsal;
