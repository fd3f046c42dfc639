-- migrate:up

-- One row for each decision that an adjuster was asked about afterwards. It stays when the file forgets the question.
CREATE TABLE audit (
  shard integer NOT NULL,
  referral_id uuid NOT NULL,
  order_key text NOT NULL,
  product text NOT NULL,
  product_version text NOT NULL,
  sample text NOT NULL CHECK (sample IN ('share', 'above', 'denial')),
  minor bigint,
  currency text NOT NULL,
  asked_at timestamptz NOT NULL,
  choice text NOT NULL,
  wrong_minor bigint,
  decided_by text NOT NULL,
  decided_at timestamptz,
  PRIMARY KEY (shard, referral_id)
);
COMMENT ON TABLE audit IS 'decisions that no person made and that were looked at afterwards';

-- migrate:down

DROP TABLE audit;
