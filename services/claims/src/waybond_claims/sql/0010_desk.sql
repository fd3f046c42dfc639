-- migrate:up

-- One row for each question that waits for a person; it follows from the claim file, and goes when the question closes.
-- deadline is answer_by, or far ahead where there is none; rank is 0 for what is to be looked at first. So every order
-- in which people read the inbox is the order of an index.
CREATE TABLE inbox (
  shard integer NOT NULL,
  order_key text NOT NULL,
  referral_id text NOT NULL,
  tenant text NOT NULL,
  platform text NOT NULL,
  reason text NOT NULL,
  role text NOT NULL,
  minor bigint,
  currency text NOT NULL,
  answer_by timestamptz,
  opened_at timestamptz NOT NULL,
  version bigint NOT NULL,
  question text NOT NULL,
  choices text[] NOT NULL,
  assignee text NOT NULL,
  snoozed_until timestamptz,
  boosted boolean NOT NULL,
  notes integer NOT NULL,
  proposed_by text NOT NULL,
  suggestion text NOT NULL,
  why text NOT NULL,
  rank smallint NOT NULL GENERATED ALWAYS AS (CASE WHEN boosted THEN 0 ELSE 1 END) STORED,
  deadline timestamptz NOT NULL GENERATED ALWAYS AS (coalesce(answer_by, '9999-01-01T00:00:00Z'::timestamptz)) STORED,
  PRIMARY KEY (shard, order_key, referral_id)
);
CREATE INDEX inbox_deadline ON inbox (tenant, rank, deadline, order_key, referral_id);
CREATE INDEX inbox_opened ON inbox (tenant, opened_at, order_key, referral_id);
CREATE INDEX inbox_amount ON inbox (tenant, currency, minor, order_key, referral_id);
CREATE INDEX inbox_reason ON inbox (tenant, reason, rank, deadline, order_key, referral_id);
CREATE INDEX inbox_role ON inbox (tenant, role, rank, deadline, order_key, referral_id);
CREATE INDEX inbox_assignee ON inbox (tenant, assignee, rank, deadline, order_key, referral_id);
CREATE INDEX inbox_platform ON inbox (tenant, platform, rank, deadline, order_key, referral_id);
CREATE INDEX inbox_currency ON inbox (tenant, currency, rank, deadline, order_key, referral_id);
CREATE INDEX inbox_snoozed ON inbox (tenant, snoozed_until) WHERE snoozed_until IS NOT NULL;

-- The questions that are open in files of before. What such a file does not say (assignee, notes, a suggestion) is
-- empty; a file without a role has that of the question's kind.
INSERT INTO inbox (
  shard, order_key, referral_id, tenant, platform, reason, role, minor, currency, answer_by, opened_at, version,
  question, choices, assignee, snoozed_until, boosted, notes, proposed_by, suggestion, why
)
SELECT shard, order_key, asked->>'referral_id', split_part(order_key, '/', 1), split_part(order_key, '/', 2),
  asked->>'reason',
  coalesce(asked->>'role', CASE WHEN split_part(asked->>'key', ':', 1) IN ('frozen', 'silent', 'failed', 'recovery')
    THEN 'payments' ELSE 'adjuster' END),
  coalesce(asked->>'amount', asked->>'most')::bigint,
  CASE WHEN coalesce(asked->>'amount', asked->>'most') IS NULL THEN ''
    ELSE coalesce(file->'order'->>'currency', '') END,
  (asked->>'answer_by')::timestamptz, (asked->>'opened_at')::timestamptz, (file->>'version')::bigint,
  asked->>'question', ARRAY(SELECT jsonb_array_elements_text(asked->'choices')), '', NULL, false, 0, '', '', ''
FROM (
  SELECT shard, order_key, convert_from(state, 'UTF8')::jsonb AS file FROM aggregate WHERE status = 'referred'
) AS found, jsonb_array_elements(file->'referrals') AS asked
WHERE coalesce(asked->>'choice', '') = '';

-- Every call at the desk: who, what, when, about which question; never what was written in it but a digest.
CREATE TABLE desk_call (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT now(),
  tenant text NOT NULL,
  author text NOT NULL,
  role text NOT NULL,
  key_prefix text NOT NULL,
  action text NOT NULL,
  order_key text NOT NULL,
  referral_id text NOT NULL,
  command_id text NOT NULL,
  digest bytea,
  outcome text NOT NULL,
  status smallint NOT NULL
);
CREATE INDEX desk_call_command ON desk_call (tenant, command_id) WHERE command_id <> '';
COMMENT ON TABLE desk_call IS 'append-only: who did what at the desk';

-- migrate:down

DROP TABLE desk_call, inbox;
