-- migrate:up

-- What supervisors set and released, and why. The last entry of the same kind, tenant, product and currency counts.
-- A tenant or product that is null means all of them. Ids rise in the order of commits: a writer locks the table.
CREATE TABLE brake (
  id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  kind text NOT NULL CHECK (kind IN ('stop', 'ceiling')),
  tenant text,
  product text,
  currency text,
  minor bigint CHECK (minor >= 0),
  released boolean NOT NULL DEFAULT false,
  author text NOT NULL CHECK (author <> ''),
  reason text NOT NULL CHECK (reason <> ''),
  written_at timestamptz NOT NULL DEFAULT now(),
  CHECK ((kind = 'ceiling') = (currency IS NOT NULL)),
  CHECK (kind = 'stop' OR (tenant IS NOT NULL AND product IS NOT NULL)),
  CHECK ((minor IS NOT NULL) = (kind = 'ceiling' AND NOT released))
);
COMMENT ON TABLE brake IS 'append-only: stops of payments and payout ceilings, with who set them and why';
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON brake
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Which entries were published as events.
CREATE TABLE brake_told (
  id bigint PRIMARY KEY REFERENCES brake,
  told_at timestamptz NOT NULL DEFAULT now()
);

-- What was commanded under a ceiling, by the hour in which it could be heard first; written with the batch.
CREATE TABLE payout (
  hour timestamptz NOT NULL,
  shard integer NOT NULL,
  tenant text NOT NULL,
  product text NOT NULL,
  currency text NOT NULL,
  minor bigint NOT NULL,
  PRIMARY KEY (hour, shard, tenant, product, currency)
);

-- migrate:down

DROP TABLE payout;
DROP TABLE brake_told;
DROP TABLE brake;
