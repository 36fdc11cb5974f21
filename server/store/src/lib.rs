//! The only room with SQL: topology, assignments, changes and the ledger in SQLite.
