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

-- How long the periphery of the portal rests around an opening, for days that
-- differ from the rule; both 0: never.
CREATE TABLE click_day_rests (
    click_day_id   bigint PRIMARY KEY REFERENCES click_days,
    before_seconds int NOT NULL CHECK (before_seconds BETWEEN 0 AND 86400),
    after_seconds  int NOT NULL CHECK (after_seconds BETWEEN 0 AND 86400)
);

-- +goose Down
DROP TABLE click_day_rests, api_tokens;
