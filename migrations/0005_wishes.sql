-- What was wished of every function, and from which entry on: what a moment is restored from without folding the ledger
-- up to there. Derived from the ledger by `patchbay_domain::wishes`; filled from it once for ledgers that are older than
-- these tables. A row says the pool when it has no host, and that the picture no longer has the function when `shown` is 0.
CREATE TABLE wishes (
    function     INTEGER NOT NULL REFERENCES functions (id),
    -- The entry that changed it.
    seq          INTEGER NOT NULL REFERENCES ledger (seq),
    shown        INTEGER NOT NULL CHECK (shown IN (0, 1)),
    host         INTEGER REFERENCES hosts (id),
    logical_port INTEGER CHECK (logical_port BETWEEN 0 AND 255),
    number       INTEGER CHECK (number BETWEEN 0 AND 7),
    PRIMARY KEY (function, seq),
    CHECK ((host IS NULL) = (logical_port IS NULL) AND (host IS NULL) = (number IS NULL)),
    CHECK (shown = 1 OR host IS NULL)
) STRICT, WITHOUT ROWID;

-- The entry that each generation came about with.
CREATE TABLE generations (
    generation INTEGER PRIMARY KEY CHECK (generation >= 1),
    seq        INTEGER NOT NULL REFERENCES ledger (seq)
) STRICT;

-- An INSERT OR REPLACE removes the old row without firing the delete trigger, but fires these first.
CREATE TRIGGER wishes_stand_once BEFORE INSERT ON wishes
BEGIN
    SELECT RAISE(ABORT, 'what was wished at an entry is never changed')
    WHERE EXISTS (SELECT 1 FROM wishes WHERE function = NEW.function AND seq >= NEW.seq);
END;

CREATE TRIGGER wishes_keep BEFORE UPDATE ON wishes
BEGIN
    SELECT RAISE(ABORT, 'what was wished at an entry is never changed');
END;

CREATE TRIGGER wishes_stay BEFORE DELETE ON wishes
BEGIN
    SELECT RAISE(ABORT, 'what was wished at an entry is never forgotten');
END;

CREATE TRIGGER generations_rise BEFORE INSERT ON generations
BEGIN
    SELECT RAISE(ABORT, 'a generation never comes about a second time')
    WHERE NEW.generation <= (SELECT max(generation) FROM generations);
END;

CREATE TRIGGER generations_keep BEFORE UPDATE ON generations
BEGIN
    SELECT RAISE(ABORT, 'a generation never comes about a second time');
END;

CREATE TRIGGER generations_stay BEFORE DELETE ON generations
BEGIN
    SELECT RAISE(ABORT, 'a generation is never forgotten');
END;
