-- +goose Up
-- The application of the asker's account that a question is about.
ALTER TABLE tickets ADD COLUMN application_id uuid REFERENCES applications ON DELETE SET NULL;
CREATE INDEX tickets_application ON tickets (application_id) WHERE application_id IS NOT NULL;

-- +goose Down
ALTER TABLE tickets DROP COLUMN application_id;
