//! Why the engine does not do something.

use patchbay_domain::{ChangeId, Excerpt, Generation, Moved, Refusal, touches};
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
    /// Something that it touches has changed since the person looked.
    #[error("Since you looked, {}.", touches::in_a_sentence(.moved))]
    Stale {
        /// What the person saw.
        seen: Generation,
        /// What it is now.
        current: Generation,
        /// What changed, and by whom.
        moved: Vec<Moved>,
        /// What is true now of everything that the intent is about.
        now: Box<Excerpt>,
    },
    /// The idempotency key came with another request before.
    #[error("This idempotency key was used for another request, which is change {change}.")]
    KeyReused {
        /// The change it stands for.
        change: ChangeId,
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

/// Why a change is not cancelled.
#[derive(Debug, Error)]
pub enum CancelError {
    /// There is no open change with this id.
    #[error("Change {change} is not open.")]
    NotOpen {
        /// The id asked for.
        change: ChangeId,
    },
    /// Its first step was sent.
    #[error("Change {change} has begun: its first step was sent. Wait for its end, then undo it.")]
    Begun {
        /// The change.
        change: ChangeId,
    },
    /// The end of the change could not be recorded; it goes on being tried.
    #[error("The end of change {change} cannot be written down right now. It will not begin.")]
    Unrecorded {
        /// The change.
        change: ChangeId,
    },
}
