-- +goose Up
CREATE TABLE place_changes (
    code          text PRIMARY KEY,            -- cadastral (Belfiore)
    name          text NOT NULL,
    english       text NOT NULL,
    province      text NOT NULL,
    province_name text NOT NULL,
    iso           text NOT NULL,
    valid_from    date NOT NULL,
    valid_to      date,
    import_id     bigint NOT NULL
);
CREATE TABLE place_imports (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at       timestamptz NOT NULL,
    operator text NOT NULL,
    sha256   bytea NOT NULL,                   -- of the file
    rows     int NOT NULL
);

-- +goose Down
DROP TABLE place_imports, place_changes;
