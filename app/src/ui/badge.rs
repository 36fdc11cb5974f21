//! Badges: one word and a colour for a state.

use leptos::prelude::*;
use patchbay_domain::{LinkHealth, Outcome, SwitchState};

/// What a colour says. The word beside it says the same, so that nobody needs to see the colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// As it should be.
    Ok,
    /// Works, but look at it.
    Warn,
    /// Does not work.
    Bad,
    /// On its way.
    Busy,
}

impl Tone {
    /// The word in `data-tone`, which the style sheet colours.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Bad => "bad",
            Self::Busy => "busy",
        }
    }
}

impl From<LinkHealth> for Tone {
    fn from(health: LinkHealth) -> Self {
        match health {
            LinkHealth::Up => Self::Ok,
            LinkHealth::Narrow => Self::Warn,
            LinkHealth::Down => Self::Bad,
        }
    }
}

impl From<SwitchState> for Tone {
    fn from(state: SwitchState) -> Self {
        match state {
            SwitchState::Ready => Self::Ok,
            SwitchState::Connecting => Self::Busy,
            SwitchState::Unreachable => Self::Bad,
        }
    }
}

/// The tone of a change; one without an outcome still runs.
pub const fn outcome_tone(outcome: Option<Outcome>) -> Tone {
    match outcome {
        Some(Outcome::Applied) => Tone::Ok,
        Some(Outcome::RolledBack) => Tone::Warn,
        Some(Outcome::Stuck) => Tone::Bad,
        None => Tone::Busy,
    }
}

/// The word for a change; one without an outcome still runs.
pub const fn outcome_word(outcome: Option<Outcome>) -> &'static str {
    match outcome {
        Some(outcome) => outcome.words(),
        None => "running",
    }
}

/// How a change ended that only made the history follow what was found.
pub const ACCEPTED: &str = "Accepted: the history follows what was found. No switch was touched.";

/// How a link is: up, narrow, down.
#[component]
pub fn LinkBadge(
    /// How it is.
    health: LinkHealth,
) -> impl IntoView {
    view! { <span class="badge" data-tone=Tone::from(health).word()>{health.word()}</span> }
}

/// Whether a switch answers.
#[component]
pub fn StateBadge(
    /// Whether it does.
    state: SwitchState,
) -> impl IntoView {
    view! { <span class="badge" data-tone=Tone::from(state).word()>{state.word()}</span> }
}

/// How a change ended, or that it runs.
#[component]
pub fn OutcomeBadge(
    /// How it ended; none while it runs.
    outcome: Option<Outcome>,
) -> impl IntoView {
    view! {
        <span class="badge" data-tone=outcome_tone(outcome).word()>
            {outcome_word(outcome)}
        </span>
    }
}
