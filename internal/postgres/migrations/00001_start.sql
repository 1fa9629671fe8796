-- +goose Up
-- Instants that decide order are bigint nanoseconds since 1970 UTC (the digits of the kernel
-- stamp, which timestamptz would cut to microseconds); everything else is timestamptz.

CREATE TABLE accounts (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind          text NOT NULL CHECK (kind IN ('person', 'company', 'intermediary')),
    email         text NOT NULL,
    password_hash text NOT NULL,               -- argon2id, PHC string
    display_name  text NOT NULL,
    tax_code      text NOT NULL,               -- codice fiscale of the person or company
    created_at    timestamptz NOT NULL
);
CREATE UNIQUE INDEX accounts_email ON accounts (lower(email));

CREATE TABLE web_sessions (
    token_hash bytea PRIMARY KEY,              -- SHA-256 of the cookie's token
    data       bytea NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX web_sessions_expiry ON web_sessions (expires_at);

-- Failed log-ins, for throttling: one row per e-mail tried, known or not.
CREATE TABLE login_throttle (
    email_hash    bytea PRIMARY KEY,           -- SHA-256 of the lower-case address
    failures      int NOT NULL,
    blocked_until timestamptz NOT NULL
);

CREATE TABLE calendars (
    version    bigint PRIMARY KEY,
    signed     bytea NOT NULL,                 -- package wire, calendar
    created_at timestamptz NOT NULL
);

CREATE TABLE click_days (
    id       bigint PRIMARY KEY,
    code     text NOT NULL UNIQUE,
    tie_seed bytea NOT NULL,                   -- secret until the day is over
    last_number bigint NOT NULL DEFAULT 0      -- the gap-free counter
);

CREATE TABLE applications (
    id            uuid PRIMARY KEY,
    account_id    bigint NOT NULL REFERENCES accounts,
    click_day_id  bigint NOT NULL REFERENCES click_days,
    model         text NOT NULL,
    model_version int NOT NULL,
    answers       jsonb NOT NULL DEFAULT '{}', -- field id to text
    state         text NOT NULL CHECK (state IN ('to_complete', 'to_validate', 'ready', 'sealed')),
    revision      bigint NOT NULL DEFAULT 1,   -- grows with every save; guards against lost updates
    seal_version  int NOT NULL DEFAULT 0,      -- of the newest seal, 0 for none
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL
);
CREATE INDEX applications_account ON applications (account_id, updated_at DESC);

CREATE TABLE seals (
    application_id uuid NOT NULL REFERENCES applications,
    version        int NOT NULL,
    document       bytea NOT NULL,             -- canonical bytes
    digest         bytea NOT NULL,             -- SHA-256 of document
    sealed_at      timestamptz NOT NULL,
    superseded_at  timestamptz,                -- re-opened: this version no longer counts
    PRIMARY KEY (application_id, version)
);

CREATE TABLE devices (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES accounts,
    public_key bytea NOT NULL UNIQUE,
    name       text NOT NULL,
    created_at timestamptz NOT NULL,
    revoked_at timestamptz
);

CREATE TABLE authorization_codes (             -- RFC 6749, 7636, 8252
    code_hash      bytea PRIMARY KEY,
    account_id     bigint NOT NULL REFERENCES accounts,
    redirect_uri   text NOT NULL,
    code_challenge text NOT NULL,              -- S256
    expires_at     timestamptz NOT NULL,
    used_at        timestamptz
);

CREATE TABLE access_tokens (
    token_hash bytea PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES accounts,
    device_id  bigint REFERENCES devices,      -- null until the device key is registered
    code_hash  bytea NOT NULL,                 -- a code used twice revokes its tokens
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz
);

-- Intake nodes whose watermarks the order waits for, and how far each journal has been taken.
CREATE TABLE intake_nodes (
    node       int PRIMARY KEY,
    public_key bytea NOT NULL,
    url        text NOT NULL,                  -- where mini-clients send to
    ca_pem     text NOT NULL DEFAULT '',       -- private authority of its certificate, if any
    active     boolean NOT NULL DEFAULT true,
    watermark  bigint NOT NULL DEFAULT 0       -- nothing earlier will come from this node
);

CREATE TABLE journals (
    node       int NOT NULL REFERENCES intake_nodes,
    journal    numeric(20) NOT NULL,           -- uint64
    last_batch bigint NOT NULL,
    chain      bytea NOT NULL,                 -- chain hash of last_batch
    position   text NOT NULL,                  -- entry of the queue that held last_batch
    PRIMARY KEY (node, journal)
);

CREATE TABLE submissions (
    id             bytea PRIMARY KEY,          -- SHA-256 of the envelope
    application_id uuid NOT NULL,              -- as the ticket says; no foreign key: the ticket may lie
    seal_version   int NOT NULL,
    click_day_id   bigint NOT NULL,
    account_id     bigint NOT NULL,
    model          text NOT NULL,
    model_version  int NOT NULL,
    device         bytea NOT NULL,
    digest         bytea NOT NULL,
    envelope       bytea NOT NULL,
    -- the earliest stamp, and the node and record that it comes from
    arrived        bigint NOT NULL,
    source         smallint NOT NULL,
    clock          smallint NOT NULL,
    bound          bigint NOT NULL,
    node           int NOT NULL,
    journal        numeric(20) NOT NULL,
    sequence       numeric(20) NOT NULL,
    state          text NOT NULL CHECK (state IN ('queued', 'sequenced', 'receipted', 'repeated', 'refused')),
    reason         text,                       -- code, when refused
    number         bigint,                     -- when sequenced or receipted
    ingested_at    timestamptz NOT NULL,
    sequenced_at   timestamptz,
    CHECK ((number IS NOT NULL) = (state IN ('sequenced', 'receipted'))),
    CHECK ((reason IS NOT NULL) = (state = 'refused'))
);
CREATE UNIQUE INDEX submissions_number ON submissions (click_day_id, number) WHERE number IS NOT NULL;
CREATE UNIQUE INDEX submissions_one_number ON submissions (application_id) WHERE number IS NOT NULL;
CREATE INDEX submissions_waiting ON submissions (click_day_id, arrived) WHERE state = 'queued';
CREATE INDEX submissions_unreceipted ON submissions (click_day_id, number) WHERE state = 'sequenced';
CREATE INDEX submissions_application ON submissions (application_id);
CREATE INDEX submissions_account ON submissions (account_id);

-- Every durable record, repeats included: the evidence behind the earliest stamp.
CREATE TABLE arrivals (
    node          int NOT NULL,
    journal       numeric(20) NOT NULL,
    sequence      numeric(20) NOT NULL,
    submission_id bytea NOT NULL,
    arrived       bigint NOT NULL,
    late          boolean NOT NULL DEFAULT false, -- came in behind the node's own watermark
    PRIMARY KEY (node, journal, sequence)
);
CREATE INDEX arrivals_submission ON arrivals (submission_id);

CREATE TABLE receipts (
    submission_id bytea PRIMARY KEY REFERENCES submissions,
    pdf           bytea NOT NULL,
    sha256        bytea NOT NULL,
    issued_at     timestamptz NOT NULL
);

-- +goose Down
DROP TABLE receipts, arrivals, submissions, journals, intake_nodes, access_tokens, authorization_codes,
    devices, seals, applications, click_days, calendars, login_throttle, web_sessions, accounts;
