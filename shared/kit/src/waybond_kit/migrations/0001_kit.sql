-- migrate:up

-- One row a shard: the fence. Changed by every batch, so that an update stays on its page.
CREATE TABLE shard (
  shard integer PRIMARY KEY,
  epoch bigint NOT NULL DEFAULT 0,
  owner text NOT NULL DEFAULT '',
  watermark timestamptz,
  batch_seq bigint NOT NULL DEFAULT 0,
  outbox_seq bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

-- How far each input of a shard is applied. last_stamp and last_crc are of the record before next_offset.
CREATE TABLE shard_input (
  shard integer NOT NULL,
  topic text NOT NULL,
  next_offset bigint NOT NULL,
  progress timestamptz,
  last_stamp timestamptz,
  last_crc bigint,
  PRIMARY KEY (shard, topic)
) WITH (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

-- Bodies that many states share, kept once.
CREATE TABLE wording (
  sha256 bytea PRIMARY KEY,
  body bytea NOT NULL
);
COMMENT ON TABLE wording IS 'append-only: documents by SHA-256';

-- Nothing that changes is indexed, and pages keep room, so that an update never touches an index. A state of up to 4 kB
-- stays in its row as it is: compressing it takes as long as the rest of the update.
CREATE TABLE aggregate (
  shard integer NOT NULL,
  id uuid NOT NULL,
  order_key text NOT NULL,
  version bigint NOT NULL,
  shape integer NOT NULL,
  status text NOT NULL,
  known_at timestamptz NOT NULL,
  armed_at timestamptz,
  wording bytea,
  state bytea NOT NULL,
  PRIMARY KEY (shard, id)
) WITH (fillfactor = 80, toast_tuple_target = 4080);

CREATE TABLE wake (
  shard integer NOT NULL,
  due timestamptz NOT NULL,
  id uuid NOT NULL,
  PRIMARY KEY (shard, due, id)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

-- A row lives for a second: it is neither compressed nor put into another table, unless it fills a page.
CREATE TABLE outbox (
  shard integer NOT NULL,
  seq bigint NOT NULL,
  topic text NOT NULL,
  partition integer NOT NULL,
  key bytea,
  headers bytea NOT NULL,
  value bytea,
  PRIMARY KEY (shard, seq)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
  toast_tuple_target = 8160);

-- What could not be applied, with its bytes. A row with aggregate_id stands in the line of a held order until
-- released_at is set; its place in the line is (batch_seq, ordinal).
CREATE TABLE quarantine (
  shard integer NOT NULL,
  batch_seq bigint NOT NULL,
  ordinal integer NOT NULL,
  topic text NOT NULL,
  record_offset bigint NOT NULL,
  order_key text,
  aggregate_id uuid,
  reason text NOT NULL,
  field text NOT NULL,
  detail text NOT NULL,
  known_at timestamptz NOT NULL,
  key bytea,
  headers bytea,
  value bytea,
  released_at timestamptz,
  outcome text,
  PRIMARY KEY (shard, batch_seq, ordinal)
);
CREATE INDEX quarantine_line ON quarantine (shard, aggregate_id)
  WHERE aggregate_id IS NOT NULL AND released_at IS NULL;
CREATE INDEX quarantine_record ON quarantine (shard, topic, record_offset);

-- One row for each batch that applied something: what, in which order, up to which wakes, by which code.
CREATE TABLE journal (
  shard integer NOT NULL,
  seq bigint NOT NULL,
  epoch bigint NOT NULL,
  code text NOT NULL,
  spans jsonb NOT NULL,
  wake_before timestamptz,
  wake_due timestamptz,
  wake_id uuid,
  PRIMARY KEY (shard, seq)
);
COMMENT ON TABLE journal IS 'append-only: what was applied, in which order';

CREATE TABLE api_key (
  prefix text PRIMARY KEY,
  tenant text NOT NULL,
  hash bytea NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz,
  revoked_at timestamptz
);
CREATE INDEX api_key_tenant ON api_key (tenant);

-- migrate:down

DROP TABLE api_key, journal, quarantine, outbox, wake, aggregate, wording, shard_input, shard;
