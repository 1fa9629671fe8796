-- +goose Up
CREATE TABLE staff_roles (
    account_id bigint NOT NULL REFERENCES accounts,
    role       text NOT NULL CHECK (role IN ('helpdesk', 'admin', 'auditor')),
    granted_at timestamptz NOT NULL,
    granted_by text NOT NULL,                  -- the operator's name, as the command was told
    PRIMARY KEY (account_id, role)
);

-- Every look of staff at what belongs to an applicant. Rows are only ever added.
CREATE TABLE audit_log (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         timestamptz NOT NULL,
    staff_id   bigint NOT NULL,                -- no foreign key: the entry outlives both accounts
    action     text NOT NULL,
    subject    text NOT NULL,                  -- an id, never a name
    account_id bigint                          -- whose it is
);
CREATE INDEX audit_log_at ON audit_log (at DESC, id DESC);
CREATE INDEX audit_log_account ON audit_log (account_id, id DESC) WHERE account_id IS NOT NULL;

-- +goose Down
DROP TABLE audit_log, staff_roles;
