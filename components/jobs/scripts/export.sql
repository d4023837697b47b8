-- Write the executions in which a person occurs as JSON, one object on a line. The first line says of
-- what request this is the answer, and where else the person occurs. psql's variable: request.

\ir search.sql

-- n8n keeps the data of an execution as a list in which each text stands once, and others refer to it
-- by its position ("flatted"). This is the data as it was.
CREATE FUNCTION pg_temp.revived(list jsonb, part jsonb, depth int) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
DECLARE
    value jsonb;
BEGIN
    IF depth > 100 THEN
        -- It refers to what it is in.
        RETURN 'null';
    END IF;
    value := CASE jsonb_typeof(part)
        WHEN 'string' THEN list -> (part #>> '{}')::int
        ELSE part
    END;
    RETURN CASE jsonb_typeof(value)
        WHEN 'object' THEN (
            SELECT coalesce(jsonb_object_agg(key, pg_temp.revived(list, each, depth + 1)), '{}')
            FROM jsonb_each(value) AS entries (key, each))
        WHEN 'array' THEN (
            SELECT coalesce(jsonb_agg(pg_temp.revived(list, each, depth + 1) ORDER BY position), '[]')
            FROM jsonb_array_elements(value) WITH ORDINALITY AS entries (each, position))
        ELSE value
    END;
END
$$;

-- Data that is no such list is handed out as the text that it is: an error would quote it in a log.
CREATE FUNCTION pg_temp.readable(data text) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN pg_temp.revived(list, '"0"', 0)
        -- PostgreSQL's jsonb has no place for NUL.
        FROM (SELECT regexp_replace(data, '(?<!\\)((?:\\\\)*)\\u0000', '\1', 'g')::jsonb AS list) AS parsed;
EXCEPTION WHEN OTHERS THEN
    RETURN to_jsonb(data);
END
$$;

SELECT json_build_object(
    'request', :'request', 'at', now(),
    'executions', (SELECT count(*) FROM found),
    'elsewhere', (SELECT coalesce(json_object_agg(place, rows), '{}') FROM elsewhere));

INSERT INTO data_subjects.record (request, executions, files, elsewhere)
    SELECT :'request', count(*), 0, (SELECT coalesce(sum(rows), 0) FROM elsewhere) FROM found;

\set FETCH_COUNT 1
SELECT json_build_object(
    'execution', execution.id, 'workflow', workflow.name, 'status', execution.status,
    'startedAt', execution."startedAt", 'stoppedAt', execution."stoppedAt",
    'files', (
        SELECT coalesce(json_agg(json_build_object(
            'name', "fileName", 'type', "mimeType", 'base64', encode(file.data, 'base64'))), '[]')
        FROM binary_data file
        WHERE "sourceType" = 'execution' AND "sourceId" = execution.id::text),
    'data', pg_temp.readable(held.data))
FROM found
    JOIN execution_entity execution USING (id)
    JOIN execution_data held ON held."executionId" = execution.id
    LEFT JOIN workflow_entity workflow ON workflow.id = execution."workflowId"
ORDER BY execution.id;
COMMIT;
