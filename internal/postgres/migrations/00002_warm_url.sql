-- +goose Up
-- Second address of a node, where mini-clients show their ticket first; '' for none.
ALTER TABLE intake_nodes ADD COLUMN warm_url text NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE intake_nodes DROP COLUMN warm_url;
