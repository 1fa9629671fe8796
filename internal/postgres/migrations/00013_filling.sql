-- +goose Up
-- Files that go with an application. They are no part of the sealed document, which has to fit one
-- packet; the seal keeps their digests.
CREATE TABLE attachments (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    application_id uuid NOT NULL REFERENCES applications ON DELETE CASCADE,
    kind           text NOT NULL,              -- of the model
    name           text NOT NULL,
    media_type     text NOT NULL CHECK (media_type IN ('application/pdf', 'image/jpeg', 'image/png')),
    sha256         bytea NOT NULL,
    size           int NOT NULL,
    content        bytea NOT NULL,
    uploaded_at    timestamptz NOT NULL,
    UNIQUE (application_id, sha256)            -- the same file twice is one file
);
ALTER TABLE attachments ALTER content SET STORAGE EXTERNAL; -- PDF and pictures are compressed inside

-- What lay beside the document when it was sealed: one line per file, "sha256 kind size name", by
-- time; empty for none, null for seals from before there were attachments.
ALTER TABLE seals ADD COLUMN attachments text;

-- CSV files of applications. The same file, day and model again is the same upload: it makes its
-- drafts once. The content is there to be applied and reported on, then expires.
CREATE TABLE uploads (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id    bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    click_day_id  bigint NOT NULL REFERENCES click_days,
    model         text NOT NULL,
    model_version int NOT NULL,
    name          text NOT NULL,               -- of the file
    sha256        bytea NOT NULL,
    content       bytea,                       -- null once expired
    uploaded_at   timestamptz NOT NULL,
    applied_at    timestamptz,                 -- its drafts are there
    taken         int NOT NULL DEFAULT 0,      -- drafts made
    refused       int NOT NULL DEFAULT 0,      -- rows not taken
    UNIQUE (account_id, click_day_id, model, sha256)
);
CREATE INDEX uploads_age ON uploads (uploaded_at) WHERE content IS NOT NULL;

-- Lists of what is ready, day by day.
CREATE INDEX applications_day ON applications (account_id, click_day_id, state);

-- +goose Down
DROP INDEX applications_day;
DROP TABLE uploads, attachments;
ALTER TABLE seals DROP COLUMN attachments;
