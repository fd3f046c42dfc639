"""The kit's statements. Arrays come in columns, `unnest` makes them rows: one statement whatever the batch's size.

Rows are looked up one by one through their key, in a LATERAL subquery that OFFSET 0 keeps apart, and changed through
their ctid. A plain join leaves the planner a choice, and it takes the wrong one for a table that was nearly empty when
it was last looked at: it reads all of the table for each batch, and keeps that plan while the table grows. Nobody can
move a row between the two steps, since the shard is locked.
"""

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
SELECT asked.shard, asked.id, order_key, version, shape, status, known_at, armed_at, wording, state
FROM unnest($1::int[], $2::uuid[]) AS asked (shard, id),
  LATERAL (SELECT * FROM aggregate WHERE shard = asked.shard AND id = asked.id OFFSET 0) AS found
"""

DOCUMENTS = "SELECT sha256, body FROM wording WHERE sha256 = ANY($1::bytea[])"

LINES = """
SELECT asked.shard, asked.id AS asked_id, kept.*
FROM unnest($1::int[], $2::uuid[], $3::text[], $4::bigint[]) AS asked (shard, id, topic, record_offset),
  LATERAL (
    (SELECT batch_seq, ordinal, topic, record_offset, aggregate_id, known_at, key, headers, value FROM quarantine
    WHERE quarantine.shard = asked.shard AND released_at IS NULL AND aggregate_id = asked.id
    ORDER BY batch_seq, ordinal LIMIT $5)
    UNION ALL
    SELECT batch_seq, ordinal, topic, record_offset, aggregate_id, known_at, key, headers, value FROM quarantine
    WHERE quarantine.shard = asked.shard AND released_at IS NULL AND aggregate_id IS NULL AND order_key IS NOT NULL
      AND topic = asked.topic AND quarantine.record_offset = asked.record_offset
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
  AS new (shard, id, order_key, version, shape, status, known_at, armed_at, wording, state),
  LATERAL (
    SELECT ctid FROM aggregate WHERE shard = new.shard AND id = new.id AND version = new.version OFFSET 0
  ) AS found
WHERE aggregate.ctid = found.ctid
"""

DELETE = """
DELETE FROM aggregate USING unnest($1::int[], $2::uuid[], $3::bigint[]) AS old (shard, id, version),
  LATERAL (
    SELECT ctid FROM aggregate WHERE shard = old.shard AND id = old.id AND version = old.version OFFSET 0
  ) AS found
WHERE aggregate.ctid = found.ctid
"""

WAKES = """
WITH gone AS (
  DELETE FROM wake USING unnest($1::int[], $2::timestamptz[], $3::uuid[]) AS old (shard, due, id),
    LATERAL (SELECT ctid FROM wake WHERE shard = old.shard AND due = old.due AND id = old.id OFFSET 0) AS found
  WHERE wake.ctid = found.ctid
)
INSERT INTO wake (shard, due, id) SELECT * FROM unnest($4::int[], $5::timestamptz[], $6::uuid[])
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
  AS new (shard, batch_seq, ordinal, released_at, outcome),
  LATERAL (
    SELECT ctid FROM quarantine
    WHERE shard = new.shard AND batch_seq = new.batch_seq AND ordinal = new.ordinal OFFSET 0
  ) AS found
WHERE quarantine.ctid = found.ctid
"""

# What has a reason of its own keeps it.
MET = """
UPDATE quarantine SET reason = new.reason, field = new.field, detail = new.detail
FROM unnest($1::int[], $2::bigint[], $3::int[], $4::text[], $5::text[], $6::text[])
  AS new (shard, batch_seq, ordinal, reason, field, detail),
  LATERAL (
    SELECT ctid FROM quarantine
    WHERE shard = new.shard AND batch_seq = new.batch_seq AND ordinal = new.ordinal AND reason = 'waiting' OFFSET 0
  ) AS found
WHERE quarantine.ctid = found.ctid
"""

# The shards' rows, their offsets, the journal, and the outbox rows that Kafka has confirmed since the last batch: from
# where the last batch left off, or each would step over all the dead ones before it.
SHARDS = """
WITH moved AS (
  UPDATE shard SET batch_seq = new.batch_seq, outbox_seq = new.outbox_seq, watermark = new.watermark
  FROM unnest($1::int[], $2::bigint[], $3::bigint[], $4::timestamptz[])
    AS new (shard, batch_seq, outbox_seq, watermark),
    LATERAL (SELECT ctid FROM shard WHERE shard = new.shard AND batch_seq = new.batch_seq - 1 OFFSET 0) AS found
  WHERE shard.ctid = found.ctid
  RETURNING 1
), sent AS (
  DELETE FROM outbox USING unnest($1::int[], $5::bigint[], $6::bigint[]) AS old (shard, deleted, confirmed),
    LATERAL (
      SELECT ctid FROM outbox WHERE shard = old.shard AND seq > old.deleted AND seq <= old.confirmed OFFSET 0
    ) AS found
  WHERE outbox.ctid = found.ctid
), applied AS (
  UPDATE shard_input SET next_offset = new.next_offset, progress = new.progress, last_stamp = new.last_stamp,
    last_crc = new.last_crc
  FROM unnest($7::int[], $8::text[], $9::bigint[], $10::bigint[], $11::timestamptz[], $12::timestamptz[], $13::bigint[])
    AS new (shard, topic, expected, next_offset, progress, last_stamp, last_crc),
    LATERAL (
      SELECT ctid FROM shard_input WHERE shard = new.shard AND topic = new.topic AND next_offset = new.expected OFFSET 0
    ) AS found
  WHERE shard_input.ctid = found.ctid
  RETURNING 1
), noted AS (
  INSERT INTO journal (shard, seq, epoch, code, spans, wake_before, wake_due, wake_id, sent_at, complete_until, known)
  SELECT * FROM unnest($14::int[], $15::bigint[], $16::bigint[], $17::text[], $18::jsonb[], $19::timestamptz[],
    $20::timestamptz[], $21::uuid[], $22::timestamptz[], $23::timestamptz[], $24::text[])
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

# Who keeps a session waiting, and who keeps those waiting, as far as they wait for nothing but their own client.
END_FROZEN = """
WITH RECURSIVE chain (pid) AS (
  SELECT unnest(pg_blocking_pids($1::int))
  UNION
  SELECT unnest(pg_blocking_pids(chain.pid)) FROM chain
), frozen AS MATERIALIZED (
  SELECT pid, state, wait_event, extract(epoch FROM clock_timestamp() - state_change)::float8 AS silent_s
  FROM pg_stat_activity JOIN chain USING (pid)
  WHERE usename = current_user AND wait_event_type = 'Client'
    AND state_change < clock_timestamp() - make_interval(secs => $2::float8)
)
SELECT pid, state, wait_event, silent_s FROM frozen WHERE pg_terminate_backend(pid)
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

OWNED = """
SELECT shard.shard
FROM shard JOIN unnest($1::int[], $2::bigint[]) AS asked (shard, epoch)
  ON shard.shard = asked.shard AND shard.epoch = asked.epoch
"""

# A sweep that waited for the batches that run would keep the others waiting too: what is busy is swept next time.
LOCK_IDLE = OWNED + "FOR UPDATE OF shard SKIP LOCKED"

SWEEP_CONFIRMED = """
DELETE FROM outbox USING unnest($1::int[], $2::bigint[], $3::bigint[]) AS old (shard, deleted, confirmed),
  LATERAL (
    SELECT ctid FROM outbox WHERE shard = old.shard AND seq > old.deleted AND seq <= old.confirmed OFFSET 0
  ) AS found
WHERE outbox.ctid = found.ctid
"""

SWEEP_STRAYS = """
SELECT asked.shard, seq, topic, partition, key, headers, value
FROM unnest($1::int[], $2::bigint[]) AS asked (shard, before),
  LATERAL (SELECT * FROM outbox WHERE shard = asked.shard AND seq < asked.before ORDER BY seq LIMIT $3) AS found
ORDER BY asked.shard, seq
"""

WAKES_DUE = """
SELECT asked.shard, count(*)::int
FROM unnest($1::int[]) AS asked (shard),
  LATERAL (SELECT 1 FROM wake WHERE wake.shard = asked.shard AND due <= $2 LIMIT $3) AS wake
GROUP BY asked.shard
"""
