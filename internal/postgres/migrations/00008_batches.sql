-- +goose Up
-- Every group commit that was taken, without its records: what it takes to give
-- each record its acknowledgement again, which goes into the receipt.
CREATE TABLE batches (
    node      int NOT NULL,
    journal   numeric(20) NOT NULL,
    first     numeric(20) NOT NULL,            -- sequence of the first record
    batch     numeric(20) NOT NULL,
    prev      bytea NOT NULL,                  -- chain hash of the batch before
    key_id    bigint NOT NULL,
    signature bytea NOT NULL,
    leaves    bytea NOT NULL,                  -- hashes of the records' leaves, 32 bytes each
    PRIMARY KEY (node, journal, first)
);
ALTER TABLE batches ALTER leaves SET STORAGE EXTERNAL; -- hashes do not compress

-- Receipts are compressed inside already. Every submission that gets one is
-- updated by the same transaction, so a foreign key would look it up for nothing.
ALTER TABLE receipts ALTER pdf SET STORAGE EXTERNAL;
ALTER TABLE receipts DROP CONSTRAINT receipts_submission_id_fkey;

-- A receipt may be issued again, under the same number: after a change of the seal,
-- say. What it was stays below.
ALTER TABLE receipts
    ADD COLUMN edition int NOT NULL DEFAULT 1,
    ADD COLUMN first_issued_at timestamptz,    -- of edition 1, when this is a later one
    ADD COLUMN renew text;                     -- why it is to be issued again; null otherwise
CREATE INDEX receipts_renew ON receipts (submission_id) WHERE renew IS NOT NULL;

CREATE TABLE receipt_history (
    submission_id bytea NOT NULL,
    edition       int NOT NULL,
    pdf           bytea NOT NULL,
    sha256        bytea NOT NULL,
    issued_at     timestamptz NOT NULL,
    replaced_at   timestamptz NOT NULL,
    reason        text NOT NULL,               -- why it was replaced
    PRIMARY KEY (submission_id, edition)
);
ALTER TABLE receipt_history ALTER pdf SET STORAGE EXTERNAL;

-- +goose Down
DROP TABLE receipt_history;
DROP INDEX receipts_renew;
ALTER TABLE receipts DROP COLUMN edition, DROP COLUMN first_issued_at, DROP COLUMN renew,
    ADD CONSTRAINT receipts_submission_id_fkey FOREIGN KEY (submission_id) REFERENCES submissions;
DROP TABLE batches;
