-- Lines of the history that are not filed yet. A line and what it touched stand in eight places of `lines`, `subjects` and
-- their indexes, which would be eight pages of every change's commit. Here it is one row; those of some dozens of entries
-- are filed together. Every line here is newer than every line in `lines`.
CREATE TABLE unfiled (
    seq     INTEGER PRIMARY KEY REFERENCES ledger (seq),
    at      TEXT NOT NULL,
    kind    TEXT NOT NULL CHECK (kind IN ('change', 'discovery', 'links', 'drift', 'reachability')),
    person  TEXT,
    title   TEXT NOT NULL,
    reason  TEXT,
    -- What it touched, as in [["host", 3], ["function", 12]]. The adapters of functions are not said.
    touched TEXT NOT NULL CHECK (json_valid(touched))
) STRICT;

-- What each of them touched, as `subjects` will have it.
CREATE VIEW unfiled_subjects (kind, id, seq) AS
SELECT t.value ->> 0, t.value ->> 1, u.seq FROM unfiled u, json_each(u.touched) t
UNION ALL
SELECT 'adapter', f.adapter, u.seq
FROM unfiled u, json_each(u.touched) t JOIN functions f ON f.id = t.value ->> 1
WHERE t.value ->> 0 = 'function';

-- All are filed when the oldest is so many entries old: the work for each is then little, and to search the rest is too.
-- One that touched much is filed at once, since it is read in every search until then.
CREATE TRIGGER unfiled_are_filed AFTER INSERT ON unfiled
WHEN NEW.seq - (SELECT min(seq) FROM unfiled) >= 64 OR length(NEW.touched) > 4096
BEGIN
    INSERT INTO lines (seq, at, kind, person, title, reason)
    SELECT seq, at, kind, person, title, reason FROM unfiled;
    INSERT INTO subjects (kind, id, seq)
    SELECT kind, id, seq FROM unfiled_subjects WHERE true ON CONFLICT DO NOTHING;
    DELETE FROM unfiled;
END;
