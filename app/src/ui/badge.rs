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

/// How far a change without an outcome is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    /// Nobody looked.
    #[default]
    Open,
    /// It waits for its turn, and can be cancelled.
    Waiting,
    /// Its first step was sent.
    Running,
}

impl Stage {
    /// Of a change that has not ended.
    pub const fn of(begun: bool) -> Self {
        if begun { Self::Running } else { Self::Waiting }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Waiting => "waiting",
            Self::Running => "running",
        }
    }
}

/// The tone of a change; one without an outcome is on its way. One that could not be finished is settled when later changes
/// decided about all of it.
pub const fn outcome_tone(outcome: Option<Outcome>, settled: bool) -> Tone {
    match outcome {
        Some(Outcome::Applied) => Tone::Ok,
        Some(Outcome::Stuck) if !settled => Tone::Bad,
        Some(Outcome::RolledBack | Outcome::Stuck) => Tone::Warn,
        None => Tone::Busy,
    }
}

/// The word for a change.
const fn outcome_word(outcome: Option<Outcome>, stage: Stage, settled: bool) -> &'static str {
    match outcome {
        Some(Outcome::Stuck) if settled => "settled",
        Some(outcome) => outcome.words(),
        None => stage.word(),
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

/// How a change ended, or how far it is.
#[component]
pub fn OutcomeBadge(
    /// How it ended; none while it is open.
    outcome: Option<Outcome>,
    /// How far it is until then.
    #[prop(optional)]
    stage: Stage,
    /// Of one that could not be finished, whether later ones decided about all of it.
    #[prop(optional)]
    settled: bool,
) -> impl IntoView {
    view! {
        <span class="badge" data-tone=outcome_tone(outcome, settled).word()>
            {outcome_word(outcome, stage, settled)}
        </span>
    }
}
