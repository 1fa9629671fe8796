-- +goose Up
CREATE TABLE retention_runs (
    id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at   timestamptz NOT NULL,
    rule text NOT NULL,
    rows bigint NOT NULL                       -- that were removed or emptied
);

-- +goose Down
DROP TABLE retention_runs;
