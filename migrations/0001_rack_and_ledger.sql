-- What the switches last said, who has which function, the changes, and the ledger that proves it all.
--
-- Ids are AUTOINCREMENT: a number once given is never given to anything else, not even after a deletion. Rows of
-- things that left the picture are kept for the same reason: what comes back gets its old id.

-- The picture's generation. One row.
CREATE TABLE picture (
    id         INTEGER PRIMARY KEY CHECK (id = 1),
    generation INTEGER NOT NULL CHECK (generation >= 0)
) STRICT;

INSERT INTO picture (id, generation) VALUES (1, 0);

CREATE TABLE switches (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    -- What makes it the same switch after a restart, whatever it is called now.
    key      TEXT NOT NULL UNIQUE CHECK (key <> ''),
    name     TEXT NOT NULL,
    address  TEXT NOT NULL,
    model    TEXT NOT NULL DEFAULT '',
    firmware TEXT NOT NULL DEFAULT '',
    -- Whether the ledger last said that it stopped answering.
    lost     INTEGER NOT NULL DEFAULT 0 CHECK (lost IN (0, 1))
) STRICT;

-- Physical ports, with the link that each reported last.
CREATE TABLE ports (
    switch           INTEGER NOT NULL REFERENCES switches (id),
    port             INTEGER NOT NULL CHECK (port BETWEEN 0 AND 255),
    role             TEXT NOT NULL CHECK (role IN ('host', 'slot')),
    -- Whether the last reading of the switch had it.
    shown            INTEGER NOT NULL CHECK (shown IN (0, 1)),
    -- Places in the virtual domain behind a host port; slots have none.
    logical_ports    INTEGER CHECK (logical_ports BETWEEN 0 AND 255),
    up               INTEGER NOT NULL CHECK (up IN (0, 1)),
    width            INTEGER NOT NULL CHECK (width BETWEEN 0 AND 255),
    rate             TEXT,
    configured_width INTEGER NOT NULL CHECK (configured_width BETWEEN 0 AND 255),
    configured_rate  TEXT,
    PRIMARY KEY (switch, port),
    CHECK ((role = 'host') = (logical_ports IS NOT NULL))
) STRICT, WITHOUT ROWID;

CREATE TABLE hosts (
    id   INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL CHECK (name <> '')
) STRICT;

-- Which host is at the other end of a host port's cable.
CREATE TABLE cables (
    switch INTEGER NOT NULL,
    port   INTEGER NOT NULL,
    host   INTEGER NOT NULL REFERENCES hosts (id),
    PRIMARY KEY (switch, port),
    FOREIGN KEY (switch, port) REFERENCES ports (switch, port)
) STRICT, WITHOUT ROWID;

CREATE INDEX cables_by_host ON cables (host);

CREATE TABLE adapters (
    id               INTEGER PRIMARY KEY AUTOINCREMENT,
    switch           INTEGER NOT NULL,
    slot             INTEGER NOT NULL,
    -- The PCI identity: another card in the same slot is another adapter.
    vendor           INTEGER NOT NULL CHECK (vendor BETWEEN 0 AND 65535),
    device           INTEGER NOT NULL CHECK (device BETWEEN 0 AND 65535),
    subsystem_vendor INTEGER NOT NULL CHECK (subsystem_vendor BETWEEN 0 AND 65535),
    subsystem_device INTEGER NOT NULL CHECK (subsystem_device BETWEEN 0 AND 65535),
    kind             TEXT NOT NULL,
    name             TEXT NOT NULL CHECK (name <> ''),
    -- absent: the slot is empty; replaced: something else is there now, and this card is not shown any more.
    state            TEXT NOT NULL CHECK (state IN ('present', 'absent', 'replaced')),
    UNIQUE (switch, slot, vendor, device, subsystem_vendor, subsystem_device),
    FOREIGN KEY (switch, slot) REFERENCES ports (switch, port)
) STRICT;

CREATE UNIQUE INDEX one_adapter_in_a_slot ON adapters (switch, slot) WHERE state <> 'replaced';

CREATE TABLE functions (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    adapter INTEGER NOT NULL REFERENCES adapters (id),
    -- 0 for the PF, VFs counted from 1.
    number  INTEGER NOT NULL CHECK (number BETWEEN 0 AND 65535),
    pdfid   TEXT NOT NULL,
    role    TEXT NOT NULL CHECK (role IN ('pf', 'vf')),
    -- Whether the last reading that had the adapter had the function too.
    shown   INTEGER NOT NULL CHECK (shown IN (0, 1)),
    UNIQUE (adapter, number)
) STRICT;

-- A function belongs to at most one host: the primary key. The place is not unique: while a change is on its way,
-- somebody may bind another function to a place that the picture still shows as taken, and that must be recordable.
CREATE TABLE assignments (
    function     INTEGER PRIMARY KEY REFERENCES functions (id),
    host         INTEGER NOT NULL REFERENCES hosts (id),
    logical_port INTEGER NOT NULL CHECK (logical_port BETWEEN 0 AND 255),
    number       INTEGER NOT NULL CHECK (number BETWEEN 0 AND 7)
) STRICT;

CREATE INDEX assignments_by_host ON assignments (host);

-- The ledger. `event` stands last because it can be large: what is in front of it is read without it.
CREATE TABLE ledger (
    seq   INTEGER PRIMARY KEY CHECK (seq >= 1),
    at    TEXT NOT NULL CHECK (at GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9].[0-9][0-9][0-9]Z'),
    kind  TEXT NOT NULL,
    actor TEXT NOT NULL CHECK (json_valid(actor)),
    prev  TEXT NOT NULL CHECK (length(prev) = 64),
    hash  TEXT NOT NULL CHECK (length(hash) = 64),
    event TEXT NOT NULL CHECK (json_valid(event))
) STRICT;

-- An INSERT OR REPLACE removes the old row without firing the delete trigger, but fires this one first.
CREATE TRIGGER ledger_continues BEFORE INSERT ON ledger
BEGIN
    SELECT RAISE(ABORT, 'the ledger takes only the entry that follows the last one')
    WHERE NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM ledger)
       OR NEW.prev <> coalesce((SELECT hash FROM ledger ORDER BY seq DESC LIMIT 1),
                               '0000000000000000000000000000000000000000000000000000000000000000');
END;

CREATE TRIGGER ledger_keeps BEFORE UPDATE ON ledger
BEGIN
    SELECT RAISE(ABORT, 'a ledger entry is never changed');
END;

CREATE TRIGGER ledger_never_forgets BEFORE DELETE ON ledger
BEGIN
    SELECT RAISE(ABORT, 'a ledger entry is never deleted');
END;

-- Which entries opened and closed each change: who, why and what stands in those, and only there. What the history
-- filters by and shows of every line stands here too. Changes are never deleted, so no number is given twice.
CREATE TABLE changes (
    id         INTEGER PRIMARY KEY,
    opened_seq INTEGER NOT NULL UNIQUE REFERENCES ledger (seq),
    closed_seq INTEGER REFERENCES ledger (seq),
    outcome    TEXT CHECK (outcome IN ('applied', 'rolled_back', 'stuck')),
    why        TEXT,
    CHECK ((closed_seq IS NULL) = (outcome IS NULL)),
    CHECK (closed_seq > opened_seq)
) STRICT;

CREATE UNIQUE INDEX changes_closed ON changes (closed_seq) WHERE closed_seq IS NOT NULL;
CREATE INDEX changes_open ON changes (id) WHERE closed_seq IS NULL;
CREATE INDEX changes_by_outcome ON changes (outcome, opened_seq) WHERE outcome IS NOT NULL;

CREATE TRIGGER changes_close_once BEFORE UPDATE ON changes
WHEN OLD.closed_seq IS NOT NULL OR NEW.closed_seq IS NULL
  OR NEW.id <> OLD.id OR NEW.opened_seq <> OLD.opened_seq
BEGIN
    SELECT RAISE(ABORT, 'a change is closed once and otherwise never changed');
END;

CREATE TRIGGER changes_stay BEFORE DELETE ON changes
BEGIN
    SELECT RAISE(ABORT, 'a change is never deleted');
END;

-- One line of the history for each entry that has one, so that searching reads no large events.
CREATE TABLE lines (
    seq    INTEGER PRIMARY KEY REFERENCES ledger (seq),
    at     TEXT NOT NULL,
    kind   TEXT NOT NULL CHECK (kind IN ('change', 'discovery', 'links', 'drift', 'reachability')),
    -- Who, where it was a person.
    person TEXT,
    title  TEXT NOT NULL,
    reason TEXT
) STRICT;

CREATE INDEX lines_by_time ON lines (at);
CREATE INDEX lines_by_kind ON lines (kind);
CREATE INDEX lines_by_person ON lines (person) WHERE person IS NOT NULL;

-- What each line touched.
CREATE TABLE subjects (
    kind TEXT NOT NULL CHECK (kind IN ('host', 'adapter', 'function')),
    id   INTEGER NOT NULL,
    seq  INTEGER NOT NULL REFERENCES lines (seq),
    PRIMARY KEY (kind, id, seq)
) STRICT, WITHOUT ROWID;
