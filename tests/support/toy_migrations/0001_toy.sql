-- migrate:up

CREATE TABLE toy_row (
  shard integer NOT NULL,
  order_key text NOT NULL,
  amount bigint NOT NULL CHECK (amount >= 0)
);
COMMENT ON TABLE toy_row IS 'append-only: what the toy booked';

-- migrate:down

DROP TABLE toy_row;
