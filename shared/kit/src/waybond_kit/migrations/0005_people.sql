-- migrate:up

-- A key of a person says who they are (a pseudonymous id), as which role, what they may do, and how much they decide
-- alone, in minor units by currency. A key of a tenant's machine has none of these.
ALTER TABLE api_key ADD COLUMN author text NOT NULL DEFAULT '';
ALTER TABLE api_key ADD COLUMN role text NOT NULL DEFAULT '';
ALTER TABLE api_key ADD COLUMN scopes text[] NOT NULL DEFAULT '{}';
ALTER TABLE api_key ADD COLUMN limits jsonb NOT NULL DEFAULT '{}';

-- migrate:down

ALTER TABLE api_key DROP COLUMN author, DROP COLUMN role, DROP COLUMN scopes, DROP COLUMN limits;
