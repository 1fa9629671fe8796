-- +goose Up
-- Personal access tokens: software of the applicant's own speaks with them for an account.
CREATE TABLE api_tokens (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    token_hash   bytea NOT NULL UNIQUE,         -- SHA-256; the token itself is shown once and not kept
    account_id   bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,  -- on whose behalf
    person_id    bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,  -- who made it
    name         text NOT NULL,
    scope        text NOT NULL CHECK (scope IN ('read', 'write')),
    hint         text NOT NULL,                 -- last characters, to tell tokens apart
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    last_used_at timestamptz,                   -- to the hour
    revoked_at   timestamptz
);
CREATE INDEX api_tokens_account ON api_tokens (account_id);
CREATE INDEX api_tokens_person ON api_tokens (person_id);

-- +goose Down
DROP TABLE api_tokens;
