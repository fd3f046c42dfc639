-- migrate:up

-- Links to an order's status that were made by then show nothing any more; a row is needed as long as such a link lives.
CREATE TABLE status_link_revocation (
  order_key text PRIMARY KEY,
  revoked_at timestamptz NOT NULL
);
CREATE INDEX status_link_revocation_age ON status_link_revocation (revoked_at);

-- migrate:down

DROP TABLE status_link_revocation;
