-- +goose Up
-- Every key that an intake node has had: what it signed goes on being checked
-- when the node has another key, or has been retired.
CREATE TABLE node_keys (
    node       int NOT NULL,
    public_key bytea NOT NULL,
    PRIMARY KEY (node, public_key)
);
INSERT INTO node_keys SELECT node, public_key FROM intake_nodes;

-- +goose StatementBegin
CREATE FUNCTION keep_node_key() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO node_keys VALUES (NEW.node, NEW.public_key) ON CONFLICT DO NOTHING;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER keep_node_key AFTER INSERT OR UPDATE OF public_key ON intake_nodes
    FOR EACH ROW EXECUTE FUNCTION keep_node_key();

-- +goose Down
DROP TRIGGER keep_node_key ON intake_nodes;
DROP FUNCTION keep_node_key;
DROP TABLE node_keys;
