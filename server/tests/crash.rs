//! `kill -9` at every step boundary of a move: after a restart the change is closed, the switch matches the board, and
//! the ledger verifies.

mod support;

use patchbay_softswitch::CommandKind::{Bind, Database, Topology, Unbind};
use patchbay_softswitch::Phase::{After, Before};
use patchbay_softswitch::{CommandKind, Phase};
use patchbay_store::Store;
use serde_json::Value;
use support::*;

/// A moment in words, the commands that lead to it, and how the change must end.
type MomentOfMove = (&'static str, &'static [(CommandKind, Phase)], &'static str);

/// The moments of a move (unbind, bind, read back), as the commands that lead there, and how the change must end.
const MOMENTS: [MomentOfMove; 8] = [
    ("recorded, nothing sent", &[(Database, Before)], "rolled_back"),
    ("unbind sent, not done", &[(Unbind, Before)], "rolled_back"),
    ("unbind done, not answered", &[(Unbind, After)], "rolled_back"),
    ("unbind answered, bind not done", &[(Bind, Before)], "rolled_back"),
    ("bind done, not answered", &[(Bind, After)], "applied"),
    ("all steps done, reading back begins", &[(Bind, After), (Database, Before)], "applied"),
    ("all steps done, read back, not answered", &[(Bind, After), (Database, After)], "applied"),
    ("closed, and the switch is looked at again", &[(Bind, After), (Topology, Before)], "applied"),
];

#[tokio::test]
async fn a_kill_at_every_step_boundary_is_recovered() {
    for (moment, script, outcome) in MOMENTS {
        let (data, gate) = (folder(), Moment::new());
        let switch = switch(Some(gate.clone())).await;
        let server = Server::start(data.path(), Some(&switch)).await;
        server.ready().await;
        let (_, first) = server.change(&[("0x1001", Some(0)), ("0x1101", Some(4))]).await;
        assert_eq!(first["stage"], "applied", "{moment}: {first}");
        let before = bound(&switch);

        gate.arm(script);
        let body = server.request(&[("0x1001", Some(8))], "moved under a falling axe").await;
        let accepted: Value = server.post("/api/v1/changes", &body).await.json().await.expect("JSON");
        let change = accepted["id"].as_u64().expect("an id");
        gate.reached().await;
        server.kill().await;

        let server = Server::start(data.path(), Some(&switch)).await;
        server.settled(change).await;
        server.ready().await;
        let record = server.get_json(&format!("/api/v1/changes/{change}")).await;
        assert_eq!(record["stage"], outcome, "{moment}: {record}");
        assert_eq!(record["reason"], "moved under a falling axe");
        if outcome == "rolled_back" {
            assert_eq!(bound(&switch), before, "{moment}");
        }
        assert_eq!(shown(&server.topology().await), bound(&switch), "{moment}");
        let (_, next) = server.change(&[("0x1001", Some(12))]).await;
        assert_eq!(next["stage"], "applied", "{moment}: the switch can be changed again: {next}");
        assert!(server.stop().await.success());
        verify(data.path()).await;
    }
}

async fn verify(data: &std::path::Path) {
    let store = Store::open(&data.join("patchbay.db")).await.expect("the database opens");
    store.verify().await.expect("the ledger holds together");
    store.close().await;
}
