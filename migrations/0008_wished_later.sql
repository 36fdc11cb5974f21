-- What changes put somewhere although their card was replaced before they ended: wished of those functions when the card is
-- back in its slot. `wishes` says only what is wished of what is shown. Rare, and derived from the ledger as that is.
CREATE TABLE wished_later (
    function     INTEGER NOT NULL REFERENCES functions (id),
    -- The entry that closed the change.
    seq          INTEGER NOT NULL REFERENCES ledger (seq),
    host         INTEGER REFERENCES hosts (id),
    logical_port INTEGER CHECK (logical_port BETWEEN 0 AND 255),
    number       INTEGER CHECK (number BETWEEN 0 AND 7),
    PRIMARY KEY (function, seq),
    CHECK ((host IS NULL) = (logical_port IS NULL) AND (host IS NULL) = (number IS NULL))
) STRICT, WITHOUT ROWID;

-- An INSERT OR REPLACE removes the old row without firing the delete trigger, but fires this one first.
CREATE TRIGGER wished_later_stands_once BEFORE INSERT ON wished_later
BEGIN
    SELECT RAISE(ABORT, 'what was wished at an entry is never changed')
    WHERE EXISTS (SELECT 1 FROM wished_later WHERE function = NEW.function AND seq >= NEW.seq);
END;

CREATE TRIGGER wished_later_keeps BEFORE UPDATE ON wished_later
BEGIN
    SELECT RAISE(ABORT, 'what was wished at an entry is never changed');
END;

CREATE TRIGGER wished_later_stays BEFORE DELETE ON wished_later
BEGIN
    SELECT RAISE(ABORT, 'what was wished at an entry is never forgotten');
END;
