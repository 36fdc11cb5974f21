//! Lines and records for the tests of the history.

use chrono::DateTime;
use leptos::prelude::*;
use patchbay_domain::{
    Actor, Assignment, BoundFunction, ChangeClosing, ChangeId, ChangeRecord, Door, EntryMark, FunctionId,
    Generation, Hash, HistoryItem, HostId, Intent, ItemKind, LogicalPort, Outcome, Pdfid, PhysicalPort, Plan,
    PlannedMove, Reason, Seq, Step, StepPhase, StepReport, SwitchId,
};
use std::sync::Arc;

/// A line about a discovery, `at` seconds after 1970.
pub(crate) fn line(seq: u64, at: i64) -> HistoryItem {
    HistoryItem {
        seq: Seq::new(seq),
        at: DateTime::from_timestamp(at, 0).expect("in range"),
        actor: Actor::Engine,
        kind: ItemKind::Discovery,
        title: "Discovered rack-12-pax".to_owned(),
        change: None,
        outcome: None,
        reason: None,
        why: None,
        settled: false,
    }
}

/// What the server sends for a view.
pub(crate) fn html<V: IntoView + 'static>(view: impl FnOnce() -> V) -> String {
    Owner::new().with(|| view().into_view().to_html())
}

/// A change that moves eth16v5 from db-02 to web-03.
pub(crate) fn record(closed: Option<ChangeClosing>) -> ChangeRecord {
    let (db, web) = (HostId::new(2), HostId::new(3));
    let function = FunctionId::new(5);
    let seat = |host, logical_port| Assignment { host, logical_port: LogicalPort(logical_port), number: 0 };
    let bound = || {
        let pdfid = Pdfid::new(0x1005).expect("in range");
        vec![BoundFunction { function, pdfid, name: "eth16v5".to_owned() }]
    };
    let step = |at: Assignment, port, name: &str, before, after| Step {
        switch: SwitchId::new(1),
        port: PhysicalPort(port),
        place: at.place(),
        host_name: name.to_owned(),
        before,
        after,
    };
    let (from, to) = (seat(db, 1), seat(web, 2));
    let planned = PlannedMove {
        function,
        name: "eth16v5".to_owned(),
        from: Some(from),
        from_name: Some("db-02".to_owned()),
        to: Some(to),
        to_name: Some("web-03".to_owned()),
        asked: true,
    };
    let plan = Plan {
        title: "Move eth16v5 to web-03".to_owned(),
        generation: Generation::new(4),
        switches: vec![SwitchId::new(1)],
        moves: vec![planned],
        adoptions: Vec::new(),
        warnings: Vec::new(),
        steps: vec![step(from, 4, "db-02", bound(), vec![]), step(to, 8, "web-03", vec![], bound())],
    };
    ChangeRecord {
        id: ChangeId::new(12),
        actor: Actor::Person {
            name: "operator".to_owned(),
            door: Door::Browser,
            from: Some("10.0.0.9".to_owned()),
        },
        reason: Reason::new("INC-4411").expect("a reason"),
        intent: Intent::single(function, Some(web)),
        seen: Generation::new(4),
        plan: plan.into(),
        opened: mark(20, 0, 1),
        closed,
    }
}

fn mark(seq: u64, prev: u8, hash: u8) -> EntryMark {
    let at = DateTime::from_timestamp(1_795_356_131, 0).expect("in range");
    EntryMark { seq: Seq::new(seq), at, prev: Hash::new([prev; 32]), hash: Hash::new([hash; 32]) }
}

/// A report of 700 µs.
pub(crate) fn report(step: u32, phase: StepPhase, error: Option<&str>) -> StepReport {
    StepReport { step, phase, elapsed_us: 700, error: error.map(str::to_owned), unanswered: false }
}

fn closing(outcome: Outcome, why: Option<&str>, reports: Vec<StepReport>) -> ChangeClosing {
    ChangeClosing { entry: mark(21, 1, 2), outcome, why: why.map(str::to_owned), reports: reports.into() }
}

/// The change, applied.
pub(crate) fn applied() -> ChangeRecord {
    let slow = StepReport { elapsed_us: 38_000, ..report(1, StepPhase::Apply, None) };
    let reports = vec![report(0, StepPhase::Apply, None), slow, report(2, StepPhase::ReadBack, None)];
    record(Some(closing(Outcome::Applied, None, reports)))
}

/// Somebody moved eth16v5 at the switch, and that was accepted.
pub(crate) fn accepted() -> ChangeRecord {
    let mut record = record(Some(closing(Outcome::Applied, None, Vec::new())));
    let plan = Arc::make_mut(&mut record.plan);
    plan.title = "Accept eth16v5 on web-03".to_owned();
    plan.adoptions = std::mem::take(&mut plan.moves);
    plan.steps.clear();
    record
}

/// The change, rolled back after its second step failed.
pub(crate) fn rolled_back() -> ChangeRecord {
    let reports = vec![
        report(0, StepPhase::Apply, None),
        report(1, StepPhase::Apply, Some("The logical port is taken.")),
        report(0, StepPhase::Undo, None),
        report(1, StepPhase::ReadBack, None),
    ];
    record(Some(closing(Outcome::RolledBack, Some("The switch refused to bind."), reports)))
}

/// The change, stuck while it was taken back.
pub(crate) fn stuck() -> ChangeRecord {
    let reports = vec![
        report(0, StepPhase::Apply, Some("No answer.")),
        report(0, StepPhase::Undo, Some("Port 8 is gone.")),
    ];
    record(Some(closing(Outcome::Stuck, Some("No answer. Port 8 is gone."), reports)))
}
