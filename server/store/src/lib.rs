//! The only room with SQL: topology, assignments, changes and the ledger in SQLite.
//!
//! Every write is one transaction that changes the tables and appends to the ledger, on one connection, so entries
//! are numbered without gaps and tables and ledger never disagree: folding all entries with
//! [`Topology::apply`] gives what [`Store::load`] reads from the tables, but for whether switches answer and for what
//! they and hosts were renamed to.
//!
//! * `open`, `log`, `writer`: the files, their lock, settings and migrations, and the one connection that writes;
//! * `writing`, `draft`, `image`, `write`, `bulk`: what is written, worked out in memory, written in groups;
//! * `chained`, `ledger`, `lines`, `verify`: entries, what people read of them, proving them;
//! * `picture`, `identify`, `naming`, `discovery`, `events`, `changes`, `keys`, `settle`: reading and writing the tables;
//! * `history`, `moment`: searching, and what was wished at any entry;
//! * `records`, [`memory`]: what the engine needs of all this, and the same without a database for simulations.

mod bulk;
mod chained;
mod changes;
mod counts;
mod discovery;
#[cfg(test)]
mod disk_tests;
mod draft;
mod error;
mod events;
mod history;
mod identify;
mod image;
mod keys;
mod ledger;
mod lines;
mod log;
pub mod memory;
mod moment;
mod naming;
mod open;
mod picture;
mod records;
mod row;
mod settle;
mod verify;
mod write;
mod writer;
mod writing;

pub use error::{Contradiction, StoreError, Unreadable};
pub use identify::Names;
pub use open::Store;
pub use picture::Loaded;
pub use records::Records;
pub use verify::Verified;
pub use writing::{Closing, Keyed, Opening, WRITINGS_MAX, Writing};

#[cfg(doc)]
use patchbay_domain::Topology;
