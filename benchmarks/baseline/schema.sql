CREATE TABLE seen (
  event_id text PRIMARY KEY
);

CREATE TABLE wording (
  sha256 bytea PRIMARY KEY,
  body bytea NOT NULL
);

CREATE TABLE claim (
  order_key text PRIMARY KEY,
  status text NOT NULL,
  known_at timestamptz NOT NULL,
  wake_at timestamptz,
  shape integer NOT NULL,
  wording bytea REFERENCES wording,
  state bytea NOT NULL
);
