//! Troubles of links and switches: shown at once, recorded when they stay, counted while they come and go. Time is held
//! still and goes on when nothing else can happen.

mod common;

use chrono::{DateTime, TimeDelta, Utc};
use common::{MemorySwitch, Silence, config, options, submission};
use patchbay_domain::*;
use patchbay_engine::{Clock, Engine, EngineOptions, EngineTasks, Happening, Snapshot, SubmitError};
use patchbay_store::Records;
use patchbay_store::memory::{MemoryRecords, WriteFault};
use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};

thread_local! {
    static BEGAN: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// A clock that goes with the test's time.
fn clock() -> DateTime<Utc> {
    let began = BEGAN.get().unwrap_or_else(Instant::now);
    BEGAN.set(Some(began));
    DateTime::UNIX_EPOCH + began.elapsed()
}

/// An engine over one memory switch, with the usual times of troubles.
struct Ward {
    switch: MemorySwitch,
    records: MemoryRecords,
    engine: Engine,
    tasks: EngineTasks,
}

impl Ward {
    async fn start() -> Self {
        Self::over(MemorySwitch::default(), MemoryRecords::default()).await
    }

    /// An engine that has read its switch, if that answers.
    async fn over(switch: MemorySwitch, records: MemoryRecords) -> Self {
        let config = config(Arc::new(switch.clone()));
        let options = EngineOptions {
            patience: Patience::default(),
            retry_every: Duration::from_millis(500),
            call_limit: Duration::from_secs(30),
            ..options()
        };
        let started =
            Engine::start(Arc::new(records.clone()), vec![config], options, Clock::new(clock)).await;
        let (engine, tasks) = started.expect("the engine starts");
        let ward = Self { switch, records, engine, tasks };
        ward.until(|now| now.topology.switches.values().all(|s| s.state != SwitchState::Connecting)).await;
        ward
    }

    async fn restart(self) -> Self {
        let Self { switch, records, engine, tasks } = self;
        engine.stop();
        tasks.finished().await;
        Self::over(switch, records).await
    }

    async fn until(&self, wanted: impl Fn(&Snapshot) -> bool) {
        common::until(&self.engine, wanted).await;
    }

    /// Pulls the cable of port 0 or plugs it in, and waits until that is shown.
    async fn cable(&self, plugged: bool) {
        self.switch.cable(0, plugged);
        self.until(|now| host(&now.topology).link.up == plugged).await;
    }

    async fn fall(&self, silence: Silence) {
        self.switch.fall(silence);
        let wanted = if silence == Silence::Answers { SwitchState::Ready } else { SwitchState::Unreachable };
        self.until(|now| now.topology.switches.values().all(|s| s.state == wanted)).await;
    }

    async fn until_troubles(&self, count: usize) {
        self.until(|now| now.topology.health.len() == count).await;
    }

    /// What was recorded of troubles.
    fn recorded(&self) -> Vec<Event> {
        let entries = self.records.entries().into_iter().map(|entry| entry.event);
        entries.filter(|event| event.subject().is_some()).collect()
    }
}

/// The host at port 0.
fn host(topology: &Topology) -> &Host {
    topology.hosts.values().find(|host| host.port == PhysicalPort(0)).expect("the switch has it")
}

fn between(earlier: DateTime<Utc>, later: DateTime<Utc>) -> TimeDelta {
    later.signed_duration_since(earlier)
}

#[tokio::test(start_paused = true)]
async fn a_cable_that_comes_and_goes_fifty_times_is_two_entries_with_the_count() {
    let ward = Ward::start().await;
    let (_, mut happenings) = ward.engine.watch();
    for _ in 0..50 {
        ward.cable(false).await;
        ward.cable(true).await;
    }
    let shown =
        ward.engine.snapshot().topology.health.values().map(|raised| raised.times).collect::<Vec<_>>();
    assert_eq!(shown, [50], "the count is shown while it goes on");
    ward.until_troubles(0).await;
    let recorded = ward.recorded();
    let [
        Event::HealthRaised { subject, times: 3, why, .. },
        Event::HealthCleared { times: 50, gone: false, .. },
    ] = recorded.as_slice()
    else {
        panic!("{recorded:?}")
    };
    assert_eq!(*subject, Subject::HostDown(host(&ward.engine.snapshot().topology).id));
    assert_eq!(why, "It came and went 3 times within a few seconds.");
    let (mut links, mut counted) = (0, Vec::new());
    while let Ok(happened) = happenings.try_recv() {
        match happened {
            Happening::Links(..) => links += 1,
            Happening::Counted(_, times) => counted.push(times),
            _ => {}
        }
    }
    assert_eq!(links, 100, "each time is told");
    assert_eq!(counted, (4..=50).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_pulled_cable_refuses_at_once_and_is_a_trouble_when_it_stays_out() {
    let ward = Ward::start().await;
    let began = clock();
    ward.cable(false).await;
    let topology = ward.engine.snapshot().topology.clone();
    let function = *topology.functions.keys().nth(1).expect("the switch has it");
    let intent = Intent::single(function, Some(host(&topology).id));
    let refused = ward.engine.submit(submission(intent, topology.generation)).await;
    assert!(matches!(refused, Err(SubmitError::Refused(Refusal::CableDown { .. }))), "{refused:?}");
    assert!(ward.recorded().is_empty());
    ward.until_troubles(1).await;
    assert!(between(began, clock()) >= TimeDelta::milliseconds(2_500));
    let raised = ward.engine.snapshot().topology.health.values().next().cloned().expect("raised");
    assert_eq!(raised.name, "rack-12-pax-p0");
    sleep(Duration::from_secs(180)).await;
    ward.cable(true).await;
    let (over, lasted) = (clock(), between(raised.at, clock()));
    ward.until_troubles(0).await;
    assert!(between(over, clock()) >= TimeDelta::seconds(10));
    let recorded = ward.recorded();
    assert!(
        matches!(&recorded[..], [_, Event::HealthCleared { times: 1, lasted_ms, .. }]
            if lasted.num_milliseconds().abs_diff(i64::try_from(*lasted_ms).expect("short")) < 1_000),
        "{recorded:?} {lasted}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_switch_that_is_away_for_a_moment_is_no_entry_and_for_longer_it_is_two() {
    let ward = Ward::start().await;
    ward.fall(Silence::Unreachable).await;
    sleep(Duration::from_millis(1_500)).await;
    ward.fall(Silence::Answers).await;
    sleep(Duration::from_secs(60)).await;
    assert_eq!(ward.recorded(), []);
    ward.fall(Silence::Unreachable).await;
    ward.until_troubles(1).await;
    ward.fall(Silence::Answers).await;
    ward.until_troubles(0).await;
    let recorded = ward.recorded();
    let [Event::HealthRaised { subject: Subject::SwitchAway(_), why, name, .. }, Event::HealthCleared { .. }] =
        recorded.as_slice()
    else {
        panic!("{recorded:?}")
    };
    assert_eq!(name, "rack-12-pax");
    assert!(why.contains("memory"), "{why}");
}

#[tokio::test(start_paused = true)]
async fn a_switch_that_hangs_is_in_trouble_while_it_is_still_being_waited_for() {
    let ward = Ward::start().await;
    let began = clock();
    ward.fall(Silence::Hangs).await;
    ward.until_troubles(1).await;
    // One call is given up after 30 s; the trouble is raised during the second.
    assert!(between(began, clock()) < TimeDelta::seconds(40), "{}", between(began, clock()));
}

#[tokio::test(start_paused = true)]
async fn a_trouble_that_was_raised_before_a_restart_is_not_raised_again_and_is_cleared_after_it() {
    let ward = Ward::start().await;
    ward.cable(false).await;
    ward.until_troubles(1).await;
    let ward = ward.restart().await;
    assert_eq!(ward.engine.snapshot().topology.health.len(), 1);
    sleep(Duration::from_secs(60)).await;
    assert_eq!(ward.recorded().len(), 1);
    ward.switch.cable(0, true);
    let ward = ward.restart().await;
    ward.until_troubles(0).await;
    let recorded = ward.recorded();
    assert!(
        matches!(&recorded[..], [_, Event::HealthCleared { lasted_ms, .. }] if *lasted_ms > 60_000),
        "{recorded:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn how_often_a_trouble_came_survives_a_restart_and_is_not_written_each_time() {
    let ward = Ward::start().await;
    for _ in 0..20 {
        ward.cable(false).await;
        ward.cable(true).await;
        sleep(Duration::from_millis(500)).await;
    }
    let kept = async |ward: &Ward| {
        let loaded = ward.records.load().await.expect("loaded");
        loaded.topology.health.values().map(|raised| raised.times).collect::<Vec<_>>()
    };
    let [times] = kept(&ward).await[..] else { panic!("one trouble is open") };
    assert!((10..20).contains(&times), "{times}: now and then, as a crash would find it");
    assert!(ward.records.counted() <= 5, "{} writings in 10 s", ward.records.counted());
    let ward = ward.restart().await;
    assert_eq!(kept(&ward).await, [20], "and all of it when the engine is stopped");
    ward.cable(false).await;
    ward.cable(true).await;
    ward.until_troubles(0).await;
    let recorded = ward.recorded();
    assert!(
        matches!(recorded[..], [Event::HealthRaised { .. }, Event::HealthCleared { times: 21, .. }]),
        "{recorded:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_link_that_goes_down_while_nobody_looks_is_a_trouble_after_the_start() {
    let ward = Ward::start().await;
    let Ward { switch, records, engine, tasks } = ward;
    engine.stop();
    tasks.finished().await;
    switch.cable(0, false);
    let ward = Ward::over(switch, records).await;
    ward.until_troubles(1).await;
    assert_eq!(ward.recorded().len(), 1, "port 12 never had a link, and is in no trouble");
}

#[tokio::test(start_paused = true)]
async fn a_trouble_that_cannot_be_written_at_first_is_written_once() {
    for fault in [WriteFault::Before, WriteFault::After] {
        let ward = Ward::start().await;
        ward.records.fail_next(fault);
        ward.cable(false).await;
        ward.until_troubles(1).await;
        ward.cable(true).await;
        ward.until_troubles(0).await;
        assert_eq!(ward.recorded().len(), 2, "{fault:?}");
    }
}
