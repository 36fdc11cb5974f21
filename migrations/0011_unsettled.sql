-- The functions of changes that could not be finished, until a later change is applied that decides about them: which changes
-- need somebody still. Derived from the ledger.
CREATE TABLE unsettled (
    change   INTEGER NOT NULL REFERENCES changes (id),
    function INTEGER NOT NULL,
    PRIMARY KEY (change, function)
) STRICT, WITHOUT ROWID;

CREATE INDEX unsettled_by_function ON unsettled (function);

-- What each change decides about: what it moves, and what it adopts. Read for few changes only, since it parses their entries.
CREATE VIEW decided (change, function) AS
SELECT c.id, m.value ->> 'function'
FROM changes c JOIN ledger o ON o.seq = c.opened_seq, json_each(o.event, '$.change_opened.plan.moves') m
UNION
SELECT c.id, a.value ->> 'function'
FROM changes c JOIN ledger o ON o.seq = c.opened_seq, json_each(o.event, '$.change_opened.plan.adoptions') a;

CREATE TRIGGER changes_stuck AFTER UPDATE OF outcome ON changes WHEN NEW.outcome = 'stuck'
BEGIN
    INSERT INTO unsettled (change, function) SELECT change, function FROM decided WHERE change = NEW.id;
END;

CREATE TRIGGER changes_settle AFTER UPDATE OF outcome ON changes
WHEN NEW.outcome = 'applied' AND EXISTS (SELECT 1 FROM unsettled)
BEGIN
    DELETE FROM unsettled WHERE function IN (SELECT function FROM decided WHERE change = NEW.id);
END;

INSERT INTO unsettled (change, function)
SELECT d.change, d.function
FROM changes c JOIN decided d ON d.change = c.id
WHERE c.outcome = 'stuck'
AND NOT EXISTS (
    SELECT 1 FROM subjects s JOIN changes later ON later.opened_seq = s.seq
    WHERE s.kind = 'function' AND s.id = d.function AND s.seq > c.closed_seq AND later.outcome = 'applied'
)
AND NOT EXISTS (
    SELECT 1 FROM unfiled_subjects s JOIN changes later ON later.opened_seq = s.seq
    WHERE s.kind = 'function' AND s.id = d.function AND s.seq > c.closed_seq AND later.outcome = 'applied'
);
