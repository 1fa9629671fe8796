-- +goose Up
-- Companies and intermediaries are accounts without a password: persons act for them.
CREATE UNIQUE INDEX accounts_organisation ON accounts (kind, tax_code) WHERE kind <> 'person' AND password_hash = '' AND closed_at IS NULL;

CREATE TABLE organisations (
    account_id       bigint PRIMARY KEY REFERENCES accounts,
    form             text NOT NULL,                -- legal form, a key of package parties
    vat              text NOT NULL,                -- partita IVA, empty where there is none
    street           text NOT NULL,
    place            text NOT NULL,                -- cadastral code of the comune of the seat
    postcode         text NOT NULL,
    pec              text NOT NULL,                -- certified e-mail
    chamber_province text NOT NULL,                -- with the number: the entry at the chamber of commerce (REA)
    chamber_number   text NOT NULL,
    inps             text NOT NULL,                -- number as an employer
    legal_name       text NOT NULL,                -- the legal representative
    legal_tax_code   text NOT NULL,
    trade            text CHECK (trade IN ('association', 'patronato', 'professional')), -- of an intermediary; null: a company
    register_entry   text NOT NULL,                -- of an intermediary: decree, or register and number
    state            text NOT NULL CHECK (state IN ('active', 'pending', 'approved', 'refused')),
    reason           text NOT NULL DEFAULT '',     -- of a refusal
    decided_by       bigint,                       -- member of staff
    decided_at       timestamptz,
    revision         bigint NOT NULL DEFAULT 1,    -- grows with every save; guards against lost updates
    created_by       bigint NOT NULL REFERENCES accounts,
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL,
    CHECK ((trade IS NULL) = (state = 'active'))
);
CREATE INDEX organisations_pending ON organisations (created_at) WHERE state = 'pending';

-- Who may act for whom. A delegation with a parent is a sub-delegation: it holds only while its parent does.
CREATE TABLE delegations (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id   bigint NOT NULL REFERENCES accounts,   -- on whose behalf
    delegate_id  bigint REFERENCES accounts,            -- a person; null until the invitation is accepted
    parent_id    bigint REFERENCES delegations,         -- null: given by the account itself or an owner
    role         text NOT NULL CHECK (role IN ('owner', 'manager', 'operator')),
    may_delegate boolean NOT NULL,
    valid_from   timestamptz NOT NULL,
    valid_until  timestamptz,                           -- null: until it is revoked
    email        text NOT NULL,                         -- that was invited
    token_hash   bytea UNIQUE,                          -- SHA-256 of the link; null once it is settled
    invite_ends  timestamptz,
    granted_by   bigint NOT NULL REFERENCES accounts,   -- a person
    granted_at   timestamptz NOT NULL,
    accepted_at  timestamptz,
    revoked_at   timestamptz,                           -- or declined
    revoked_by   bigint,
    CHECK ((accepted_at IS NULL) OR (delegate_id IS NOT NULL)),
    CHECK (valid_until IS NULL OR valid_from < valid_until)
);
CREATE INDEX delegations_account ON delegations (account_id);
CREATE INDEX delegations_delegate ON delegations (delegate_id) WHERE revoked_at IS NULL;
CREATE INDEX delegations_parent ON delegations (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX delegations_email ON delegations (lower(email)) WHERE accepted_at IS NULL AND revoked_at IS NULL;

-- Whether a delegation and everything it rests on hold at an instant.
-- +goose StatementBegin
CREATE FUNCTION delegation_holds(delegation bigint, at timestamptz) RETURNS boolean LANGUAGE sql STABLE AS $$
    WITH RECURSIVE chain AS (
        SELECT d.*, 0 AS depth FROM delegations d WHERE d.id = delegation
        UNION ALL
        SELECT p.*, c.depth + 1 FROM chain c JOIN delegations p ON p.id = c.parent_id AND p.account_id = c.account_id WHERE c.depth < 8
    )
    SELECT coalesce(bool_and(accepted_at IS NOT NULL AND revoked_at IS NULL AND valid_from <= at
            AND (valid_until IS NULL OR at < valid_until) AND (depth = 0 OR may_delegate))
        AND bool_or(parent_id IS NULL), false) FROM chain
$$;
-- +goose StatementEnd

-- The role in which a person may act for an account at an instant: everybody is the owner of their
-- own account; null for strangers and for accounts that were closed.
-- +goose StatementBegin
CREATE FUNCTION acting_role(person bigint, account bigint, at timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN person = account THEN 'owner' ELSE (
        SELECT d.role FROM delegations d JOIN accounts a ON a.id = d.account_id JOIN accounts p ON p.id = d.delegate_id
        WHERE d.account_id = account AND d.delegate_id = person AND d.revoked_at IS NULL AND a.closed_at IS NULL AND p.closed_at IS NULL
            AND delegation_holds(d.id, at)
        ORDER BY CASE d.role WHEN 'owner' THEN 0 WHEN 'manager' THEN 1 ELSE 2 END LIMIT 1) END
$$;
-- +goose StatementEnd

-- For whom intermediaries may file. The employer need not have an account.
CREATE TABLE mandates (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    intermediary_id bigint NOT NULL REFERENCES accounts,
    employer_name   text NOT NULL,
    employer_code   text NOT NULL,                 -- tax code, without omocodia
    employer_id     bigint REFERENCES accounts,    -- who granted or refused it, if it was done here
    click_day_id    bigint REFERENCES click_days,  -- null: all
    valid_from      timestamptz NOT NULL,
    valid_until     timestamptz,                   -- null: until it is revoked
    state           text NOT NULL CHECK (state IN ('asked', 'granted', 'declared', 'refused', 'revoked')),
    created_by      bigint NOT NULL REFERENCES accounts, -- a person, of either side
    created_at      timestamptz NOT NULL,
    decided_by      bigint REFERENCES accounts,
    decided_at      timestamptz,
    revoked_by      bigint REFERENCES accounts,
    revoked_at      timestamptz,
    CHECK (valid_until IS NULL OR valid_from < valid_until),
    CHECK ((revoked_at IS NOT NULL) = (state = 'revoked'))
);
CREATE INDEX mandates_intermediary ON mandates (intermediary_id, employer_code);
CREATE INDEX mandates_employer ON mandates (employer_code);

CREATE TABLE mandate_documents (
    mandate_id  bigint PRIMARY KEY REFERENCES mandates,
    name        text NOT NULL,
    media_type  text NOT NULL CHECK (media_type IN ('application/pdf', 'image/jpeg', 'image/png')),
    content     bytea NOT NULL,
    sha256      bytea NOT NULL,
    uploaded_by bigint NOT NULL REFERENCES accounts,
    uploaded_at timestamptz NOT NULL
);

ALTER TABLE seals ADD COLUMN mandate_id bigint REFERENCES mandates; -- on which an intermediary's seal rests
CREATE INDEX seals_mandate ON seals (mandate_id) WHERE mandate_id IS NOT NULL AND superseded_at IS NULL;

-- Which person has consented to a computer; null for those paired before there were delegations.
ALTER TABLE authorization_codes ADD COLUMN person_id bigint REFERENCES accounts;
ALTER TABLE access_tokens ADD COLUMN person_id bigint REFERENCES accounts;

-- +goose Down
ALTER TABLE access_tokens DROP COLUMN person_id;
ALTER TABLE authorization_codes DROP COLUMN person_id;
ALTER TABLE seals DROP COLUMN mandate_id;
DROP TABLE mandate_documents, mandates;
DROP FUNCTION acting_role;
DROP FUNCTION delegation_holds;
DROP TABLE delegations, organisations;
DROP INDEX accounts_organisation;
