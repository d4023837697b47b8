-- Who is asked about, and in which executions of n8n they occur: what erasure.sql and export.sql have
-- in common. psql's standard input is the identifiers, one on a line, in base64 on one line.
--
-- No identifier is ever part of a statement, so none is in PostgreSQL's log, nor in its statistics;
-- they are in tables of this session alone. What must not fail is not tried where a failure would
-- quote them: an error of COPY or of JSON shows what it was about.

\set ON_ERROR_STOP on
\set VERBOSITY terse
\set SHOW_CONTEXT never
\pset tuples_only on
\pset format unaligned

SET client_min_messages = warning;
BEGIN;
SET LOCAL TIME ZONE 'UTC';

CREATE TEMPORARY TABLE given (encoded text NOT NULL) ON COMMIT DROP;
\copy given from pstdin

-- An encoding's name has the collation C, in which Ü is not ü: what is read gets the database's again.
CREATE TEMPORARY TABLE identifier ON COMMIT DROP AS
    SELECT DISTINCT btrim(line, E' \t\r') AS text
    FROM given,
        regexp_split_to_table(
            convert_from(decode(encoded, 'base64'), 'UTF8') COLLATE "default", E'\n') AS line
    WHERE btrim(line, E' \t\r') <> '';

-- Shorter ones occur in everybody's data.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM identifier) THEN
        RAISE EXCEPTION 'the request has no identifier';
    ELSIF EXISTS (SELECT FROM identifier WHERE length(text) < 6) THEN
        RAISE EXCEPTION 'an identifier has less than 6 characters';
    END IF;
END
$$;

-- A regular expression of one character, in each of the ways in which JSON, JSON within a text, and
-- addresses of the web write it.
CREATE FUNCTION pg_temp.written(letter text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN letter = '@' THEN '(?:@|%40|\\+u0040)'
        WHEN letter = '\' THEN '\\+'
        WHEN letter IN ('"', '/') THEN '\\*' || letter
        WHEN ascii(letter) > 127 THEN format('(?:%s|\\+u(?:%s|%s))', letter,
            lpad(to_hex(ascii(lower(letter))), 4, '0'), lpad(to_hex(ascii(upper(letter))), 4, '0'))
        WHEN letter ~ '[.*+?^${}()|[\]]' THEN '\' || letter
        ELSE letter
    END
$$;

-- One expression for all: each identifier as a word of its own, in any case, in each of the ways in
-- which it can be written. Before it may stand an escape of JSON or of an address of the web, after
-- it the end of a sentence; not more of an address or of a number.
CREATE TEMPORARY TABLE wanted ON COMMIT DROP AS
    SELECT '(?:(?<![[:alnum:]_.%+-])|(?<=\\[bfnrt]|\\u[[:xdigit:]]{4}|%[[:xdigit:]]{2}))(?:'
        || string_agg(DISTINCT way, '|') || ')(?![[:alnum:]_]|[.@+-][[:alnum:]])' AS pattern
    FROM (
        SELECT string_agg(pg_temp.written(letter), '' ORDER BY position) AS way
        FROM (
                SELECT normalize(text, NFC) AS form FROM identifier
                UNION SELECT normalize(text, NFD) FROM identifier
            ) AS forms,
            regexp_split_to_table(form, '') WITH ORDINALITY AS letters (letter, position)
        GROUP BY form
    ) AS ways;

-- n8n deletes executions in two steps: those that it only marked so far are searched as well.
CREATE TEMPORARY TABLE found ON COMMIT DROP AS
    SELECT execution.id, execution.status
    FROM execution_entity execution
    WHERE EXISTS (
        SELECT FROM execution_data held, wanted
        WHERE held."executionId" = execution.id AND (
            held.data ~* pattern
            OR (held."workflowData" -> 'pinData')::text ~* pattern
            OR (held."workflowData" -> 'staticData')::text ~* pattern)
    ) OR EXISTS (
        SELECT FROM execution_metadata held, wanted
        WHERE held."executionId" = execution.id AND concat_ws(E'\n', held.key, held.value) ~* pattern
    ) OR EXISTS (
        SELECT FROM execution_annotations held, wanted
        WHERE held."executionId" = execution.id AND held.note ~* pattern
    );

-- Where else they occur, in any table of n8n's, today's and tomorrow's: rows that a person looks at.
CREATE TEMPORARY TABLE elsewhere (place text NOT NULL, rows bigint NOT NULL) ON COMMIT DROP;
DO $$
DECLARE
    searched record;
    number bigint;
BEGIN
    FOR searched IN
        SELECT table_name AS name,
            string_agg(format('%I::text', column_name), ', ' ORDER BY ordinal_position) AS texts
        FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
        WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'
            AND data_type IN ('text', 'character varying', 'json', 'jsonb')
            AND table_name NOT IN (
                'execution_entity', 'execution_data', 'execution_metadata', 'execution_annotations')
        GROUP BY table_name
    LOOP
        EXECUTE format(
            'SELECT count(*) FROM %I, wanted WHERE concat_ws(E''\n'', %s) ~* pattern',
            searched.name, searched.texts) INTO number;
        IF number > 0 THEN
            INSERT INTO elsewhere VALUES (searched.name, number);
        END IF;
    END LOOP;

    -- n8n can be told to keep the data of executions outside of the database.
    SELECT count(*) INTO number FROM execution_entity WHERE "storedAt" <> 'db';
    IF number > 0 THEN
        INSERT INTO elsewhere VALUES ('executions whose data is not in the database', number);
    END IF;
END
$$;

-- What was done for which request, without whom it was about. Beside n8n's own tables, which its
-- migrations look at.
CREATE SCHEMA IF NOT EXISTS data_subjects;
CREATE TABLE IF NOT EXISTS data_subjects.record (
    request text NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    executions bigint NOT NULL,
    files bigint NOT NULL,
    elsewhere bigint NOT NULL
);
