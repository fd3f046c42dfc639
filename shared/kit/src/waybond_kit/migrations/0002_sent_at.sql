-- migrate:up

-- When the batch ran (null in replay): decide is told of it, so a state cannot be made again without it.
ALTER TABLE journal ADD COLUMN sent_at timestamptz;

-- migrate:down

ALTER TABLE journal DROP COLUMN sent_at;
