"""The kit's statements. Arrays come in columns, `unnest` makes them rows: one statement whatever the batch's size."""

# A statement of its own: under READ COMMITTED what is loaded after it sees all that the last owner committed.
LOCK = """
SELECT shard.shard
FROM shard JOIN unnest($1::int[], $2::bigint[]) AS asked (shard, epoch)
  ON shard.shard = asked.shard AND shard.epoch = asked.epoch
ORDER BY shard.shard
FOR UPDATE OF shard
"""

DUE = """
SELECT wake.shard, wake.due, wake.id
FROM unnest($1::int[], $2::timestamptz[], $3::int[]) AS asked (shard, since, most),
  LATERAL (
    SELECT shard, due, id FROM wake
    WHERE wake.shard = asked.shard AND wake.due >= asked.since
    ORDER BY due, id LIMIT asked.most
  ) AS wake
ORDER BY wake.shard, wake.due, wake.id
"""

LOAD = """
SELECT aggregate.shard, aggregate.id, order_key, version, shape, status, known_at, armed_at, wording, state
FROM unnest($1::int[], $2::uuid[]) AS asked (shard, id)
JOIN aggregate ON aggregate.shard = asked.shard AND aggregate.id = asked.id
"""

DOCUMENTS = "SELECT sha256, body FROM wording WHERE sha256 = ANY($1::bytea[])"

LINES = """
SELECT asked.shard, asked.id AS asked_id, kept.*
FROM unnest($1::int[], $2::uuid[], $3::text[], $4::bigint[]) AS asked (shard, id, topic, record_offset),
  LATERAL (
    SELECT batch_seq, ordinal, topic, record_offset, aggregate_id, known_at, key, headers, value FROM quarantine
    WHERE quarantine.shard = asked.shard AND released_at IS NULL AND aggregate_id = asked.id
    UNION ALL
    SELECT batch_seq, ordinal, topic, record_offset, aggregate_id, known_at, key, headers, value FROM quarantine
    WHERE quarantine.shard = asked.shard AND released_at IS NULL AND aggregate_id IS NULL AND order_key IS NOT NULL
      AND topic = asked.topic AND quarantine.record_offset = asked.record_offset
    ORDER BY batch_seq, ordinal LIMIT $5
  ) AS kept
ORDER BY asked.shard, asked.id, kept.batch_seq, kept.ordinal
"""

ADD_DOCUMENTS = """
INSERT INTO wording (sha256, body) SELECT * FROM unnest($1::bytea[], $2::bytea[]) ON CONFLICT DO NOTHING
"""

INSERT = """
INSERT INTO aggregate (shard, id, order_key, version, shape, status, known_at, armed_at, wording, state)
SELECT * FROM unnest(
  $1::int[], $2::uuid[], $3::text[], $4::bigint[], $5::int[], $6::text[], $7::timestamptz[], $8::timestamptz[],
  $9::bytea[], $10::bytea[])
ON CONFLICT DO NOTHING
"""

UPDATE = """
UPDATE aggregate SET version = new.version + 1, shape = new.shape, status = new.status, known_at = new.known_at,
  armed_at = new.armed_at, wording = new.wording, state = new.state
FROM unnest(
  $1::int[], $2::uuid[], $3::text[], $4::bigint[], $5::int[], $6::text[], $7::timestamptz[], $8::timestamptz[],
  $9::bytea[], $10::bytea[])
  AS new (shard, id, order_key, version, shape, status, known_at, armed_at, wording, state)
WHERE aggregate.shard = new.shard AND aggregate.id = new.id AND aggregate.version = new.version
"""

DELETE = """
DELETE FROM aggregate USING unnest($1::int[], $2::uuid[], $3::bigint[]) AS old (shard, id, version)
WHERE aggregate.shard = old.shard AND aggregate.id = old.id AND aggregate.version = old.version
"""

WAKES = """
WITH gone AS (
  DELETE FROM wake USING unnest($1::int[], $2::timestamptz[], $3::uuid[]) AS old (shard, due, id)
  WHERE wake.shard = old.shard AND wake.due = old.due AND wake.id = old.id
)
INSERT INTO wake (shard, due, id) SELECT * FROM unnest($4::int[], $5::timestamptz[], $6::uuid[])
"""

OUTBOX = """
INSERT INTO outbox (shard, seq, topic, partition, key, headers, value)
SELECT * FROM unnest($1::int[], $2::bigint[], $3::text[], $4::int[], $5::bytea[], $6::bytea[], $7::bytea[])
"""

QUARANTINE = """
INSERT INTO quarantine (shard, batch_seq, ordinal, topic, record_offset, order_key, aggregate_id, reason, field,
  detail, known_at, key, headers, value)
SELECT * FROM unnest($1::int[], $2::bigint[], $3::int[], $4::text[], $5::bigint[], $6::text[], $7::uuid[], $8::text[],
  $9::text[], $10::text[], $11::timestamptz[], $12::bytea[], $13::bytea[], $14::bytea[])
"""

RELEASE = """
UPDATE quarantine SET released_at = new.released_at, outcome = new.outcome
FROM unnest($1::int[], $2::bigint[], $3::int[], $4::timestamptz[], $5::text[])
  AS new (shard, batch_seq, ordinal, released_at, outcome)
WHERE quarantine.shard = new.shard AND quarantine.batch_seq = new.batch_seq AND quarantine.ordinal = new.ordinal
"""

# The shards' rows, their offsets, the journal, and the outbox rows that Kafka has confirmed since the last batch.
SHARDS = """
WITH moved AS (
  UPDATE shard SET batch_seq = new.batch_seq, outbox_seq = new.outbox_seq, watermark = new.watermark
  FROM unnest($1::int[], $2::bigint[], $3::bigint[], $4::timestamptz[], $5::bigint[])
    AS new (shard, batch_seq, outbox_seq, watermark, confirmed)
  WHERE shard.shard = new.shard AND shard.batch_seq = new.batch_seq - 1
  RETURNING 1
), sent AS (
  DELETE FROM outbox USING unnest($1::int[], $5::bigint[]) AS old (shard, confirmed)
  WHERE outbox.shard = old.shard AND outbox.seq <= old.confirmed
), applied AS (
  UPDATE shard_input SET next_offset = new.next_offset, progress = new.progress, last_stamp = new.last_stamp,
    last_crc = new.last_crc
  FROM unnest($6::int[], $7::text[], $8::bigint[], $9::bigint[], $10::timestamptz[], $11::timestamptz[], $12::bigint[])
    AS new (shard, topic, expected, next_offset, progress, last_stamp, last_crc)
  WHERE shard_input.shard = new.shard AND shard_input.topic = new.topic AND shard_input.next_offset = new.expected
  RETURNING 1
), noted AS (
  INSERT INTO journal (shard, seq, epoch, code, spans, wake_before, wake_due, wake_id)
  SELECT * FROM unnest($13::int[], $14::bigint[], $15::bigint[], $16::text[], $17::jsonb[], $18::timestamptz[],
    $19::timestamptz[], $20::uuid[])
)
SELECT (SELECT count(*) FROM moved) AS shards, (SELECT count(*) FROM applied) AS inputs
"""

# Only where there is none yet: more partitions than before would mean other shards for the orders that are here.
ADD_SHARDS = """
INSERT INTO shard (shard) SELECT generate_series(0, $1::int - 1) WHERE NOT EXISTS (SELECT FROM shard)
ON CONFLICT DO NOTHING
"""

COUNT_SHARDS = "SELECT count(*) FROM shard"

TAKE = """
UPDATE shard SET epoch = epoch + 1, owner = $2 WHERE shard = $1
RETURNING epoch, batch_seq, outbox_seq, watermark
"""

INPUTS = "SELECT topic, next_offset, progress, last_stamp, last_crc FROM shard_input WHERE shard = $1"

HOLDING = """
SELECT aggregate_id, count(*)::int FROM quarantine
WHERE shard = $1 AND aggregate_id IS NOT NULL AND released_at IS NULL
GROUP BY aggregate_id
"""

NEXT_DUE = "SELECT min(due) FROM wake WHERE shard = $1"

ADD_INPUTS = """
INSERT INTO shard_input (shard, topic, next_offset, progress)
SELECT * FROM unnest($1::int[], $2::text[], $3::bigint[], $4::timestamptz[])
ON CONFLICT (shard, topic) DO NOTHING
"""

LEFTOVERS = """
SELECT shard, seq, topic, partition, key, headers, value FROM outbox WHERE shard = $1 ORDER BY seq LIMIT $2
"""

CONFIRM = "DELETE FROM outbox WHERE shard = $1 AND seq <= $2"

SWEEP_CONFIRMED = """
DELETE FROM outbox USING unnest($1::int[], $2::bigint[]) AS old (shard, confirmed)
WHERE outbox.shard = old.shard AND outbox.seq <= old.confirmed
"""

SWEEP_STRAYS = """
SELECT outbox.shard, seq, topic, partition, key, headers, value
FROM outbox JOIN unnest($1::int[], $2::bigint[]) AS asked (shard, before)
  ON outbox.shard = asked.shard AND outbox.seq < asked.before
ORDER BY outbox.shard, seq
"""

WAKES_DUE = """
SELECT asked.shard, count(*)::int
FROM unnest($1::int[]) AS asked (shard),
  LATERAL (SELECT 1 FROM wake WHERE wake.shard = asked.shard AND due <= $2 LIMIT $3) AS wake
GROUP BY asked.shard
"""
