//! The history as people read it: one line for each change and each event.

use crate::health::{Subject, counted};
use crate::words::{duration, list};
use crate::{
    Actor, AdapterId, ChangeId, Difference, Entry, Event, Function, FunctionId, HostId, Left, Outcome,
    Reason, Seq,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The most history lines on one page: two screens of scrolling.
pub const HISTORY_PAGE_MAX: u32 = 200;
/// The most ledger entries in one answer: a discovery of a large switch is some 300 kB, so more would not help.
pub const LEDGER_PAGE_MAX: u32 = 1_000;
/// The longest search text, in characters.
pub const SEARCH_MAX_CHARS: usize = 200;

/// What a history line is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemKind {
    /// A change that a person asked for.
    Change,
    /// A switch was added or discovered anew.
    Discovery,
    /// A link is in trouble, or no longer.
    Links,
    /// Bindings were found that Patchbay did not make.
    Drift,
    /// A switch stopped answering or answers again.
    Reachability,
}

/// How changes ended that somebody looks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// Applied.
    Applied,
    /// Rolled back.
    RolledBack,
    /// Could not be finished, whatever came of it since.
    Stuck,
    /// Could not be finished, and about one of its functions nothing was decided since.
    NeedsYou,
}

impl Ending {
    /// The outcome of such changes.
    pub const fn outcome(self) -> Outcome {
        match self {
            Self::Applied => Outcome::Applied,
            Self::RolledBack => Outcome::RolledBack,
            Self::Stuck | Self::NeedsYou => Outcome::Stuck,
        }
    }
}

/// One line of the history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryItem {
    /// The ledger entry it stands for; for a change, the entry that opened it.
    pub seq: Seq,
    /// When.
    pub at: DateTime<Utc>,
    /// Who.
    pub actor: Actor,
    /// What it is about.
    pub kind: ItemKind,
    /// What happened, in a sentence without a full stop.
    pub title: String,
    /// The change, if it is one.
    pub change: Option<ChangeId>,
    /// How the change ended; none while it runs, and for events.
    pub outcome: Option<Outcome>,
    /// Why the change was made; for an event, details in a sentence.
    pub reason: Option<String>,
    /// Why it was not applied, as a sentence.
    pub why: Option<String>,
    /// Of a change that could not be finished, whether it needs nobody any more: later ones decided about each of its
    /// functions that is still there.
    pub settled: bool,
}

/// What to show of the history. All of it travels in the page's address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HistoryQuery {
    /// Only what touched this host.
    pub host: Option<HostId>,
    /// Only what touched functions of this adapter.
    pub adapter: Option<AdapterId>,
    /// Only what touched this function.
    pub function: Option<FunctionId>,
    /// Only changes that were made from this one: to undo it, to try it again, or to accept what it left.
    pub made_from: Option<ChangeId>,
    /// Only what this person did.
    pub person: Option<String>,
    /// Only this kind.
    pub kind: Option<ItemKind>,
    /// Only changes that ended like this.
    pub outcome: Option<Ending>,
    /// Only from this moment on.
    pub from: Option<DateTime<Utc>>,
    /// Only before this moment.
    pub to: Option<DateTime<Utc>>,
    /// Only what has this text in its title or reason.
    pub text: Option<String>,
    /// Only what is older than this entry: the next page.
    pub before: Option<Seq>,
    /// How many lines; at most [`HISTORY_PAGE_MAX`], which is also the default.
    pub limit: Option<u32>,
}

impl HistoryQuery {
    /// How many lines to read, bounded.
    pub fn limit(&self) -> u32 {
        self.limit.unwrap_or(HISTORY_PAGE_MAX).clamp(1, HISTORY_PAGE_MAX)
    }
}

/// One page of the history, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryPage {
    /// The lines.
    pub items: Vec<HistoryItem>,
    /// Where the next page starts; none on the last one.
    pub next: Option<Seq>,
}

/// Ledger entries, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerPage {
    /// The entries.
    pub entries: Vec<Entry>,
    /// Ask for the entries after this one next; none when these were the last.
    pub next_after: Option<Seq>,
}

impl HistoryItem {
    /// The line for an entry. An entry that closes a change has no line of its own: it ends the change's line, see
    /// [`HistoryItem::close`].
    pub fn of(entry: &Entry, switch_name: &str) -> Option<Self> {
        let (kind, title, reason) = match &entry.event {
            Event::ChangeOpened { plan, reason, .. } => {
                (ItemKind::Change, plan.title.clone(), Some(Reason::as_str(reason).to_owned()))
            }
            Event::ChangeClosed { .. } => return None,
            other => describe(other, switch_name),
        };
        Some(Self {
            seq: entry.seq,
            at: entry.at,
            actor: entry.actor.clone(),
            kind,
            title,
            change: entry.event.change(),
            outcome: None,
            reason,
            why: None,
            settled: false,
        })
    }

    /// Ends the line of the change that an entry closes; does nothing for other lines.
    pub fn close(&mut self, entry: &Entry) {
        if let Event::ChangeClosed { change, outcome, why, .. } = &entry.event
            && self.change == Some(*change)
        {
            self.outcome = Some(*outcome);
            self.why.clone_from(why);
        }
    }
}

/// Kind, title and details of an event that is not about a change.
fn describe(event: &Event, switch_name: &str) -> (ItemKind, String, Option<String>) {
    match event {
        Event::SwitchAdded { name, address, .. } => {
            (ItemKind::Discovery, format!("Added {name}"), Some(format!("Reached at {address}.")))
        }
        Event::Discovered { picture, .. } => {
            let (hosts, adapters) =
                (picture.hosts.len(), picture.adapters.iter().filter(|a| a.present).count());
            let there = |f: &&Function| picture.adapters.iter().any(|a| a.present && a.id == f.adapter);
            let functions = picture.functions.iter().filter(there).count();
            let details = format!("{hosts} host ports, {adapters} adapters, {functions} functions.");
            let details = format!("{details}{}{}", left(&picture.left), returned(picture.returned.len()));
            (ItemKind::Discovery, format!("Discovered {switch_name}"), Some(details))
        }
        Event::LinksChanged { links, .. } => {
            let ports: Vec<_> = links.iter().map(|(port, link)| format!("port {port}: {link}")).collect();
            let title = format!("{switch_name} reports changed links");
            (ItemKind::Links, title, Some(format!("Now {}.", list(&ports))))
        }
        Event::BindingsFound { differences, .. } => {
            let (title, details) = found(switch_name, differences);
            (ItemKind::Drift, title, Some(details))
        }
        Event::SwitchLost { why, .. } => {
            (ItemKind::Reachability, format!("{switch_name} stopped answering"), Some(why.clone()))
        }
        Event::SwitchReached { .. } => (ItemKind::Reachability, format!("{switch_name} answers again"), None),
        Event::HealthRaised { subject, name, why, .. } => {
            (kind_of(*subject), format!("{} {}", subject.of(name), subject.came()), Some(why.clone()))
        }
        Event::HealthCleared { subject, name, times, lasted_ms, gone, .. } => {
            let (what, long) = (subject.of(name), duration(*lasted_ms));
            let title = if *gone {
                format!("{name} is no longer there, and its trouble is over")
            } else {
                format!("{what} {} after {long}{}", subject.went(), counted(*times))
            };
            (kind_of(*subject), title, None)
        }
        Event::ChangeOpened { .. } | Event::ChangeClosed { .. } => (ItemKind::Change, String::new(), None),
    }
}

const fn kind_of(subject: Subject) -> ItemKind {
    match subject {
        Subject::SwitchAway(_) => ItemKind::Reachability,
        Subject::HostDown(_)
        | Subject::HostNarrow(_)
        | Subject::AdapterDown(_)
        | Subject::AdapterNarrow(_) => ItemKind::Links,
    }
}

/// What a card took along that is not in its slot any more.
fn left(left: &[Left]) -> String {
    if left.is_empty() {
        return String::new();
    }
    let names: Vec<_> = left.iter().map(|one| format!("{} of {}", one.name, one.host_name)).collect();
    format!(" No longer there, and wished as before on return: {}.", list(&names))
}

fn returned(count: usize) -> String {
    match count {
        0 => String::new(),
        1 => " One function is back, and wished where it was before.".to_owned(),
        _ => format!(" {count} functions are back, and wished where they were before."),
    }
}

/// Title and details of what was found. It is blamed on the changes that left it, unless somebody else had a hand in it.
fn found(switch_name: &str, differences: &[Difference]) -> (String, String) {
    let left_by: Option<BTreeSet<ChangeId>> = differences.iter().map(|one| one.left_by).collect();
    let changes: Vec<_> = left_by.into_iter().flatten().map(|change| change.to_string()).collect();
    let title = match changes.as_slice() {
        [] => format!("{switch_name} was changed outside Patchbay"),
        [one] => format!("{switch_name} is as change {one} left it, which was not finished"),
        all => format!("{switch_name} is as changes {} left it, which were not finished", list(all)),
    };
    let one = |d: &Difference| {
        let left = d.left_by.filter(|_| changes.len() != 1).map(|change| format!(" by change {change}"));
        format!("{}{}", where_to(d), left.unwrap_or_default())
    };
    let moved = list(&differences.iter().map(one).collect::<Vec<_>>());
    (title, format!("Found moved: {moved}. The board follows the switch."))
}

/// From where to where a function was found moved.
fn where_to(difference: &Difference) -> String {
    let name = |host: &Option<String>| host.clone().unwrap_or_else(|| "the pool".to_owned());
    let Difference { name: function, recorded_name, found_name, .. } = difference;
    if recorded_name == found_name {
        return format!("{function} on another logical port of {}", name(found_name));
    }
    format!("{function} from {} to {}", name(recorded_name), name(found_name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Hash, SwitchId};

    fn entry(event: Event) -> Entry {
        let (at, actor) = (DateTime::UNIX_EPOCH, Actor::Engine);
        Entry { seq: Seq::new(4), at, actor, event, prev: Hash::ZERO, hash: Hash::ZERO }
    }

    #[test]
    fn a_switch_that_went_away_is_a_line_with_the_reason() {
        let lost = Event::SwitchLost { switch: SwitchId::new(1), why: "No answer.".to_owned() };
        let item = HistoryItem::of(&entry(lost), "rack-12-pax").expect("a line");
        assert_eq!(item.title, "rack-12-pax stopped answering");
        assert_eq!(item.reason.as_deref(), Some("No answer."));
    }

    #[test]
    fn what_leaves_with_a_card_and_returns_with_it_is_in_the_line() {
        let mut picture = crate::SwitchPicture::default();
        let details = |picture: &crate::SwitchPicture| {
            let event = Event::Discovered { switch: SwitchId::new(1), picture: picture.clone() };
            HistoryItem::of(&entry(event), "rack-12-pax").and_then(|line| line.reason).expect("details")
        };
        assert_eq!(details(&picture), "0 host ports, 0 adapters, 0 functions.");
        let (function, name) = (FunctionId::new(7), "eth16v1".to_owned());
        picture.left = vec![Left { function, name, host_name: "web-01".to_owned() }];
        let line = details(&picture);
        assert!(
            line.ends_with(" No longer there, and wished as before on return: eth16v1 of web-01."),
            "{line}"
        );
        picture.returned = vec![crate::Returned { function, wished: None }];
        let line = details(&picture);
        assert!(line.ends_with(" One function is back, and wished where it was before."), "{line}");
    }

    #[test]
    fn what_is_not_in_its_slot_is_not_counted() {
        let mut t = crate::fixture::topology();
        let nic = crate::fixture::NIC;
        let without = t.functions.len() - t.functions_of_adapter(nic).len();
        t.adapters.get_mut(&nic).expect("in the fixture").present = false;
        let event =
            Event::Discovered { switch: crate::fixture::SWITCH, picture: crate::fixture::picture(&t) };
        let line = HistoryItem::of(&entry(event), "pax").and_then(|line| line.reason).expect("details");
        assert!(line.contains(&format!(" {without} functions.")), "{line}");
    }

    #[test]
    fn what_changes_left_that_could_not_be_finished_is_blamed_on_nobody_else() {
        let one = |name: &str, left_by: Option<u64>| Difference {
            function: FunctionId::new(7),
            name: name.to_owned(),
            recorded: None,
            recorded_name: None,
            found: None,
            found_name: Some("web-01".to_owned()),
            left_by: left_by.map(ChangeId::new),
        };
        let line = |differences| {
            let event = Event::BindingsFound { switch: SwitchId::new(1), differences };
            let line = HistoryItem::of(&entry(event), "pax").expect("a line");
            (line.title, line.reason.expect("details"))
        };
        let (title, details) = line(vec![one("a", Some(12)), one("b", Some(12))]);
        assert_eq!(title, "pax is as change 12 left it, which was not finished");
        assert!(!details.contains("by change"), "{details}");
        let (title, details) = line(vec![one("a", Some(12)), one("b", Some(13))]);
        assert_eq!(title, "pax is as changes 12 and 13 left it, which were not finished");
        assert!(details.contains("a from the pool to web-01 by change 12 and b"), "{details}");
        let (title, details) = line(vec![one("a", Some(12)), one("b", None)]);
        assert_eq!(title, "pax was changed outside Patchbay");
        assert!(details.contains("by change 12 and b from the pool to web-01."), "{details}");
    }

    #[test]
    fn a_trouble_is_a_line_when_it_comes_and_one_when_it_is_over() {
        let (switch, subject) = (SwitchId::new(1), Subject::HostDown(HostId::new(2)));
        let (name, why) = ("web-01".to_owned(), "Port 0 has no link.".to_owned());
        let cleared = |times, gone| Event::HealthCleared {
            switch,
            subject,
            name: name.clone(),
            times,
            lasted_ms: 185_000,
            gone,
        };
        let since = DateTime::UNIX_EPOCH;
        let raised =
            Event::HealthRaised { switch, subject, name: name.clone(), why: why.clone(), since, times: 1 };
        let line = HistoryItem::of(&entry(raised), "rack-12-pax").expect("a line");
        assert_eq!((line.kind, line.title.as_str()), (ItemKind::Links, "The link of web-01 went down"));
        assert_eq!(line.reason, Some(why));
        let title = |event| HistoryItem::of(&entry(event), "rack-12-pax").expect("a line").title;
        assert_eq!(title(cleared(1, false)), "The link of web-01 is up again after 3 min");
        assert_eq!(
            title(cleared(12, false)),
            "The link of web-01 is up again after 3 min, came and went 12 times"
        );
        assert_eq!(title(cleared(1, true)), "web-01 is no longer there, and its trouble is over");
    }

    #[test]
    fn a_closing_entry_ends_its_own_change_only() {
        let closed = |change| Event::ChangeClosed {
            change: ChangeId::new(change),
            outcome: Outcome::RolledBack,
            why: Some("The switch refused.".to_owned()),
            reports: [].into(),
            moves: [].into(),
        };
        assert_eq!(HistoryItem::of(&entry(closed(1)), ""), None);
        let lost = Event::SwitchLost { switch: SwitchId::new(1), why: String::new() };
        let mut line = HistoryItem::of(&entry(lost), "s").expect("a line");
        line.change = Some(ChangeId::new(1));
        line.close(&entry(closed(2)));
        assert_eq!(line.outcome, None);
        line.close(&entry(closed(1)));
        assert_eq!(line.outcome, Some(Outcome::RolledBack));
        assert_eq!(line.why.as_deref(), Some("The switch refused."));
    }
}
