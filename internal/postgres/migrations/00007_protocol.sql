-- +goose Up
-- The protocol numbers of a click day are its register (click_days, submissions). Beside them: the
-- ordinary register of each year, for what has no submission; what was annulled; the emergency
-- register; and the daily registers that were closed. docs/protocol-register.md explains them.
CREATE TABLE protocol_registers (
    code        text PRIMARY KEY,             -- 'PG.2026'; codes of click days have no dot
    last_number bigint NOT NULL DEFAULT 0
);

CREATE TABLE emergency_periods (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    opened_at timestamptz NOT NULL,
    opened_by text NOT NULL,
    reason    text NOT NULL,
    closed_at timestamptz,
    closed_by text
);
CREATE UNIQUE INDEX emergency_one_open ON emergency_periods ((true)) WHERE closed_at IS NULL;

CREATE TABLE emergency_entries (
    register    text NOT NULL,                -- 'RE.2026'; numbers go on over all periods of a year
    number      bigint NOT NULL,
    period      bigint NOT NULL REFERENCES emergency_periods,
    received_at timestamptz NOT NULL,
    sender      text NOT NULL,
    subject     text NOT NULL,
    digest      bytea,                        -- SHA-256 of the document, if there is one
    operator    text NOT NULL,
    entered_at  timestamptz NOT NULL,
    key         bytea NOT NULL,               -- of its content: an import that is repeated adds nothing
    PRIMARY KEY (register, number),
    UNIQUE (period, key)
);

CREATE TABLE protocol_entries (
    register         text NOT NULL REFERENCES protocol_registers,
    number           bigint NOT NULL,
    received_at      timestamptz NOT NULL,
    registered_at    timestamptz NOT NULL,
    sender           text NOT NULL,
    subject          text NOT NULL,
    digest           bytea,
    emergency        text,
    emergency_number bigint,
    PRIMARY KEY (register, number),
    UNIQUE (emergency, emergency_number),
    FOREIGN KEY (emergency, emergency_number) REFERENCES emergency_entries
);

CREATE TABLE annulments (
    register    text NOT NULL,                -- code of a click day or of an ordinary register
    number      bigint NOT NULL,
    reason      text NOT NULL,
    operator    text NOT NULL,
    annulled_at timestamptz NOT NULL,
    PRIMARY KEY (register, number)
);

CREATE TABLE daily_registers (
    day       date PRIMARY KEY,
    closed_at timestamptz NOT NULL,
    entries   bigint NOT NULL,
    sha256    bytea NOT NULL,                 -- of the CSV
    previous  bytea NOT NULL                  -- sha256 of the one before; empty for the first
);
CREATE TABLE daily_register_spans (
    day      date NOT NULL REFERENCES daily_registers,
    register text NOT NULL,
    first    bigint NOT NULL,
    last     bigint NOT NULL,
    PRIMARY KEY (day, register)
);
CREATE TABLE daily_register_files (
    day     date NOT NULL REFERENCES daily_registers,
    name    text NOT NULL,
    content bytea NOT NULL,
    sha256  bytea NOT NULL,
    PRIMARY KEY (day, name)
);

CREATE TABLE segnature (
    submission_id bytea PRIMARY KEY REFERENCES submissions,
    xml           bytea NOT NULL,
    made_at       timestamptz NOT NULL
);

-- What is registered is never changed (DPR 445/2000, art. 53 and 54).
-- +goose StatementBegin
CREATE FUNCTION registered_for_good() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never changed', TG_TABLE_NAME;
END $$;
-- +goose StatementEnd
CREATE TRIGGER for_good BEFORE UPDATE OR DELETE OR TRUNCATE ON protocol_entries FOR EACH STATEMENT EXECUTE FUNCTION registered_for_good();
CREATE TRIGGER for_good BEFORE UPDATE OR DELETE OR TRUNCATE ON emergency_entries FOR EACH STATEMENT EXECUTE FUNCTION registered_for_good();
CREATE TRIGGER for_good BEFORE UPDATE OR DELETE OR TRUNCATE ON annulments FOR EACH STATEMENT EXECUTE FUNCTION registered_for_good();
CREATE TRIGGER for_good BEFORE UPDATE OR DELETE OR TRUNCATE ON daily_registers FOR EACH STATEMENT EXECUTE FUNCTION registered_for_good();
CREATE TRIGGER for_good BEFORE UPDATE OR DELETE OR TRUNCATE ON daily_register_spans FOR EACH STATEMENT EXECUTE FUNCTION registered_for_good();
CREATE TRIGGER for_good BEFORE UPDATE OR DELETE OR TRUNCATE ON daily_register_files FOR EACH STATEMENT EXECUTE FUNCTION registered_for_good();
CREATE TRIGGER for_good BEFORE UPDATE OR DELETE OR TRUNCATE ON segnature FOR EACH STATEMENT EXECUTE FUNCTION registered_for_good();

-- +goose Down
DROP TABLE segnature, daily_register_files, daily_register_spans, daily_registers, annulments, protocol_entries,
    emergency_entries, emergency_periods, protocol_registers;
DROP FUNCTION registered_for_good();
