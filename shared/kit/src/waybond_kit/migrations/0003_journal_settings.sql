-- migrate:up

-- Up to when the settings that a service's decide looks at were known to it; null where it looks at none.
ALTER TABLE journal ADD COLUMN complete_until timestamptz;

-- migrate:down

ALTER TABLE journal DROP COLUMN complete_until;
