-- migrate:up

-- What a service's decide was told in a batch beside its state and the fact (waybond_kit.definition.Known); empty where
-- it was told nothing.
ALTER TABLE journal ADD COLUMN known text NOT NULL DEFAULT '';

-- migrate:down

ALTER TABLE journal DROP COLUMN known;
