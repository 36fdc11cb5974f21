//! What every driver must pass, against a switch with at least one free logical port and two unbound functions of
//! adapters that are linked.

use crate::{Applied, DriverError, SwitchDriver};
use patchbay_domain::{
    BoundFunction, Contents, FunctionId, HostId, LogicalPort, Observation, Pdfid, PhysicalPort, Place, Step,
    SwitchId,
};
use std::collections::BTreeSet;

/// Runs the suite; the switch is left as it was found.
///
/// # Panics
/// With a sentence, at the first promise the driver breaks.
pub async fn suite(driver: &dyn SwitchDriver) {
    let before = driver.observe().await.expect("a driver reads its switch");
    let (port, logical_port) = free_port(&before).expect("the switch under test has a free logical port");
    let (first, second) = two_free(&before).expect("the switch under test has two unbound functions");
    let bind = step(port, logical_port, &[], &[first]);

    assert_eq!(driver.apply(&bind).await.expect("a free function binds"), Applied::Now);
    let bound = driver.observe().await.expect("a driver reads its switch");
    assert_eq!(bound.contents(port, logical_port), [first], "what was bound is read back");
    assert_eq!(driver.apply(&bind).await.expect("twice is the same as once"), Applied::Before);
    assert_eq!(driver.observe().await.expect("readable"), bound, "the second time changes nothing");

    refuses_conflicts(driver, &bound, port, logical_port, second).await;

    let unbind = bind.inverse();
    assert_eq!(driver.apply(&unbind).await.expect("what is bound unbinds"), Applied::Now);
    assert_eq!(driver.apply(&unbind).await.expect("twice is the same as once"), Applied::Before);
    assert_eq!(driver.observe().await.expect("readable"), before, "bind and unbind leave no trace");

    programs_and_reads_back(driver, &before, &bind, second).await;
    assert_eq!(driver.observe().await.expect("readable"), before, "bare steps leave no trace either");
}

/// The bare calls: what is programmed is what the contents say, and what cannot be done changes nothing.
async fn programs_and_reads_back(driver: &dyn SwitchDriver, free: &Observation, bind: &Step, other: Pdfid) {
    let all = free.host_ports.iter().map(|p| p.port).collect();
    let before = Contents::from(free);
    assert_eq!(driver.contents(&all).await.expect("readable"), before, "contents are what is observed");
    let none = BTreeSet::new();
    assert_eq!(driver.contents(&none).await.expect("nothing to read"), Contents::default());

    driver.program(bind).await.expect("a free function binds");
    let bound = Contents::from(&driver.observe().await.expect("readable"));
    assert_eq!(bound.at(bind.port, bind.place.logical_port), [bind.after[0].pdfid]);
    let one = BTreeSet::from([bind.port]);
    let read = driver.contents(&one).await.expect("readable");
    assert!(read.iter().eq(bound.iter().filter(|(port, ..)| *port == bind.port)), "of this host port only");

    let taken = step(bind.port, bind.place.logical_port, &[], &[other]);
    for wrong in [bind, &taken] {
        let verdict = driver.program(wrong).await;
        assert!(matches!(verdict, Err(DriverError::Refused { .. })), "{wrong}: {verdict:?}");
        assert_eq!(driver.contents(&all).await.expect("readable"), bound, "a refusal changes nothing");
    }
    driver.program(&bind.inverse()).await.expect("what is bound unbinds");
    assert_eq!(driver.contents(&all).await.expect("readable"), before, "it is as it was");

    let absent =
        (0..=u8::MAX).map(PhysicalPort).find(|port| !all.contains(port)).expect("not all are host ports");
    let verdict = driver.contents(&BTreeSet::from([absent])).await;
    assert!(
        matches!(verdict, Err(DriverError::Refused { .. })),
        "port {absent} is no host port: {verdict:?}"
    );
}

/// A step whose `before` and `after` are both not there must leave the switch alone.
async fn refuses_conflicts(
    driver: &dyn SwitchDriver,
    now: &Observation,
    port: PhysicalPort,
    logical_port: LogicalPort,
    other: Pdfid,
) {
    for wrong in [step(port, logical_port, &[other], &[]), step(port, logical_port, &[], &[other])] {
        let verdict = driver.apply(&wrong).await;
        assert!(matches!(verdict, Err(DriverError::Conflict { .. })), "{wrong}: {verdict:?}");
        assert_eq!(driver.observe().await.expect("readable"), *now, "a conflict changes nothing");
    }
}

fn free_port(seen: &Observation) -> Option<(PhysicalPort, LogicalPort)> {
    seen.host_ports.iter().filter(|p| p.link.up).find_map(|p| {
        let free = (0..p.logical_ports).map(LogicalPort).find(|&l| seen.contents(p.port, l).is_empty())?;
        Some((p.port, free))
    })
}

fn two_free(seen: &Observation) -> Option<(Pdfid, Pdfid)> {
    let linked = seen.slots.iter().filter(|slot| slot.link.up).filter_map(|slot| slot.adapter.as_ref());
    let mut free =
        linked.flat_map(|adapter| &adapter.functions).filter(|f| f.bound.is_none()).map(|f| f.pdfid);
    Some((free.next()?, free.next()?))
}

/// A step by address; drivers do not look at ids.
pub fn step(port: PhysicalPort, logical_port: LogicalPort, before: &[Pdfid], after: &[Pdfid]) -> Step {
    let named = |pdfids: &[Pdfid]| {
        let one =
            |&pdfid: &Pdfid| BoundFunction { function: FunctionId::new(0), pdfid, name: pdfid.to_string() };
        pdfids.iter().map(one).collect()
    };
    Step {
        switch: SwitchId::new(0),
        port,
        place: Place { host: HostId::new(0), logical_port },
        host_name: format!("port {port}"),
        before: named(before),
        after: named(after),
    }
}
