//! What a face sends.

use patchbay_domain::{Generation, Intent, Reason};
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
