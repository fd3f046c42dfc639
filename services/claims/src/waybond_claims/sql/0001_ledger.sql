-- migrate:up

CREATE TABLE account (
  code text PRIMARY KEY,
  kind text NOT NULL CHECK (kind IN ('asset', 'liability', 'income', 'expense')),
  title text NOT NULL
);
INSERT INTO account (code, kind, title) VALUES
  ('premium_receivable', 'asset', 'Premium that is due from the insured'),
  ('premium_written', 'income', 'Premium of the covers that were bound, without tax'),
  ('premium_tax', 'liability', 'Tax on premium'),
  ('premium_returned', 'expense', 'Premium that was given back'),
  ('claims_incurred', 'expense', 'Claims: paid, on their way and reserved, less recoveries'),
  ('outstanding', 'liability', 'The reserve: what is owed and not commanded yet'),
  ('in_flight', 'liability', 'Commanded and not confirmed by the payment system'),
  ('cash', 'asset', 'Moved by the payment system'),
  ('bank', 'asset', 'Moved outside the payment system: settled by hand, recovered'),
  ('recovery_receivable', 'asset', 'Asked back');

-- One entry for each fact that moved something in the books of one order; `ordinal` counts the order's entries from 1.
CREATE SEQUENCE entry_id;
CREATE TABLE entry (
  shard integer NOT NULL,
  id bigint NOT NULL,
  order_key text NOT NULL,
  ordinal integer NOT NULL,
  occurred_at timestamptz NOT NULL,
  cause text NOT NULL,
  product text NOT NULL,
  lane text NOT NULL,
  PRIMARY KEY (shard, id)
);
CREATE UNIQUE INDEX entry_of_order ON entry (shard, order_key, ordinal);
COMMENT ON TABLE entry IS 'append-only: the books, one entry a fact';

-- A debit is positive. No foreign keys: each would cost a look-up a row, and both tables are written by one statement.
CREATE TABLE posting (
  shard integer NOT NULL,
  entry_id bigint NOT NULL,
  line smallint NOT NULL,
  account text NOT NULL,
  currency text NOT NULL,
  minor bigint NOT NULL CHECK (minor <> 0),
  refund_id uuid,
  PRIMARY KEY (shard, entry_id, line)
);
COMMENT ON TABLE posting IS 'append-only: the sides of each entry';

-- Once a statement, not once a row: what one statement adds to an entry must balance, so every entry always does.
CREATE FUNCTION refuse_unbalanced() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  wrong record;
BEGIN
  SELECT entry_id, currency, sum(minor) AS off INTO wrong
  FROM added GROUP BY shard, entry_id, currency HAVING sum(minor) <> 0 LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'entry % is out of balance by % %', wrong.entry_id, wrong.off, wrong.currency
      USING ERRCODE = 'check_violation';
  END IF;
  SELECT added.account INTO wrong FROM added LEFT JOIN account ON code = added.account WHERE code IS NULL LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'there is no account %', wrong.account USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END
$$;
CREATE TRIGGER refuse_unbalanced AFTER INSERT ON posting
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION refuse_unbalanced();

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'what is booked stays: % is only added to', TG_TABLE_NAME USING ERRCODE = 'check_violation';
END
$$;
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON posting
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON entry
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE VIEW balance AS
  SELECT posting.currency, posting.account, account.kind, sum(posting.minor) AS minor
  FROM posting JOIN account ON account.code = posting.account
  GROUP BY posting.currency, posting.account, account.kind;

CREATE VIEW result_by_lane AS
  SELECT entry.product, entry.lane, posting.currency,
    -coalesce(sum(posting.minor) FILTER (WHERE posting.account = 'premium_written'), 0)
      - coalesce(sum(posting.minor) FILTER (WHERE posting.account = 'premium_returned'), 0) AS premium_minor,
    coalesce(sum(posting.minor) FILTER (WHERE posting.account = 'claims_incurred'), 0) AS incurred_minor
  FROM posting JOIN entry ON entry.shard = posting.shard AND entry.id = posting.entry_id
  GROUP BY entry.product, entry.lane, posting.currency;

-- migrate:down

DROP VIEW result_by_lane;
DROP VIEW balance;
DROP TABLE posting;
DROP TABLE entry;
DROP SEQUENCE entry_id;
DROP TABLE account;
DROP FUNCTION refuse_unbalanced();
DROP FUNCTION refuse_change();
