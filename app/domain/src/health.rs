//! Troubles of links and switches: raised, counted, cleared.
//!
//! A link that goes down or a switch that stops answering is a reading, shown at once. It becomes history only as a
//! *trouble*, which has a life of its own:
//!
//! ```text
//!            bad without a break for the raise time, or came and went often within the clear time
//!   quiet ------------------------------------------------------------------------------------> raised
//!     ^                                                                                          |   | comes again:
//!     '---- good without a break for the clear time, or its subject left the picture ------------'<--' counted
//! ```
//!
//! So a cable that comes and goes for an hour is two entries with a count, and not thousands. [`Watch`] is the machine
//! of one subject, [`crate::ward`] keeps those of a switch.

use crate::address::{Link, LinkHealth};
use crate::ids::{AdapterId, HostId, Seq, SwitchId};
use crate::ledger::Event;
use crate::topology::{SwitchState, Topology};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;
use thiserror::Error;

/// How long something must be bad without a break before it is a trouble: 2.5 s. Equipment for SONET and SDH soaks its
/// failures for as long (Telcordia GR-253-CORE): less would raise what is over before anybody can look.
pub const RAISE_AFTER: Duration = Duration::from_millis(2_500);
/// How long it must be good without a break before the trouble is over: 10 s, as there.
pub const CLEAR_AFTER: Duration = Duration::from_secs(10);
/// What comes and goes so often within the clear time is a trouble, however short each time.
pub const FLAPS_RAISE: usize = 3;

/// What may be in trouble, and in which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Subject {
    /// A switch does not answer.
    SwitchAway(SwitchId),
    /// The cable to a host has no link.
    HostDown(HostId),
    /// The link to a host trained below its width or rate.
    HostNarrow(HostId),
    /// An adapter has no link, or is gone from its slot.
    AdapterDown(AdapterId),
    /// The link to an adapter trained below its width or rate.
    AdapterNarrow(AdapterId),
}

/// "host-3-down": a text so that it can be the key of a map in JSON, and of a row.
impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SwitchAway(id) => write!(f, "switch-{id}-away"),
            Self::HostDown(id) => write!(f, "host-{id}-down"),
            Self::HostNarrow(id) => write!(f, "host-{id}-narrow"),
            Self::AdapterDown(id) => write!(f, "adapter-{id}-down"),
            Self::AdapterNarrow(id) => write!(f, "adapter-{id}-narrow"),
        }
    }
}

impl From<Subject> for String {
    fn from(subject: Subject) -> Self {
        subject.to_string()
    }
}

/// A text that names nothing that can be in trouble.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0:?} names no trouble: write it as switch-1-away, host-2-down or adapter-3-narrow.")]
pub struct SubjectError(String);

impl FromStr for Subject {
    type Err = SubjectError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parse = || {
            let (rest, how) = text.rsplit_once('-')?;
            let (kind, id) = rest.split_once('-')?;
            let id: u32 = id.parse().ok()?;
            match (kind, how) {
                ("switch", "away") => Some(Self::SwitchAway(SwitchId::new(id))),
                ("host", "down") => Some(Self::HostDown(HostId::new(id))),
                ("host", "narrow") => Some(Self::HostNarrow(HostId::new(id))),
                ("adapter", "down") => Some(Self::AdapterDown(AdapterId::new(id))),
                ("adapter", "narrow") => Some(Self::AdapterNarrow(AdapterId::new(id))),
                _ => None,
            }
        };
        parse().ok_or_else(|| SubjectError(text.to_owned()))
    }
}

impl TryFrom<String> for Subject {
    type Error = SubjectError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl Subject {
    /// What happened, for the start of a sentence about it: "stopped answering".
    pub const fn came(self) -> &'static str {
        match self {
            Self::SwitchAway(_) => "stopped answering",
            Self::HostDown(_) | Self::AdapterDown(_) => "went down",
            Self::HostNarrow(_) | Self::AdapterNarrow(_) => "trained below its width or rate",
        }
    }

    /// How it ended: "answers again".
    pub const fn went(self) -> &'static str {
        match self {
            Self::SwitchAway(_) => "answers again",
            Self::HostDown(_) | Self::AdapterDown(_) => "is up again",
            Self::HostNarrow(_) | Self::AdapterNarrow(_) => "has its full width and rate again",
        }
    }

    /// What this happened to, by the name of the switch, host or adapter: "The link of web-01".
    pub fn of(self, name: &str) -> String {
        match self {
            Self::SwitchAway(_) => name.to_owned(),
            _ => format!("The link of {name}"),
        }
    }
}

/// A trouble that was raised and is not cleared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Raised {
    /// The switch it is of.
    pub switch: SwitchId,
    /// What its subject was called.
    pub name: String,
    /// The entry that raised it.
    pub since: Seq,
    /// When it began, which is earlier than the entry.
    pub at: DateTime<Utc>,
    /// How often it came since. A reading, in no entry until it is over; it is kept now and then, for a restart.
    pub times: u32,
}

/// ", came and went 12 times"; nothing for what came once.
pub fn counted(times: u32) -> String {
    if times > 1 { format!(", came and went {times} times") } else { String::new() }
}

/// The times of a trouble's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// See [`RAISE_AFTER`].
    pub raise_after: Duration,
    /// See [`CLEAR_AFTER`].
    pub clear_after: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { raise_after: RAISE_AFTER, clear_after: CLEAR_AFTER }
    }
}

/// What a subject was read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// All is well.
    Good,
    /// It is not.
    Bad,
}

/// What there is to write about a subject. Moments are counted from wherever the caller counts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is in trouble.
    Raise {
        /// When that began.
        since: Duration,
        /// How often it came.
        times: u32,
        /// Whether it is raised for coming and going: it may be gone at the moment.
        flapping: bool,
    },
    /// The trouble is over.
    Clear {
        /// When it was last over.
        since: Duration,
        /// How often it came.
        times: u32,
    },
}

/// Watches one subject: told every reading, says what is to be written, and is told when it is written. Holds
/// [`FLAPS_RAISE`] moments at most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watch {
    patience: Patience,
    /// What it was last known to be.
    last: Sign,
    /// Since when it is read so without a break; none while nothing is known.
    since: Option<Duration>,
    /// When it last came, oldest first.
    came: Vec<Duration>,
    /// What is to be raised and not written yet: it is no less true for being over meanwhile.
    owed: Option<Verdict>,
    /// Whether it is raised, and how often it came.
    raised: Option<u32>,
}

impl Watch {
    /// Watches something that was well when it was last heard of.
    pub const fn new(patience: Patience) -> Self {
        Self { patience, last: Sign::Good, since: None, came: Vec::new(), owed: None, raised: None }
    }

    /// Goes on watching something that was in trouble before a restart, and had come so often.
    pub fn resumed(patience: Patience, times: u32) -> Self {
        Self { last: Sign::Bad, raised: Some(times), ..Self::new(patience) }
    }

    /// Takes a reading; none when nothing can be known, which is a break in whatever it was.
    pub fn read(&mut self, at: Duration, sign: Option<Sign>) {
        self.soak(at);
        match sign {
            None => self.since = None,
            Some(sign) if sign == self.last => {
                self.since.get_or_insert(at);
            }
            Some(sign) => {
                (self.last, self.since) = (sign, Some(at));
                match sign {
                    Sign::Bad => self.comes(at),
                    Sign::Good => self.goes(at),
                }
            }
        }
    }

    /// When there will be something to write, if nothing else is read until then.
    pub fn due(&self) -> Option<Duration> {
        match (self.raised, self.owed, self.last) {
            (None, Some(_), _) => Some(Duration::ZERO),
            (None, None, Sign::Bad) => Some(self.since? + self.patience.raise_after),
            (Some(_), _, Sign::Good) => Some(self.since? + self.patience.clear_after),
            _ => None,
        }
    }

    /// What is to be written now, also when it was asked before and [`Watch::written`] has not followed.
    pub fn verdict(&mut self, at: Duration) -> Option<Verdict> {
        self.soak(at);
        let Some(times) = self.raised else { return self.owed };
        let since = self.since.filter(|_| self.last == Sign::Good)?;
        (at >= since + self.patience.clear_after).then_some(Verdict::Clear { since, times })
    }

    /// A verdict is in the ledger.
    pub fn written(&mut self, verdict: Verdict) {
        self.came.clear();
        self.raised = match (verdict, self.owed.take()) {
            // What came while it was being written is counted too.
            (Verdict::Raise { .. }, Some(Verdict::Raise { times, .. }))
            | (Verdict::Raise { times, .. }, _) => Some(times),
            (Verdict::Clear { .. }, _) => None,
        };
    }

    /// How often it came, while it is raised.
    pub const fn times(&self) -> Option<u32> {
        self.raised
    }

    fn comes(&mut self, at: Duration) {
        if let Some(times) = &mut self.raised {
            *times = times.saturating_add(1);
            return;
        }
        if let Some(Verdict::Raise { times, .. }) = &mut self.owed {
            *times = times.saturating_add(1);
            return;
        }
        let clear_after = self.patience.clear_after;
        self.came.retain(|came| at.saturating_sub(*came) <= clear_after);
        if self.came.len() == FLAPS_RAISE {
            self.came.remove(0);
        }
        self.came.push(at);
    }

    fn goes(&mut self, at: Duration) {
        let [first, ..] = self.came[..] else { return };
        if self.came.len() == FLAPS_RAISE && at.saturating_sub(first) <= self.patience.clear_after {
            self.owe(true);
        }
    }

    /// Notes that it was bad for long enough.
    fn soak(&mut self, at: Duration) {
        let bad = self.since.filter(|_| self.last == Sign::Bad);
        if bad.is_some_and(|since| at >= since + self.patience.raise_after) {
            self.owe(false);
        }
    }

    fn owe(&mut self, flapping: bool) {
        if self.raised.is_some() || self.owed.is_some() {
            return;
        }
        let Some(since) = self.came.first().copied().or(self.since) else { return };
        let times = u32::try_from(self.came.len()).unwrap_or(u32::MAX).max(1);
        self.owed = Some(Verdict::Raise { since, times, flapping });
    }
}

impl Topology {
    /// What can be in trouble on a switch, as it was last read; nothing for what cannot be known now. The links of a
    /// switch that does not answer are unknown, and so is the width of a link that is down.
    pub fn signs(&self, switch: SwitchId) -> impl Iterator<Item = (Subject, Option<Sign>)> {
        let state = self.switches.get(&switch).map(|s| s.state);
        state.into_iter().flat_map(move |state| self.signs_if(switch, state))
    }

    /// The same, as if the switch were in this state.
    pub(crate) fn signs_if(
        &self,
        switch: SwitchId,
        state: SwitchState,
    ) -> impl Iterator<Item = (Subject, Option<Sign>)> {
        let away = match state {
            SwitchState::Ready => Some(Sign::Good),
            SwitchState::Unreachable => Some(Sign::Bad),
            SwitchState::Connecting => None,
        };
        let known = move |link: &Link| (state == SwitchState::Ready).then(|| signs_of(link));
        let both = move |link: &Link| known(link).map_or((None, None), |(down, narrow)| (Some(down), narrow));
        let hosts = self.hosts.values().filter(move |host| host.switch == switch).flat_map(move |host| {
            let (down, narrow) = both(&host.link);
            [(Subject::HostDown(host.id), down), (Subject::HostNarrow(host.id), narrow)]
        });
        let adapters = self.adapters.values().filter(move |a| a.switch == switch).flat_map(move |adapter| {
            let (down, narrow) = both(&adapter.link);
            [(Subject::AdapterDown(adapter.id), down), (Subject::AdapterNarrow(adapter.id), narrow)]
        });
        std::iter::once((Subject::SwitchAway(switch), away)).chain(hosts).chain(adapters)
    }

    /// What a subject is called: the name of its switch or host, or of its adapter with the slot.
    pub fn name_of(&self, subject: Subject) -> Option<String> {
        match subject {
            Subject::SwitchAway(id) => self.switches.get(&id).map(|switch| switch.name.clone()),
            Subject::HostDown(id) | Subject::HostNarrow(id) => {
                self.hosts.get(&id).map(|host| host.name.clone())
            }
            Subject::AdapterDown(id) | Subject::AdapterNarrow(id) => {
                self.adapters.get(&id).map(|adapter| format!("{} in slot {}", adapter.name, adapter.slot))
            }
        }
    }

    /// The open troubles, the oldest first.
    pub fn troubles(&self) -> impl Iterator<Item = (Subject, &Raised)> {
        let mut open: Vec<_> = self.health.iter().map(|(subject, raised)| (*subject, raised)).collect();
        open.sort_by_key(|(_, raised)| raised.since);
        open.into_iter()
    }

    /// Whether a subject is in the picture.
    pub fn shows(&self, subject: Subject) -> bool {
        match subject {
            Subject::SwitchAway(id) => self.switches.contains_key(&id),
            Subject::HostDown(id) | Subject::HostNarrow(id) => self.hosts.contains_key(&id),
            Subject::AdapterDown(id) | Subject::AdapterNarrow(id) => self.adapters.contains_key(&id),
        }
    }

    /// How the link of a subject is, as a sentence; none for a switch.
    pub fn link_said(&self, subject: Subject) -> Option<String> {
        let (port, link) = match subject {
            Subject::SwitchAway(_) => return None,
            Subject::HostDown(id) | Subject::HostNarrow(id) => {
                self.hosts.get(&id).map(|host| (host.port, host.link))
            }
            Subject::AdapterDown(id) | Subject::AdapterNarrow(id) => {
                self.adapters.get(&id).map(|adapter| (adapter.slot, adapter.link))
            }
        }?;
        Some(if link.up { format!("Port {port} is {link}.") } else { format!("Port {port} has no link.") })
    }
}

fn signs_of(link: &Link) -> (Sign, Option<Sign>) {
    match link.health() {
        LinkHealth::Down => (Sign::Bad, None),
        LinkHealth::Narrow => (Sign::Good, Some(Sign::Bad)),
        LinkHealth::Up => (Sign::Good, Some(Sign::Good)),
    }
}

impl Event {
    /// What a trouble is of, for an event that raises or clears one.
    pub const fn subject(&self) -> Option<Subject> {
        match self {
            Self::HealthRaised { subject, .. } | Self::HealthCleared { subject, .. } => Some(*subject),
            _ => None,
        }
    }
}

#[cfg(test)]
#[path = "health_tests.rs"]
mod tests;
