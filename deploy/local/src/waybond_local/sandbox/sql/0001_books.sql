-- migrate:up

-- The payment sandbox's own books. Amounts are integer minor units; what leaves the account is negative.

CREATE TABLE input (
    partition   int PRIMARY KEY,
    next_offset bigint NOT NULL
);

CREATE TABLE payment (
    refund_id         text PRIMARY KEY,
    partition         int NOT NULL,
    order_key         text NOT NULL,
    status            text NOT NULL CHECK (status IN ('dead', 'waiting', 'paid', 'failed', 'reversed', 'cancelled')),
    amount_minor      bigint NOT NULL CHECK (amount_minor >= 0),
    currency          text,
    attempt           int NOT NULL,
    issued_version    bigint NOT NULL,
    cancelled_version bigint NOT NULL,
    not_after         timestamptz,
    steps             jsonb NOT NULL,
    next_due          timestamptz,
    answers           int NOT NULL,
    last_type         text,
    last_value        bytea
);

CREATE INDEX payment_due ON payment (partition, next_due) WHERE next_due IS NOT NULL;

CREATE TABLE command (
    refund_id  text NOT NULL,
    type       text NOT NULL,
    version    bigint NOT NULL,
    first_seen timestamptz NOT NULL,
    times      int NOT NULL,
    PRIMARY KEY (refund_id, type, version)
);

-- One refund and one reversal for each refund_id, whatever the code above believes.
CREATE TABLE movement (
    refund_id    text NOT NULL REFERENCES payment,
    kind         text NOT NULL CHECK (kind IN ('refund', 'reversal')),
    order_key    text NOT NULL,
    amount_minor bigint NOT NULL CHECK ((kind = 'refund') = (amount_minor < 0)),
    currency     text NOT NULL,
    moved_at     timestamptz NOT NULL,
    PRIMARY KEY (refund_id, kind)
);

CREATE INDEX movement_order ON movement (order_key);
COMMENT ON TABLE movement IS 'append-only: money that moved';

CREATE TABLE balance (
    currency text PRIMARY KEY,
    minor    bigint NOT NULL
);

CREATE TABLE answer (
    seq         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    partition   int NOT NULL,
    key         text,
    id          text NOT NULL,
    type        text NOT NULL,
    occurred_at timestamptz NOT NULL,
    known_at    timestamptz,
    value       bytea NOT NULL
);

CREATE TABLE refused (
    partition     int NOT NULL,
    record_offset bigint NOT NULL,
    reason        text NOT NULL,
    value         bytea,
    PRIMARY KEY (partition, record_offset)
);

-- migrate:down

DROP TABLE refused, answer, balance, movement, command, payment, input;
