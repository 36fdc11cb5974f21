-- Troubles of links and switches that were raised and are not cleared.
CREATE TABLE health (
    -- What is in trouble and how, as in "host-3-down".
    subject TEXT PRIMARY KEY,
    switch  INTEGER NOT NULL REFERENCES switches (id),
    name    TEXT NOT NULL,
    -- The entry that raised it.
    since   INTEGER NOT NULL REFERENCES ledger (seq),
    -- When it began, which is earlier than the entry; as precisely as that says.
    at      TEXT NOT NULL,
    -- How often it had come when it was raised.
    times   INTEGER NOT NULL CHECK (times >= 0)
) STRICT, WITHOUT ROWID;

-- Whether a switch answers is a reading now, and in no entry. Links stay in their table as the last discovery had them.
ALTER TABLE switches DROP COLUMN lost;
