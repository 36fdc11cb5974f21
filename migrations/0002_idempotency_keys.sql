-- The keys that came with requests for changes. Kept for ever, as changes are: a key never stands for another request.

CREATE TABLE keys (
    key    TEXT PRIMARY KEY CHECK (length(key) BETWEEN 1 AND 255),
    -- The fingerprint of the request it came with first.
    asked  TEXT NOT NULL CHECK (length(asked) = 64),
    change INTEGER NOT NULL UNIQUE REFERENCES changes (id)
) STRICT, WITHOUT ROWID;

-- An INSERT OR REPLACE removes the old row without firing the delete trigger, but fires this one first.
CREATE TRIGGER keys_stand_once BEFORE INSERT ON keys
BEGIN
    SELECT RAISE(ABORT, 'a key stands for one change')
    WHERE EXISTS (SELECT 1 FROM keys WHERE key = NEW.key)
       OR EXISTS (SELECT 1 FROM keys WHERE change = NEW.change);
END;

CREATE TRIGGER keys_keep BEFORE UPDATE ON keys
BEGIN
    SELECT RAISE(ABORT, 'a key is never changed');
END;

CREATE TRIGGER keys_stay BEFORE DELETE ON keys
BEGIN
    SELECT RAISE(ABORT, 'a key is never deleted');
END;
