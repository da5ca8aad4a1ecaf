-- Portable. Tokens that the platform got by itself, beside the secrets that a person put: they go
-- when new secrets come. `renewing_until` is a lease on getting new ones, by the database's clock,
-- so that two processes never use up the same refresh token.
alter table connection_secret add column tokens bytea;
alter table connection_secret add column renewing_by text;
alter table connection_secret add column renewing_until bigint;
