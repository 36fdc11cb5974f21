//! How a switch is: read, told to listeners, and gone with the switch.

mod common;

use common::{MemorySwitch, Rig, options};
use patchbay_domain::{SwitchState, Temperature, Vitals};
use patchbay_driver::{Fault, FaultPoint, When};
use patchbay_engine::{EngineOptions, Happening};
use std::sync::Arc;
use std::time::Duration;

fn hot() -> Vitals {
    Vitals { temperature: Some(Temperature(9_800)), ..Vitals::default() }
}

#[tokio::test]
async fn a_hint_makes_the_engine_read_and_tell_how_the_switch_is() {
    let rig = Rig::start().await;
    let (_, mut happenings) = rig.engine.watch();
    rig.switch.feel(hot());
    let told = loop {
        if let Happening::Vitals(_, Some(vitals)) = happenings.recv().await.expect("the engine runs")
            && vitals.temperature.is_some()
        {
            break vitals;
        }
    };
    assert_eq!(*told, hot());
    let shown = rig.engine.snapshot().vitals.values().next().map(Arc::clone).expect("shown");
    assert_eq!(*shown, hot());
}

#[tokio::test]
async fn what_did_not_change_is_not_told_again() {
    let every = EngineOptions { vitals_every: Duration::from_millis(1), ..options() };
    let rig = Rig::with(every, MemorySwitch::default()).await;
    let (_, mut happenings) = rig.engine.watch();
    rig.switch.feel(hot());
    rig.switch.put(0, 0, &[0x1001]);
    let mut told = 0;
    while rig.engine.snapshot().topology.functions.values().all(|f| f.assigned.is_none()) || told == 0 {
        let happened = happenings.recv().await.expect("the engine runs");
        told += usize::from(matches!(&happened, Happening::Vitals(_, Some(v)) if **v == hot()));
    }
    // The switch is read every millisecond, and how it is was told once.
    rig.switch.put(0, 0, &[]);
    rig.until(|t| t.functions.values().all(|f| f.assigned.is_none())).await;
    while let Ok(happened) = happenings.try_recv() {
        told += usize::from(matches!(happened, Happening::Vitals(..)));
    }
    assert_eq!(told, 1);
}

#[tokio::test]
async fn a_switch_that_is_away_shows_nothing_old() {
    let rig = Rig::start().await;
    rig.switch.feel(hot());
    let (_, mut happenings) = rig.engine.watch();
    while rig.engine.snapshot().vitals.values().all(|v| v.temperature.is_none()) {
        happenings.recv().await.expect("the engine runs");
    }
    rig.faults.set(FaultPoint { nth: 1, when: When::Before, fault: Fault::Unreachable, for_good: true });
    let (id, seen) = (rig.intent(&[(1, Some(0))]), rig.topology().generation);
    rig.engine.submit(common::submission(id, seen)).await.expect("accepted");
    rig.until(|t| t.switches.values().all(|s| s.state == SwitchState::Unreachable)).await;
    assert!(rig.engine.snapshot().vitals.is_empty());
}
