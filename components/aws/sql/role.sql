-- n8n's role and what it owns. Once, in a new database, as the master user:
--   psql "host=… dbname=n8n user=platform sslmode=verify-full sslrootcert=bundle.pem" \
--     -v ON_ERROR_STOP=1 -v role=n8n -f role.sql
-- and without a peer `-v alone=yes`; then `\password n8n` with the password that is in Pulumi ESC as
-- DATABASE_PASSWORD.

-- Nobody gets in until fence.sql is there and the lease is held. Whoever forgets that file has a
-- platform that does not start, and not one that two regions may write to.
CREATE ROLE :"role" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE VALID UNTIL '-infinity';
\if :{?alone}
ALTER ROLE :"role" VALID UNTIL 'infinity';
\endif
GRANT :"role" TO CURRENT_USER;
SELECT current_database() AS database \gset
ALTER DATABASE :"database" OWNER TO :"role";
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
