//! Ways back over HTTP: undo, restore, cancel, a request sent twice, and what somebody else changed.

mod support;

use patchbay_softswitch::CommandKind::Bind;
use patchbay_softswitch::Phase::Before;
use patchbay_softswitch::{ScriptedGate, Trigger, Verdict};
use patchbay_switchtec::{LogicalPort, Pdfid, PhysicalPort};
use reqwest::StatusCode;
use serde_json::{Value, json};
use support::*;

impl Server {
    /// Sends a proposal as a change, and waits for its end.
    async fn carry_out(&self, proposal: &Value) -> Value {
        let body =
            json!({ "intent": proposal["intent"], "reason": "a test", "seen": proposal["generation"] });
        let answer = self.post("/api/v1/changes?wait=true", &body).await;
        answer.json().await.expect("JSON")
    }
}

#[tokio::test]
async fn a_change_is_undone_and_a_moment_is_restored_each_by_one_plan() {
    let (data, switch) = (folder(), switch(None).await);
    let server = Server::start(data.path(), Some(&switch)).await;
    server.ready().await;
    server.change(&[("0x1001", Some(0)), ("0x1002", Some(4))]).await;
    let (before, seq) = (bound(&switch), server.topology().await["seq"].clone());
    let (_, swapped) = server.change(&[("0x1001", Some(4)), ("0x1002", Some(0))]).await;
    server.change(&[("0x1101", Some(8))]).await;

    let undo = server.get_json(&format!("/api/v1/changes/{}/undo", swapped["id"])).await;
    assert_eq!(undo["plan"]["steps"].as_array().map(Vec::len), Some(4), "{undo}");
    let undone = server.carry_out(&undo).await;
    assert_eq!(undone["stage"], "applied", "{undone}");
    assert_eq!(undone["intent"]["origin"]["undo"], swapped["id"]);

    let restore = server.get_json(&format!("/api/v1/restore?seq={seq}")).await;
    let restored = server.carry_out(&restore).await;
    assert_eq!(restored["stage"], "applied", "{restored}");
    assert_eq!(bound(&switch), before);
    assert_eq!(shown(&server.topology().await), before);

    let again = server.get_json(&format!("/api/v1/restore?seq={seq}")).await;
    assert_eq!(again["refusal"], "empty", "there is nothing left to restore: {again}");
    assert_eq!(server.get("/api/v1/restore?seq=9999").await.status(), StatusCode::NOT_FOUND);
    assert_eq!(server.get("/api/v1/changes/1/sideways").await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_history_never_says_that_a_change_was_made_from_one_that_has_nothing_to_do_with_it() {
    let (data, switch) = (folder(), switch(None).await);
    let server = Server::start(data.path(), Some(&switch)).await;
    server.ready().await;
    let (_, done) = server.change(&[("0x1001", Some(0))]).await;
    let change = async |pdfid: &str, origin: Value| {
        let mut request = server.request(&[(pdfid, Some(4))], "made up").await;
        request["intent"]["origin"] = origin;
        let answer = server.post("/api/v1/changes?wait=true", &request).await;
        (answer.status(), answer.text().await.expect("a body"))
    };
    for (origin, status, said) in [
        (json!({ "undo": 999 }), StatusCode::NOT_FOUND, "change 999"),
        (json!({ "restore": 999 }), StatusCode::NOT_FOUND, "entry 999"),
        (json!({ "undo": done["id"] }), StatusCode::BAD_REQUEST, "touches nothing of change 1"),
    ] {
        let (answered, body) = change("0x1002", origin).await;
        assert!(answered == status && body.contains(said), "{answered} {body}");
    }
    let (answered, body) = change("0x1001", json!({ "undo": done["id"] })).await;
    assert_eq!(answered, StatusCode::OK, "{body}");
}

#[tokio::test]
async fn where_there_is_no_way_back_the_answer_says_why() {
    let third = Trigger { kind: Some(Bind), nth: 3, phase: Before, verdict: Verdict::Refuse(0x84002) };
    let (data, switch) = (folder(), switch(Some(ScriptedGate::new(vec![third]))).await);
    let server = Server::start(data.path(), Some(&switch)).await;
    server.ready().await;
    let (_, first) = server.change(&[("0x1001", Some(0))]).await;
    let (_, later) = server.change(&[("0x1001", Some(4))]).await;
    let why = async |change: &Value, way: &str| {
        let answer = server.get_json(&format!("/api/v1/changes/{}/{way}", change["id"])).await;
        assert_eq!(answer["refusal"], "empty", "{answer}");
        answer["why"].as_str().expect("a sentence").to_owned()
    };
    let moved_on = why(&first, "undo").await;
    assert!(moved_on.contains("where a later change put it"), "{moved_on}");
    let finished = why(&later, "retry").await;
    assert!(finished.ends_with("was applied: there is nothing to finish. Undo it instead."), "{finished}");

    let (_, failed) = server.change(&[("0x1002", Some(0))]).await;
    assert_eq!(failed["stage"], "rolled_back", "{failed}");
    let (_, again) = server.change(&[("0x1002", Some(0))]).await;
    assert_eq!(again["stage"], "applied", "{again}");
    let nothing = why(&failed, "undo").await;
    assert!(nothing.ends_with("was rolled back: there is nothing of it on the switch."), "{nothing}");
    let function = &failed["intent"]["moves"][0]["function"];
    let intent = json!({ "moves": [{ "function": function, "to": null }] });
    let made_up = json!({ "intent": intent, "reason": "from nowhere", "seen": u64::MAX });
    let made_up = server.post("/api/v1/changes", &made_up).await;
    assert_eq!(made_up.status(), StatusCode::CONFLICT, "that generation never was");
}

#[tokio::test]
async fn a_generation_is_restored_as_it_came_about_also_after_a_restart() {
    let (data, switch) = (folder(), switch(None).await);
    let server = Server::start(data.path(), Some(&switch)).await;
    server.ready().await;
    server.change(&[("0x1001", Some(0)), ("0x1002", Some(4))]).await;
    let (before, generation) = (bound(&switch), server.topology().await["generation"].clone());
    server.change(&[("0x1001", Some(8)), ("0x1002", None)]).await;
    let asked = format!("/api/v1/restore?generation={generation}");
    let restore = server.get_json(&asked).await;
    let seq = &restore["intent"]["origin"]["restore"];
    assert_eq!(
        server.get_json(&format!("/api/v1/restore?seq={seq}")).await,
        restore,
        "the entry it came with"
    );
    assert!(server.stop().await.success());

    let server = Server::start(data.path(), Some(&switch)).await;
    server.ready().await;
    let restored = server.carry_out(&server.get_json(&asked).await).await;
    assert_eq!(restored["stage"], "applied", "{restored}");
    assert_eq!(bound(&switch), before);
    assert_eq!(server.get_json(&asked).await["refusal"], "empty", "there is nothing left to restore");

    for unknown in ["generation=0", "generation=9999", "seq=0"] {
        let answer = server.get(&format!("/api/v1/restore?{unknown}")).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{unknown}");
    }
    for unclear in ["", "?seq=1&generation=1", "?generation=first", "?moment=1"] {
        let answer = server.get(&format!("/api/v1/restore{unclear}")).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{unclear}");
    }
    let unclear: Value = server.get_json("/api/v1/restore").await;
    assert!(unclear["detail"].as_str().is_some_and(|d| d.contains("in one way")), "{unclear}");
}

#[tokio::test]
async fn the_same_request_sent_twice_is_one_change_also_after_a_restart() {
    let (data, switch) = (folder(), switch(None).await);
    let server = Server::start(data.path(), Some(&switch)).await;
    server.ready().await;
    let body = server.request(&[("0x1001", Some(0))], "INC-4411").await;
    let send = async |server: &Server, body: &Value, key: &str| {
        server.post_with("/api/v1/changes?wait=true", body, ("idempotency-key", key)).await
    };
    let mut first: Value = send(&server, &body, "\"k-1\"").await.json().await.expect("JSON");
    assert_eq!(first["stage"], "applied", "{first}");
    // Told to whoever waited for the end; whoever asks later would get an old one.
    let generation = first.as_object_mut().and_then(|answer| answer.remove("generation"));
    assert_eq!(generation, Some(server.topology().await["generation"].clone()));
    let second: Value = send(&server, &body, "k-1").await.json().await.expect("JSON");
    assert_eq!(second, first);
    assert!(server.stop().await.success());

    let server = Server::start(data.path(), Some(&switch)).await;
    server.ready().await;
    let third: Value = send(&server, &body, "k-1").await.json().await.expect("JSON");
    assert_eq!(third, first);
    let other = server.request(&[("0x1002", Some(0))], "INC-4411").await;
    let reused = send(&server, &other, "k-1").await;
    assert_eq!(reused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let reused: Value = reused.json().await.expect("JSON");
    assert_eq!(reused["code"], "key_reused");
    assert_eq!(send(&server, &other, "two words").await.status(), StatusCode::BAD_REQUEST);
    assert_eq!(bound(&switch).len(), 1);
}

#[tokio::test]
async fn a_waiting_change_is_seen_and_cancelled_and_one_that_has_begun_is_not() {
    let (data, gate) = (folder(), Moment::new());
    let switch = switch(Some(gate.clone())).await;
    let server = Server::start(data.path(), Some(&switch)).await;
    server.ready().await;
    let body = server.request(&[("0x1001", Some(0))], "hangs").await;
    let next = server.request(&[("0x1002", Some(4))], "waits").await;
    gate.arm(&[(Bind, Before)]);
    let running: Value = server.post("/api/v1/changes", &body).await.json().await.expect("JSON");
    gate.reached().await;
    let waiting: Value = server.post("/api/v1/changes", &next).await.json().await.expect("JSON");

    let open = server.get_json("/api/v1/changes").await;
    let stages: Vec<_> = open.as_array().expect("a list").iter().map(|c| c["stage"].clone()).collect();
    assert_eq!(stages, ["running", "waiting"], "{open}");
    let cancel = async |change: &Value| {
        server.post(&format!("/api/v1/changes/{}/cancel", change["id"]), &json!({})).await
    };
    let cancelled = cancel(&waiting).await;
    assert_eq!(cancelled.status(), StatusCode::OK);
    let cancelled: Value = cancelled.json().await.expect("JSON");
    assert_eq!(cancelled["stage"], "rolled_back");
    let why = cancelled["closed"]["why"].as_str().expect("a sentence");
    assert!(why.starts_with("Cancelled by operator before it began."), "{why}");

    for (change, code) in [(&running, "begun"), (&waiting, "ended")] {
        let refused = cancel(change).await;
        assert_eq!(refused.status(), StatusCode::CONFLICT);
        assert_eq!(refused.json::<Value>().await.expect("JSON")["code"], code);
    }
    assert_eq!(cancel(&json!({ "id": 99 })).await.status(), StatusCode::NOT_FOUND);
    server.kill().await;
}

#[tokio::test]
async fn what_somebody_else_changed_is_shown_with_two_plans_and_never_repaired() {
    let (data, switch) = (folder(), switch(None).await);
    let server = Server::start(data.path(), Some(&switch)).await;
    server.ready().await;
    server.change(&[("0x1002", Some(4))]).await;
    let id = Pdfid::new(0x1001);
    switch.bind(PhysicalPort::new(8), LogicalPort::new(5), &[id]).expect("free");
    server.until("entry", |data| !data["entry"]["event"]["bindings_found"].is_null()).await;
    let drift = server.get_json("/api/v1/drift").await;
    let one = &drift[0]["functions"][0];
    assert_eq!(
        (one["kind"].as_str(), drift[0]["functions"].as_array().map(Vec::len)),
        (Some("bound"), Some(1))
    );
    assert_eq!(one["adopt"]["plan"]["steps"], json!([]), "adopting touches no switch");
    assert_eq!(one["revert"]["plan"]["steps"].as_array().map(Vec::len), Some(1));
    assert_eq!(bound(&switch).len(), 2, "nothing is repaired by itself");

    let reverted = server.carry_out(&one["revert"]).await;
    assert_eq!(reverted["stage"], "applied", "{reverted}");
    assert_eq!(server.get_json("/api/v1/drift").await, json!([]));
    assert_eq!(bound(&switch), [("0x1002".to_owned(), 4, 0)]);
}
