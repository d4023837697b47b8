-- Whether a request was answered. psql's variable: request.
SELECT to_regclass('data_subjects.record') IS NULL AS nothing \gset
\if :nothing
    SELECT false;
\else
    SELECT EXISTS (SELECT FROM data_subjects.record WHERE request = :'request');
\endif
