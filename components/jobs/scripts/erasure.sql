-- Delete the executions in which a person occurs, as n8n itself does: their files, then themselves,
-- and with them their data. psql's variables: request, and maximum, of executions.
-- One line of output, with numbers only: executions, files, rows elsewhere, still running.

\ir search.sql

SELECT count(*) > :maximum AS refused FROM found \gset
\if :refused
    DO $$ BEGIN RAISE EXCEPTION 'more executions than dataSubjects.maximumExecutions'; END $$;
\endif

-- A worker that runs one would fail to store its end. It is found again when it has ended.
SELECT count(*) AS running FROM found WHERE status IN ('new', 'running') \gset
DELETE FROM found WHERE status IN ('new', 'running');

WITH gone AS (
    DELETE FROM binary_data USING found
    WHERE "sourceType" = 'execution' AND "sourceId" = found.id::text RETURNING 1
) SELECT count(*) AS files FROM gone \gset
WITH gone AS (
    DELETE FROM execution_entity USING found WHERE execution_entity.id = found.id RETURNING 1
) SELECT count(*) AS executions FROM gone \gset
SELECT coalesce(sum(rows), 0) AS elsewhere FROM elsewhere \gset

-- Each day anew as long as the request is there, so that nothing of a restored backup stays; but it is
-- said only when something changed.
INSERT INTO data_subjects.record (request, executions, files, elsewhere)
    SELECT :'request', :executions, :files, :elsewhere + :running
    WHERE :executions > 0 OR NOT EXISTS (
        SELECT FROM data_subjects.record WHERE request = :'request'
    ) OR (
        SELECT elsewhere FROM data_subjects.record WHERE request = :'request'
        ORDER BY at DESC LIMIT 1
    ) <> :elsewhere + :running;

SELECT concat_ws(' ', :executions, :files, :elsewhere, :running);
SELECT format('  %s: %s', place, rows) FROM elsewhere ORDER BY place;
COMMIT;
