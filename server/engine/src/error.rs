//! Why the engine does not do something.

use patchbay_domain::{Generation, Refusal};
use patchbay_store::StoreError;
use thiserror::Error;

/// Why the engine cannot start or go on.
#[derive(Debug, Error)]
pub enum EngineError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Two of the configured switches are the same one.
    #[error("The switch {key} is given twice. Name each switch once.")]
    SameSwitch {
        /// Its key.
        key: String,
    },
}

/// Why a change is not accepted. Nothing was recorded then, and nothing will happen.
#[derive(Debug, Error)]
pub enum SubmitError {
    /// A rule refuses it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The rack has changed since the person looked.
    #[error("The rack has changed: generation {seen} was seen, it is now {current}.")]
    Stale {
        /// What the person saw.
        seen: Generation,
        /// What it is now.
        current: Generation,
    },
    /// Too many changes wait for this switch.
    #[error("{waiting} changes already wait for {switch_name}.")]
    QueueFull {
        /// The switch.
        switch_name: String,
        /// How many wait.
        waiting: usize,
    },
    /// The engine is stopping.
    #[error("The engine is stopping.")]
    Stopping,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
