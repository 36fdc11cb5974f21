-- A commit takes as long as it writes pages, and every 4,096 of them somebody waits for the log to be written back. Each of
-- these was a page of every change, and is looked up by nothing, or told elsewhere.

-- An entry closes one change, and no change is closed twice: `changes_close_once`.
DROP INDEX changes_closed;

-- Nothing asks what a host has.
DROP INDEX assignments_by_host;

-- Almost all changes are applied, and are found among the lines of changes. Whoever asks for others must also say that they
-- are not applied, for SQLite to see that this index has them.
DROP INDEX changes_by_outcome;
CREATE INDEX changes_by_outcome ON changes (outcome, opened_seq) WHERE outcome <> 'applied';

-- The picture's generation is the last one in `generations`.
DROP TABLE picture;

-- What each unfiled line touched, as it was, but that each function is looked up: SQLite went through all functions for each
-- line once it had statistics of them.
DROP VIEW unfiled_subjects;
CREATE VIEW unfiled_subjects (kind, id, seq) AS
SELECT t.value ->> 0, t.value ->> 1, u.seq FROM unfiled u CROSS JOIN json_each(u.touched) t
UNION ALL
SELECT 'adapter', f.adapter, u.seq
FROM unfiled u CROSS JOIN json_each(u.touched) t CROSS JOIN functions f ON f.id = t.value ->> 1
WHERE t.value ->> 0 = 'function';

-- Only searches have indexes to choose from. Of all other tables SQLite shall think as it does of new ones: statistics from
-- when they were small would have it read them whole.
PRAGMA analysis_limit = 400;
ANALYZE lines;
DELETE FROM sqlite_stat1 WHERE tbl <> 'lines';
DELETE FROM sqlite_stat4 WHERE tbl <> 'lines';
ANALYZE sqlite_schema;
