-- +goose Up
-- E-mails to one person, written by the transaction that they tell of; package noticejobs makes
-- jobs of them. The text is there only until its fate is known: it may hold a link that opens something.
CREATE TABLE letters (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key        text NOT NULL UNIQUE,              -- who writes the same letter again writes nothing
    recipient  text NOT NULL,                     -- e-mail address
    name       text NOT NULL,
    lang       text NOT NULL CHECK (lang IN ('it', 'en')),
    subject    text NOT NULL,
    text       text NOT NULL,
    not_after  timestamptz,                       -- worth nothing any more; null: the courier's own limit
    created_at timestamptz NOT NULL DEFAULT now(),
    state      text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'handed', 'sent', 'failed', 'expired')),
    attempts   int NOT NULL DEFAULT 0,
    under_way  boolean NOT NULL DEFAULT false,
    unknown    int NOT NULL DEFAULT 0,
    tried_at   timestamptz,
    ended_at   timestamptz,
    result     text NOT NULL DEFAULT '',
    CHECK ((ended_at IS NOT NULL) = (state IN ('sent', 'failed', 'expired'))),
    CHECK (ended_at IS NULL OR text = '')
);
CREATE INDEX letters_waiting ON letters (id) WHERE state = 'waiting';
CREATE INDEX letters_ended ON letters (ended_at) WHERE ended_at IS NOT NULL;

-- An empty password hash: nobody can log in (an organisation, a closed account).
DROP INDEX accounts_email;
CREATE UNIQUE INDEX accounts_email ON accounts (lower(email)) WHERE password_hash <> '';
ALTER TABLE accounts
    ADD COLUMN lang      text NOT NULL DEFAULT 'it' CHECK (lang IN ('it', 'en')), -- of letters
    ADD COLUMN closed_at timestamptz;             -- by its owner; what law wants kept is still there

CREATE TABLE persons (                            -- personal data of an account
    account_id   bigint PRIMARY KEY REFERENCES accounts ON DELETE CASCADE,
    surname      text NOT NULL,
    name         text NOT NULL,
    sex          text NOT NULL CHECK (sex IN ('M', 'F')),
    birth_date   date NOT NULL,
    birth_place  text NOT NULL,                   -- cadastral code, of a comune or a state
    home_place   text NOT NULL,                   -- the same, of the residence
    home_address text NOT NULL,
    home_cap     text NOT NULL,                   -- empty abroad
    phone        text NOT NULL,
    pec          text NOT NULL,                   -- certified e-mail, may be empty
    updated_at   timestamptz NOT NULL
);

CREATE TABLE acceptances (                        -- of conditions and privacy notice
    account_id  bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    document    text NOT NULL CHECK (document IN ('conditions', 'privacy')),
    version     text NOT NULL,
    accepted_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, document, version)
);

CREATE TABLE registrations (                      -- begun, not yet confirmed; no account yet
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email         text NOT NULL,
    password_hash text NOT NULL,
    person        jsonb NOT NULL,
    tax_code      text NOT NULL,
    lang          text NOT NULL,
    conditions    text NOT NULL,                  -- versions that were accepted
    privacy       text NOT NULL,
    begun_at      timestamptz NOT NULL
);
CREATE INDEX registrations_email ON registrations (lower(email));
CREATE INDEX registrations_age ON registrations (begun_at);

CREATE TABLE mail_links (                         -- what a link in an e-mail opens, once
    token_hash      bytea PRIMARY KEY,            -- SHA-256
    purpose         text NOT NULL CHECK (purpose IN ('register', 'reset', 'email', 'undo')),
    registration_id bigint REFERENCES registrations ON DELETE CASCADE,
    account_id      bigint REFERENCES accounts ON DELETE CASCADE,
    email           text NOT NULL DEFAULT '',     -- the new address, or the one to go back to
    created_at      timestamptz NOT NULL,
    expires_at      timestamptz NOT NULL,
    used_at         timestamptz,
    CHECK ((purpose = 'register') = (account_id IS NULL))
);
CREATE INDEX mail_links_account ON mail_links (account_id);
CREATE INDEX mail_links_registration ON mail_links (registration_id);
CREATE INDEX mail_links_expiry ON mail_links (expires_at);

CREATE TABLE second_factors (                     -- TOTP, RFC 6238
    account_id   bigint PRIMARY KEY REFERENCES accounts ON DELETE CASCADE,
    secret       bytea NOT NULL,                  -- encrypted, see package accounts
    last_step    bigint NOT NULL DEFAULT 0,       -- a code counts once
    created_at   timestamptz NOT NULL,
    confirmed_at timestamptz                      -- asked for at log-in from then on
);

CREATE TABLE recovery_codes (
    account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    code_hash  bytea NOT NULL,                    -- SHA-256 of 80 random bits
    used_at    timestamptz,
    PRIMARY KEY (account_id, code_hash)
);

-- A log-in is what a web session speaks for: ended here, it is over at once, whatever the session says.
CREATE TABLE logins (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    device     text NOT NULL,                     -- browser and system, in words
    begun_at   timestamptz NOT NULL,
    seen_at    timestamptz NOT NULL,
    ended_at   timestamptz
);
CREATE INDEX logins_account ON logins (account_id, seen_at DESC) WHERE ended_at IS NULL;
CREATE INDEX logins_age ON logins (seen_at);

-- +goose Down
DROP TABLE logins, recovery_codes, second_factors, mail_links, registrations, acceptances, persons, letters;
ALTER TABLE accounts DROP COLUMN lang, DROP COLUMN closed_at;
DROP INDEX accounts_email;
CREATE UNIQUE INDEX accounts_email ON accounts (lower(email));
