-- Functions that are elsewhere than the ledger wishes, with the wish. All others are where it wishes them. A row says
-- the pool when it has no host.
CREATE TABLE drift (
    function     INTEGER PRIMARY KEY REFERENCES functions (id),
    host         INTEGER REFERENCES hosts (id),
    logical_port INTEGER CHECK (logical_port BETWEEN 0 AND 255),
    number       INTEGER CHECK (number BETWEEN 0 AND 7),
    -- The entry that first found it elsewhere. Deferred: the picture may be written before the ledger.
    since        INTEGER NOT NULL REFERENCES ledger (seq) DEFERRABLE INITIALLY DEFERRED,
    CHECK ((host IS NULL) = (logical_port IS NULL) AND (host IS NULL) = (number IS NULL))
) STRICT;
