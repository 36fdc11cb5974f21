//! What can go wrong for whoever asks, and how it is said over HTTP.

use crate::view::TopologyView;
use patchbay_domain::{ChangeId, Excerpt, Generation, Moved, Refusal, touches};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use thiserror::Error;

/// Why a request was not met.
#[derive(Clone, Debug, PartialEq, Eq, Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApiError {
    /// The request cannot be read.
    #[error("{why}")]
    BadRequest {
        /// What is wrong with it and what to send instead.
        why: String,
    },
    /// The request is larger than the server takes.
    #[error("The request is larger than {limit_bytes} bytes. Split it into several changes.")]
    TooLarge {
        /// The limit.
        limit_bytes: u64,
    },
    /// A rule refuses the intent.
    #[error("{0}")]
    Refused(Refusal),
    /// Something that the intent touches has changed since the person looked.
    #[error("Since you looked, {}. Look again and repeat the move.", touches::in_a_sentence(.moved))]
    Stale {
        /// What the person saw.
        seen: Generation,
        /// What it is now.
        current: Generation,
        /// What changed, and by whom.
        moved: Vec<Moved>,
        /// What is true now of everything that the intent is about: enough to plan it again.
        now: Box<Excerpt>,
    },
    /// The idempotency key came with another request before.
    #[error(
        "This Idempotency-Key was sent with another request before, which became change {change}. Use a new key for a new request."
    )]
    KeyReused {
        /// The change it stands for.
        change: ChangeId,
    },
    /// The change can no longer be cancelled.
    #[error("Change {change} has begun: its first step was sent. Wait for its end, then undo it.")]
    Begun {
        /// The change.
        change: ChangeId,
    },
    /// The change has ended already.
    #[error("Change {change} has ended. Undo it instead.")]
    Ended {
        /// The change.
        change: ChangeId,
    },
    /// There is no such thing.
    #[error("There is no {what}. Check the address.")]
    NotFound {
        /// What was asked for, as in "change 12".
        what: String,
    },
    /// The path exists, for another method.
    #[error("This address does not take {method}.")]
    MethodNotAllowed {
        /// The method that was used.
        method: String,
    },
    /// The request was made by another site's page in the operator's browser.
    #[error("This request comes from another site's page, so nothing was done. Use Patchbay's own pages.")]
    ForeignPage,
    /// The request was sent to a name that is not this server's: another site's name may lead here, and its page would then
    /// pass for one of ours.
    #[error(
        "This server is not {host}, so nothing was done. Reach it at its number, as in 127.0.0.1, or at localhost."
    )]
    ForeignName {
        /// The name.
        host: String,
    },
    /// Too many changes wait for this switch.
    #[error("{waiting} changes already wait for {switch_name}. Try again when some have ended.")]
    QueueFull {
        /// The switch.
        switch_name: String,
        /// How many wait.
        waiting: u64,
    },
    /// The server is shutting down.
    #[error("Patchbay is stopping. Nothing was changed; try again when it is back.")]
    Stopping,
    /// The database cannot be read or written.
    #[error("{}", storage_in_words(.why.as_deref()))]
    Storage {
        /// What a person can do something about, as in "The disk is full."; none when only the log helps.
        why: Option<String>,
    },
}

fn storage_in_words(why: Option<&str>) -> &str {
    why.unwrap_or(
        "The history cannot be read or written right now, so nothing was changed. The server's log says why.",
    )
}

impl ApiError {
    /// The HTTP status, as the JSON door and the server functions answer it.
    pub const fn status(&self) -> u16 {
        match self {
            Self::BadRequest { .. } => 400,
            Self::ForeignPage => 403,
            Self::NotFound { .. } => 404,
            Self::MethodNotAllowed { .. } => 405,
            Self::ForeignName { .. } => 421,
            Self::Refused(Refusal::InFlight { .. } | Refusal::PortInFlight { .. })
            | Self::Stale { .. }
            | Self::Begun { .. }
            | Self::Ended { .. } => 409,
            Self::TooLarge { .. } => 413,
            Self::Refused(_) | Self::KeyReused { .. } => 422,
            Self::Storage { .. } => 500,
            Self::QueueFull { .. } | Self::Stopping => 503,
        }
    }

    /// A stable word for programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::BadRequest { .. } => "bad_request",
            Self::TooLarge { .. } => "too_large",
            Self::Refused(refusal) => refusal.code(),
            Self::Stale { .. } => "stale",
            Self::KeyReused { .. } => "key_reused",
            Self::Begun { .. } => "begun",
            Self::Ended { .. } => "ended",
            Self::NotFound { .. } => "not_found",
            Self::MethodNotAllowed { .. } => "method_not_allowed",
            Self::ForeignPage => "foreign_page",
            Self::ForeignName { .. } => "foreign_name",
            Self::QueueFull { .. } => "queue_full",
            Self::Stopping => "stopping",
            Self::Storage { .. } => "storage",
        }
    }

    const fn title(&self) -> &'static str {
        match self {
            Self::BadRequest { .. } => "The request cannot be read",
            Self::TooLarge { .. } => "The request is too large",
            Self::Refused(_) => "A rule refuses this",
            Self::Stale { .. } => "The rack has changed",
            Self::KeyReused { .. } => "The key stands for another request",
            Self::Begun { .. } => "The change has begun",
            Self::Ended { .. } => "The change has ended",
            Self::NotFound { .. } => "Not found",
            Self::MethodNotAllowed { .. } => "Not for this method",
            Self::ForeignPage => "From another site",
            Self::ForeignName { .. } => "For another server",
            Self::QueueFull { .. } => "Too many changes wait",
            Self::Stopping => "Patchbay is stopping",
            Self::Storage { .. } => "The history is not available",
        }
    }

    /// The body of the answer (RFC 9457).
    pub fn problem(&self) -> Problem {
        Problem {
            kind: format!("urn:patchbay:problem:{}", self.code()),
            title: self.title().to_owned(),
            status: self.status(),
            detail: self.to_string(),
            code: self.code().to_owned(),
            refusal: match self {
                Self::Refused(refusal) => Some(refusal.clone()),
                _ => None,
            },
            generation: match self {
                Self::Stale { current, .. } => Some(*current),
                _ => None,
            },
            moved: match self {
                Self::Stale { moved, .. } => moved.clone(),
                _ => Vec::new(),
            },
            topology: match self {
                Self::Stale { now, .. } => Some(TopologyView::of(&now.topology, now.seq, &BTreeMap::new())),
                _ => None,
            },
        }
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// An error as JSON, `application/problem+json` (RFC 9457).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Problem {
    /// A URN that names the kind of problem.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind of problem in a few words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong here and what to do.
    pub detail: String,
    /// A stable word for programs.
    pub code: String,
    /// The rule that refused, as data.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub refusal: Option<Refusal>,
    /// The generation to look at now, when the one seen is stale.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub generation: Option<Generation>,
    /// What changed since the person looked, and by whom.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub moved: Vec<Moved>,
    /// What a caller needs to plan again when the generation seen is stale: the topology as it is now, but only what the
    /// intent is about, and without vitals.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub topology: Option<TopologyView>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use patchbay_domain::{FunctionId, Seq, Topology, Toucher};

    #[test]
    fn a_refusal_is_422_and_a_conflict_with_a_change_in_flight_409() {
        let refused = ApiError::Refused(Refusal::Empty);
        assert_eq!((refused.status(), refused.code()), (422, "empty"));
        let in_flight = Refusal::InFlight {
            function: FunctionId::new(1),
            name: "eth16v1".to_owned(),
            change: ChangeId::new(2),
        };
        assert_eq!(ApiError::from(in_flight).status(), 409);
    }

    #[test]
    fn a_problem_has_the_fields_of_the_standard() {
        let stale = ApiError::Stale {
            seen: Generation::new(3),
            current: Generation::new(5),
            moved: vec![Moved {
                what: "eth16v5".to_owned(),
                by: Toucher::Outside,
                generation: Generation::new(4),
            }],
            now: Box::new(Excerpt {
                topology: Topology { generation: Generation::new(5), ..Topology::default() },
                seq: Seq::new(31),
            }),
        };
        let json = serde_json::to_value(stale.problem()).expect("a problem is JSON");
        assert_eq!(json["type"], "urn:patchbay:problem:stale");
        assert_eq!(json["status"], 409);
        assert_eq!(json["generation"], 5);
        assert_eq!(
            json["detail"],
            "Since you looked, eth16v5 was changed at the switch, past Patchbay. Look again and repeat the move."
        );
        assert_eq!(json["moved"][0]["what"], "eth16v5");
        assert_eq!(
            (json["topology"]["generation"].as_u64(), json["topology"]["seq"].as_u64()),
            (Some(5), Some(31))
        );
        assert!(json.get("refusal").is_none());
        let refused =
            serde_json::to_value(ApiError::from(Refusal::Empty).problem()).expect("a problem is JSON");
        assert!(refused.get("topology").is_none(), "only for a stale one");
    }
}
