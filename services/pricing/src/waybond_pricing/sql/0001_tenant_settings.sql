-- migrate:up

-- What each tenant may sell, from when on. Rows are only added: what held at an instant is the same in every replay.
CREATE TABLE tenant_settings (
  tenant text NOT NULL,
  effective_at timestamptz NOT NULL,
  products text[] NOT NULL,
  default_product text,
  active boolean NOT NULL DEFAULT true,
  written_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant, effective_at),
  CHECK (default_product IS NULL OR default_product = ANY (products))
);
COMMENT ON TABLE tenant_settings IS 'append-only: products that a tenant may sell, by the instant they take effect';

-- migrate:down

DROP TABLE tenant_settings;
