-- Which changes were made from another one: to undo it, to try it again, or to accept what it left. Derived from the ledger,
-- so that the page of a change can say what came of it.
CREATE TABLE made_from (
    -- The earlier change.
    of  INTEGER NOT NULL,
    -- The entry that opened the later one.
    seq INTEGER NOT NULL UNIQUE REFERENCES ledger (seq),
    PRIMARY KEY (of, seq)
) STRICT, WITHOUT ROWID;

INSERT INTO made_from (of, seq)
SELECT coalesce(origin ->> 'undo', origin ->> 'retry', origin ->> 'accept') AS of, seq
FROM (
    SELECT seq, event -> '$.change_opened.intent.origin' AS origin
    FROM ledger
    -- Few have one, and only those are parsed.
    WHERE kind = 'change_opened' AND instr(event, '"origin":{')
)
WHERE of IS NOT NULL;
