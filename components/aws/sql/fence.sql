-- The database keeps the lease of its region, and shuts n8n out when it has none. Once, in the
-- database `postgres` of a new primary, as the master user; replicas and what becomes of them have
-- it from their source:
--   psql "host=… dbname=postgres user=platform …" -v ON_ERROR_STOP=1 \
--     -v role=n8n -v function=<name>-lease-renew -v seconds=120 -f fence.sql

CREATE EXTENSION IF NOT EXISTS pg_cron;
CREATE EXTENSION IF NOT EXISTS aws_lambda CASCADE;

CREATE SCHEMA fence;

CREATE TABLE fence.lease (
    role name PRIMARY KEY,
    function text NOT NULL,
    length interval NOT NULL,
    until timestamptz NOT NULL DEFAULT '-infinity',
    timeline text NOT NULL DEFAULT ''
);
INSERT INTO fence.lease (role, function, length)
    VALUES (:'role', :'function', make_interval(secs => :seconds));

-- Which life of the database this is: another one after each promotion.
CREATE FUNCTION fence.timeline() RETURNS text LANGUAGE sql AS $$
    SELECT left(pg_walfile_name(pg_current_wal_lsn()), 8)
$$;

-- Ask for the lease. An answer counts from when it was asked for, so that a slow one counts less.
-- The function is named without a region: a promoted database asks that of its own region.
CREATE PROCEDURE fence.renew() LANGUAGE plpgsql AS $$
DECLARE
    lease fence.lease;
    asked timestamptz := clock_timestamp();
    answer record;
BEGIN
    SELECT * INTO STRICT lease FROM fence.lease;
    SELECT * INTO answer FROM aws_lambda.invoke(lease.function, '{}'::json);
    IF answer.status_code = 200 AND (answer.payload ->> 'held') = 'true' THEN
        UPDATE fence.lease SET until = asked + length, timeline = fence.timeline();
        -- Whatever happens to this server next, no password is accepted after that.
        EXECUTE format('ALTER ROLE %I VALID UNTIL %L', lease.role, asked + lease.length);
    END IF;
END
$$;

-- Put out whoever is in without a lease, and whoever came in before this database was promoted.
-- New connections fail by then: the role's password is not accepted any more.
CREATE PROCEDURE fence.enforce() LANGUAGE plpgsql AS $$
DECLARE
    lease fence.lease;
BEGIN
    SELECT * INTO STRICT lease FROM fence.lease;
    IF lease.until > clock_timestamp() AND lease.timeline = fence.timeline() THEN
        RETURN;
    END IF;
    -- Once more, when a renewal that is being written has ended.
    SELECT * INTO STRICT lease FROM fence.lease FOR UPDATE;
    IF lease.until > clock_timestamp() AND lease.timeline = fence.timeline() THEN
        RETURN;
    END IF;
    IF EXISTS (SELECT FROM pg_roles
               WHERE rolname = lease.role AND rolvaliduntil IS DISTINCT FROM '-infinity') THEN
        EXECUTE format('ALTER ROLE %I VALID UNTIL %L', lease.role, '-infinity');
    END IF;
    PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = lease.role;
END
$$;

ALTER ROLE :"role" VALID UNTIL '-infinity';

-- Two jobs: one that waits for an answer must not keep the other from its work.
SELECT cron.schedule('fence-renew', '20 seconds', 'CALL fence.renew()');
SELECT cron.schedule('fence-enforce', '5 seconds', 'CALL fence.enforce()');
