//! The last thing that ended, said once.

use patchbay_domain::ChangeId;

/// A few words that stay until they are dismissed or something newer comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toast {
    /// What happened, as a sentence.
    pub text: String,
    /// The change that can be taken back from here.
    pub undo: Option<ChangeId>,
}

impl Toast {
    /// Just words.
    pub fn words(text: impl Into<String>) -> Self {
        Self { text: text.into(), undo: None }
    }
}
