//! What a face sends.

use patchbay_domain::{ChangeId, Generation, Intent, Reason, Seq};
use serde::{Deserialize, Serialize};

/// A request for a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeRequest {
    /// What shall happen.
    pub intent: Intent,
    /// Why, for the history.
    pub reason: Reason,
    /// The generation the person looked at while deciding.
    pub seen: Generation,
}

/// A way back that somebody asks about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WayBack {
    /// Undo a change.
    Undo(ChangeId),
    /// Finish a change that is stuck.
    Retry(ChangeId),
    /// Accept what the switch says after a change that is stuck.
    Accept(ChangeId),
    /// Restore what was wished when this entry had been written.
    Restore(Seq),
    /// Restore what was wished when this generation had come about.
    RestoreGeneration(Generation),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_without_a_reason_says_so() {
        let text = r#"{"intent":{"moves":[{"function":1,"to":2}]},"reason":" ","seen":4}"#;
        let error = serde_json::from_str::<ChangeRequest>(text).expect_err("an empty reason");
        assert!(error.to_string().contains("needs a reason"), "{error}");
    }
}
