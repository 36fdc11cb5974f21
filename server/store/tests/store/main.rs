//! The store from outside, on real files in temporary directories.

mod changes;
mod discovery;
mod disk;
mod groups;
mod history;
mod lab;
mod ledger;
mod memory;
mod naming;
mod older;
mod open;
mod property;
