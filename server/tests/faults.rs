//! The fault loop over TCP: a plan of four steps, spoilt at every step, before and after the switch's work. Each time
//! the change is rolled back, and switch and board are as before.

mod support;

use patchbay_softswitch::{Phase, Verdict};
use std::sync::Arc;
use support::*;

#[tokio::test]
async fn four_steps_spoilt_at_every_step_before_and_after_leave_all_as_before() {
    let (data, spoiler) = (folder(), Arc::new(Spoiler::default()));
    let switch = switch(Some(spoiler.clone())).await;
    let server = Server::start(data.path(), Some(&switch)).await;
    server.ready().await;
    server.change(&[("0x1001", Some(0)), ("0x1101", Some(4))]).await;
    let (before, shown_before) = (bound(&switch), shown(&server.topology().await));
    let swap = [("0x1001", Some(4)), ("0x1101", Some(0))];
    for nth in 1..=4 {
        for phase in [Phase::Before, Phase::After] {
            for verdict in [Verdict::Refuse(0x84005), Verdict::DropConnection] {
                spoiler.set(nth, phase, verdict);
                let (_, record) = server.change(&swap).await;
                let at = format!("step {nth} {phase:?} {verdict:?}: {record}");
                assert!(spoiler.is_spent(), "{at}");
                assert_eq!(record["plan"]["steps"].as_array().map(Vec::len), Some(4), "{at}");
                assert_eq!(record["stage"], "rolled_back", "{at}");
                assert_eq!(bound(&switch), before, "{at}");
                assert_eq!(shown(&server.topology().await), shown_before, "{at}");
                let failed = record["closed"]["reports"].as_array().expect("reports");
                assert!(failed.iter().any(|r| r["phase"] == "apply" && !r["error"].is_null()), "{at}");
            }
        }
    }
    let (_, record) = server.change(&swap).await;
    assert_eq!(record["stage"], "applied", "nothing is left behind: {record}");
    assert_eq!(shown(&server.topology().await), bound(&switch));
}
