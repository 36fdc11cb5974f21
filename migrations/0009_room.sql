-- What is written to see whether a disk that was full has room again. As much as a change of some dozens of functions
-- needs, since a page or two fit into the log long before that does.
CREATE TABLE room (
    id  INTEGER PRIMARY KEY CHECK (id = 1),
    pad BLOB NOT NULL CHECK (length(pad) = 65536)
) STRICT;

INSERT INTO room (id, pad) VALUES (1, zeroblob(65536));
