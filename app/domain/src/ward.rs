//! The links of a switch and the switch itself, each watched for trouble.

use crate::health::{Patience, Raised, Sign, Subject, Verdict, Watch};
use crate::ids::SwitchId;
use crate::ledger::Event;
use crate::topology::{SwitchState, Topology};
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use std::collections::BTreeMap;
use std::time::Duration;

/// Watches a switch and its links. It holds one [`Watch`] for each that is in the picture or in trouble.
///
/// A port that never had a link is in no trouble: nobody has plugged anything in. So a link is watched from when it was
/// first good; a switch always is, since somebody configured it.
#[derive(Clone, Debug)]
pub struct Ward {
    switch: SwitchId,
    patience: Patience,
    watches: BTreeMap<Subject, Watch>,
}

/// The same moment as people and as the engine count it.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// From wherever the engine counts from; never goes back.
    pub at: Duration,
    /// The time of day.
    pub clock: DateTime<Utc>,
}

impl Now {
    /// The time of day at an earlier moment, in milliseconds as in every entry.
    fn clock_at(self, earlier: Duration) -> DateTime<Utc> {
        let ago = TimeDelta::from_std(self.at.saturating_sub(earlier)).unwrap_or(TimeDelta::zero());
        self.clock.checked_sub_signed(ago).unwrap_or(self.clock).trunc_subsecs(3)
    }
}

impl Ward {
    /// A ward for a switch as it is known when the engine starts: with its open troubles, and with the links that were
    /// good at the last discovery.
    pub fn of(topology: &Topology, switch: SwitchId, patience: Patience) -> Self {
        let good =
            topology.signs_if(switch, SwitchState::Ready).filter(|(_, sign)| *sign == Some(Sign::Good));
        let mut watches: BTreeMap<_, _> = good.map(|(subject, _)| (subject, Watch::new(patience))).collect();
        for (subject, raised) in raised_on(topology, switch) {
            watches.insert(*subject, Watch::resumed(patience, raised.times));
        }
        Self { switch, patience, watches }
    }

    /// Takes what the picture shows now. What has left it is watched no longer, unless it is in trouble.
    pub fn read(&mut self, at: Duration, topology: &Topology) {
        let signs: BTreeMap<_, _> = topology.signs(self.switch).collect();
        self.watches.retain(|subject, watch| signs.contains_key(subject) || watch.times().is_some());
        for (&subject, &sign) in &signs {
            if sign == Some(Sign::Good) || matches!(subject, Subject::SwitchAway(_)) {
                self.watches.entry(subject).or_insert_with(|| Watch::new(self.patience));
            }
            if let Some(watch) = self.watches.get_mut(&subject) {
                watch.read(at, sign);
            }
        }
    }

    /// When there will be something to write, if nothing else is read until then.
    pub fn due(&self, topology: &Topology) -> Option<Duration> {
        if raised_on(topology, self.switch).any(|(subject, _)| !topology.shows(*subject)) {
            return Some(Duration::ZERO);
        }
        let shown = self.watches.iter().filter(|(subject, _)| topology.shows(**subject));
        shown.filter_map(|(_, watch)| watch.due()).min()
    }

    /// What is to be written now. `why` is why the switch does not answer.
    pub fn verdicts(&mut self, now: Now, topology: &Topology, why: &str) -> Vec<(Event, Verdict)> {
        let switch = self.switch;
        let mut found = Vec::new();
        for (&subject, watch) in &mut self.watches {
            let raised = topology.health.get(&subject);
            let verdict = match (topology.name_of(subject), raised) {
                (None, Some(raised)) => Some(Verdict::Clear { since: now.at, times: raised.times }),
                (None, None) => None,
                (Some(_), _) => watch.verdict(now.at),
            };
            let event = match (verdict, topology.name_of(subject), raised) {
                (Some(Verdict::Raise { since, times, flapping }), Some(name), None) => {
                    let why = said(topology, subject, why, (times, flapping));
                    Event::HealthRaised { switch, subject, name, why, since: now.clock_at(since), times }
                }
                (Some(Verdict::Clear { since, times }), named, Some(raised)) => {
                    let (name, gone) = (raised.name.clone(), named.is_none());
                    let lasted = now.clock_at(since).signed_duration_since(raised.at).num_milliseconds();
                    let lasted_ms = u64::try_from(lasted).unwrap_or(0);
                    Event::HealthCleared { switch, subject, name, times, lasted_ms, gone }
                }
                _ => continue,
            };
            found.extend(verdict.map(|verdict| (event, verdict)));
        }
        found
    }

    /// A verdict is in the ledger. What has left the picture is watched no longer.
    pub fn written(&mut self, event: &Event, verdict: Verdict) {
        let Some(subject) = event.subject() else { return };
        if matches!(event, Event::HealthCleared { gone: true, .. }) {
            self.watches.remove(&subject);
        } else if let Some(watch) = self.watches.get_mut(&subject) {
            watch.written(verdict);
        } else if let Event::HealthRaised { times, .. } = event {
            // It left the picture while this was being written, and is watched until it is cleared.
            self.watches.insert(subject, Watch::resumed(self.patience, *times));
        }
    }

    /// How often each open trouble came so far.
    pub fn counts(&self) -> impl Iterator<Item = (Subject, u32)> {
        self.watches.iter().filter_map(|(&subject, watch)| Some((subject, watch.times()?)))
    }
}

fn raised_on(topology: &Topology, switch: SwitchId) -> impl Iterator<Item = (&Subject, &Raised)> {
    topology.health.iter().filter(move |(_, raised)| raised.switch == switch)
}

/// What is known of a trouble that is raised, as a sentence.
fn said(topology: &Topology, subject: Subject, why: &str, (times, flapping): (u32, bool)) -> String {
    if flapping {
        return format!("It came and went {times} times within a few seconds.");
    }
    topology.link_said(subject).unwrap_or_else(|| why.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{self, *};
    use crate::{Delta, Link, PhysicalPort};

    const DOWN: Subject = Subject::HostDown(HOST_A);

    /// A picture, its ward, and what was written; time goes on in milliseconds.
    struct Story {
        topology: Topology,
        ward: Ward,
        written: Vec<Event>,
    }

    impl Story {
        fn begin(topology: Topology) -> Self {
            let ward = Ward::of(&topology, SWITCH, Patience::default());
            Self { topology, ward, written: Vec::new() }
        }

        fn now(at_ms: u64) -> Now {
            let at = Duration::from_millis(at_ms);
            Now { at, clock: DateTime::UNIX_EPOCH + at }
        }

        /// Reads the picture and writes what there is to write.
        fn read(&mut self, at_ms: u64) -> &[Event] {
            let (now, from) = (Self::now(at_ms), self.written.len());
            self.ward.read(now.at, &self.topology);
            for (event, verdict) in self.ward.verdicts(now, &self.topology, "No answer.") {
                let deltas = self.topology.apply(&entry(event.clone()));
                assert_eq!(deltas, event.subject().map(Delta::Health).into_iter().collect::<Vec<_>>());
                self.ward.written(&event, verdict);
                self.written.push(event);
            }
            &self.written[from..]
        }

        /// What is no longer in the picture is cleared at once, and then nothing is left to do.
        fn clears_what_is_gone(&mut self, at_ms: u64) {
            assert_eq!(self.ward.due(&self.topology), Some(Duration::ZERO));
            let gone = self.read(at_ms);
            assert!(matches!(gone, [Event::HealthCleared { subject: DOWN, gone: true, .. }]), "{gone:?}");
            assert_eq!((self.ward.due(&self.topology), self.topology.health.len()), (None, 0));
        }

        fn link(&mut self, port: u8, change: impl Fn(Link) -> Link) {
            let full = Link::full(8, crate::Rate::Gen4);
            self.topology.set_links(SWITCH, &[(PhysicalPort(port), change(full))]);
        }
    }

    #[test]
    fn a_link_that_is_down_for_long_is_raised_with_when_it_went_and_cleared_with_how_long_it_was() {
        let mut story = Story::begin(fixture::topology());
        assert!(story.read(0).is_empty());
        story.link(0, Link::lost);
        assert!(story.read(1_000).is_empty());
        assert_eq!(story.ward.due(&story.topology), Some(Duration::from_millis(3_500)));
        let [Event::HealthRaised { subject, name, why, since, times, .. }] = story.read(3_500) else {
            panic!("raised: {:?}", story.written)
        };
        assert_eq!((*subject, name.as_str(), *times), (DOWN, "web-01", 1));
        assert_eq!(why, "Port 0 has no link.");
        assert_eq!(since.timestamp_millis(), 1_000);
        story.link(0, |full| full);
        assert!(story.read(61_000).is_empty());
        let cleared = story.read(71_000);
        assert!(
            matches!(
                cleared,
                [Event::HealthCleared { subject: DOWN, times: 1, lasted_ms: 60_000, gone: false, .. }]
            ),
            "{cleared:?}"
        );
        assert_eq!(story.ward.due(&story.topology), None);
    }

    #[test]
    fn a_port_that_never_had_a_link_is_in_no_trouble_until_it_had_one() {
        let mut story = Story::begin(fixture::topology());
        assert!(story.read(0).is_empty() && story.read(60_000).is_empty());
        story.link(8, |full| full);
        story.read(61_000);
        story.link(8, Link::lost);
        story.read(62_000);
        assert_eq!(story.read(65_000).len(), 1);
    }

    #[test]
    fn nothing_is_known_of_links_behind_a_switch_that_is_away() {
        let mut story = Story::begin(fixture::topology());
        story.link(0, Link::lost);
        story.read(0);
        story.topology.set_switch_state(SWITCH, SwitchState::Unreachable);
        story.read(1_000);
        let raised = story.read(60_000);
        assert!(
            matches!(raised, [Event::HealthRaised { subject: Subject::SwitchAway(SWITCH), why, .. }] if why == "No answer."),
            "{raised:?}"
        );
        story.topology.set_switch_state(SWITCH, SwitchState::Ready);
        assert!(story.read(61_000).is_empty(), "the link is read anew");
        assert_eq!(story.read(63_500).len(), 1);
    }

    #[test]
    fn a_narrow_link_that_goes_down_is_not_wide_again() {
        let mut story = Story::begin(fixture::topology());
        story.link(0, |full| Link { width: 2, ..full });
        story.read(0);
        let [Event::HealthRaised { subject: Subject::HostNarrow(HOST_A), why, .. }] = story.read(3_000)
        else {
            panic!("{:?}", story.written)
        };
        assert_eq!(why, "Port 0 is x2 of x8, 16 GT/s.");
        story.link(0, Link::lost);
        story.read(4_000);
        assert_eq!(story.read(60_000).len(), 1, "down, and nothing is said of its width");
        assert_eq!(story.topology.health.len(), 2);
    }

    #[test]
    fn a_trouble_survives_a_restart_is_not_raised_twice_and_ends_with_its_subject() {
        let mut story = Story::begin(fixture::topology());
        story.link(0, Link::lost);
        story.read(0);
        assert_eq!(story.read(3_000).len(), 1);
        let mut story = Story::begin(story.topology);
        story.topology.set_switch_state(SWITCH, SwitchState::Connecting);
        assert!(story.read(60_000).is_empty());
        story.topology.set_switch_state(SWITCH, SwitchState::Ready);
        assert!(story.read(61_000).is_empty() && story.read(70_000).is_empty());
        story.topology.hosts.remove(&HOST_A);
        story.clears_what_is_gone(71_000);
    }

    #[test]
    fn what_leaves_while_its_trouble_is_being_written_is_cleared() {
        let mut story = Story::begin(fixture::topology());
        story.link(0, Link::lost);
        story.read(0);
        let raised = story.ward.verdicts(Story::now(3_000), &story.topology, "");
        story.topology.hosts.remove(&HOST_A);
        story.ward.read(Duration::from_millis(3_001), &story.topology);
        for (event, verdict) in raised {
            story.topology.apply(&entry(event.clone()));
            story.ward.written(&event, verdict);
        }
        story.clears_what_is_gone(4_000);
    }

    #[test]
    fn what_could_not_be_written_is_said_again_and_what_came_meanwhile_is_counted() {
        let mut story = Story::begin(fixture::topology());
        story.link(0, Link::lost);
        story.read(0);
        let now = Story::now(3_000);
        let first = story.ward.verdicts(now, &story.topology, "");
        assert_eq!(first.len(), 1);
        story.link(0, |full| full);
        story.ward.read(Duration::from_millis(4_000), &story.topology);
        story.link(0, Link::lost);
        story.ward.read(Duration::from_millis(5_000), &story.topology);
        let again = story.ward.verdicts(Story::now(9_000), &story.topology, "");
        assert!(
            matches!(again.as_slice(), [(Event::HealthRaised { subject: DOWN, times: 2, since, .. }, _)]
                if *since == DateTime::UNIX_EPOCH),
            "{again:?}"
        );
    }
}
