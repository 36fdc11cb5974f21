//! The door for programs, over HTTP, against a softswitch over TCP.

mod support;

use patchbay_softswitch::{CommandKind, Link, Phase, ScriptedGate, Trigger, Verdict};
use patchbay_switchtec::{LogicalPort, Pdfid, PhysicalPort};
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::sync::Arc;
use support::*;

async fn problem(answer: reqwest::Response, status: u16, code: &str) -> Value {
    assert_eq!(answer.status(), StatusCode::from_u16(status).expect("a status"));
    let kind = answer.headers()["content-type"].to_str().expect("text").to_owned();
    assert_eq!(kind, "application/problem+json");
    let body: Value = answer.json().await.expect("JSON");
    assert_eq!((body["status"].as_u64(), body["code"].as_str()), (Some(status.into()), Some(code)), "{body}");
    let detail = body["detail"].as_str().expect("a sentence");
    assert!(detail.len() > 20 && detail.ends_with('.'), "{detail:?} is a sentence");
    body
}

#[tokio::test]
async fn a_program_can_look_plan_change_and_read_back() {
    let (data, switch) = (folder(), switch(None).await);
    let server = Server::start(data.path(), Some(&switch)).await;
    server.ready().await;
    let topology = server.topology().await;
    assert_eq!(topology["hosts"].as_array().map(Vec::len), Some(4));
    assert_eq!(topology["hosts"][0]["link"]["rate_gts"], 16.0);
    assert_eq!(topology["adapters"][0]["functions"].as_array().map(Vec::len), Some(9));
    assert_eq!(topology["adapters"][0]["link"]["width"], 8);
    assert_eq!(topology["switches"][0]["firmware"], "4.80 B123");

    let wanted = intent(&topology, &[("0x1001", Some(0))]);
    let plan = server.post("/api/v1/plans", &wanted).await;
    assert_eq!(plan.status(), StatusCode::OK);
    let plan: Value = plan.json().await.expect("JSON");
    assert_eq!(plan["steps"].as_array().map(Vec::len), Some(1), "{plan}");
    assert!(bound(&switch).is_empty(), "a plan changes nothing");
    // How the switch is may have been read meanwhile; what hangs on it is as before.
    let now = server.topology().await;
    for part in ["generation", "seq", "hosts", "adapters"] {
        assert_eq!(now[part], topology[part], "a plan changes nothing");
    }

    let body = json!({ "intent": wanted, "reason": "INC-4411", "seen": topology["generation"] });
    let accepted = server.post("/api/v1/changes", &body).await;
    assert_eq!(accepted.status(), StatusCode::ACCEPTED);
    let location = accepted.headers()["location"].to_str().expect("text").to_owned();
    let id = accepted.json::<Value>().await.expect("JSON")["id"].as_u64().expect("an id");
    assert_eq!(location, format!("/api/v1/changes/{id}"));
    server.settled(id).await;
    let record = server.get_json(&location).await;
    assert_eq!((record["stage"].as_str(), record["reason"].as_str()), (Some("applied"), Some("INC-4411")));
    assert_eq!(record["actor"]["person"]["door"], "api");
    assert_eq!(bound(&switch), [("0x1001".to_owned(), 0, 0)]);
    assert_eq!(shown(&server.topology().await), bound(&switch));
}

#[tokio::test]
async fn assign_move_swap_release_and_several_at_once_are_one_shape() {
    let (data, switch) = (folder(), switch(None).await);
    let server = Server::start(data.path(), Some(&switch)).await;
    server.ready().await;
    for moves in [
        vec![("0x1001", Some(0)), ("0x1002", Some(4)), ("0x1101", Some(8))],
        vec![("0x1001", Some(12))],
        vec![("0x1001", Some(4)), ("0x1002", Some(12))],
        vec![("0x1001", None), ("0x1101", None)],
    ] {
        let (status, record) = server.change(&moves).await;
        assert_eq!((status, record["stage"].as_str()), (StatusCode::OK, Some("applied")), "{record}");
        assert_eq!(shown(&server.topology().await), bound(&switch));
    }
    assert_eq!(bound(&switch), [("0x1002".to_owned(), 12, 1)]);
    let ledger = server.get_json("/api/v1/ledger?after=0&limit=1000").await;
    let entries = ledger["entries"].as_array().expect("entries");
    for pair in entries.windows(2) {
        assert_eq!(pair[0]["hash"], pair[1]["prev"], "each entry names its predecessor");
    }
    assert_eq!(ledger["next_after"], Value::Null);
    let page = server.get_json("/api/v1/ledger?after=2&limit=3").await;
    assert_eq!(page["entries"][0]["seq"], 3);
    assert_eq!(page["next_after"], 5);
    server.stop().await;
}

#[tokio::test]
async fn a_stale_change_is_told_what_it_needs_to_plan_again() {
    let (data, switch) = (folder(), switch(None).await);
    let server = Server::start(data.path(), Some(&switch)).await;
    server.ready().await;
    server.change(&[("0x1001", Some(0)), ("0x1101", Some(4)), ("0x1002", Some(12))]).await;
    let mine = server.request(&[("0x1001", Some(4))], "mine").await;
    server.change(&[("0x1001", Some(8))]).await;

    let stale = problem(server.post("/api/v1/changes", &mine).await, 409, "stale").await;
    let (now, whole) = (&stale["topology"], server.topology().await);
    assert_eq!((&now["generation"], &stale["generation"]), (&whole["generation"], &whole["generation"]));
    let ports: Vec<_> = now["hosts"].as_array().expect("hosts").iter().map(|h| h["port"].as_u64()).collect();
    assert_eq!(ports, [Some(4), Some(8)], "where it shall go, and where it is now");
    for pdfid in ["0x1001", "0x1101"] {
        assert_eq!(function(now, pdfid), function(&whole, pdfid), "as on the whole");
    }
    let elsewhere = shown(now).into_iter().filter(|(_, port, _)| *port == 12).count();
    assert_eq!((shown(now).len(), elsewhere), (2, 0), "what is on other hosts is left out: {now}");

    let again =
        json!({ "intent": intent(now, &[("0x1001", Some(4))]), "reason": "mine", "seen": now["generation"] });
    let applied = server.post("/api/v1/changes?wait=true", &again).await;
    assert_eq!(applied.json::<Value>().await.expect("JSON")["stage"], "applied");
}

#[tokio::test]
async fn wrong_input_gets_a_sentence_and_changes_nothing() {
    let (data, switch) = (folder(), switch(None).await);
    switch.set_host_link(PhysicalPort::new(12), Link::Down).expect("a host port");
    let server = Server::start(data.path(), Some(&switch)).await;
    server.ready().await;
    let before = server.get_json("/api/v1/ledger").await;
    let topology = server.topology().await;
    let good = server.request(&[("0x1001", Some(0))], "a test").await;
    let with = |key: &str, value: Value| {
        let mut body = good.clone();
        body[key] = value;
        body
    };

    let stale = server.post("/api/v1/changes", &with("seen", json!(0))).await;
    let stale = problem(stale, 409, "stale").await;
    assert_eq!(stale["generation"], topology["generation"]);
    let unknown = with("intent", json!({ "moves": [{ "function": 999, "to": 1 }] }));
    problem(server.post("/api/v1/changes", &unknown).await, 422, "unknown_function").await;
    let dead = with("intent", intent(&topology, &[("0x1001", Some(12))]));
    let dead = problem(server.post("/api/v1/changes", &dead).await, 422, "cable_down").await;
    assert!(dead["detail"].as_str().is_some_and(|d| d.contains("Port 12 has no link")), "{dead}");
    let dry = server.post("/api/v1/plans", &intent(&topology, &[("0x1001", None)])).await;
    problem(dry, 422, "already_free").await;

    problem(server.post("/api/v1/changes", &with("reason", json!(" "))).await, 400, "bad_request").await;
    let no_target = json!({ "moves": [{ "function": 1 }] });
    problem(server.post("/api/v1/plans", &no_target).await, 400, "bad_request").await;
    let cut = server.post_text("/api/v1/changes", "application/json", "{\"intent\":".to_owned()).await;
    problem(cut, 400, "bad_request").await;
    problem(server.post_text("/api/v1/plans", "text/plain", "{}".to_owned()).await, 400, "bad_request").await;
    let huge = server.post_text("/api/v1/changes", "application/json", " ".repeat(300_000)).await;
    problem(huge, 413, "too_large").await;

    problem(server.get("/api/v1/changes/77").await, 404, "not_found").await;
    problem(server.get("/api/v1/changes/first").await, 404, "not_found").await;
    problem(server.get("/api/v1/nothing").await, 404, "not_found").await;
    problem(server.get("/api/v1/plans").await, 405, "method_not_allowed").await;
    problem(server.get("/api/v1/ledger?limit=many").await, 400, "bad_request").await;
    assert_eq!(server.get_json("/api/v1/ledger").await, before);
    assert!(bound(&switch).is_empty());
}

#[tokio::test]
async fn a_full_host_is_refused() {
    let (data, switch) = (folder(), switch(None).await);
    let server = Server::start(data.path(), Some(&switch)).await;
    server.ready().await;
    let pdfids: Vec<String> = (1..=8).map(|i| format!("{:#06x}", 0x1000 + i)).collect();
    let fill: Vec<_> = pdfids.iter().map(|p| (p.as_str(), Some(0))).collect();
    let (_, record) = server.change(&fill).await;
    assert_eq!(record["stage"], "applied", "{record}");
    let body = server.request(&[("0x1101", Some(0))], "one too many").await;
    let full = problem(server.post("/api/v1/changes", &body).await, 422, "host_full").await;
    assert!(full["detail"].as_str().is_some_and(|d| d.contains("all 8 are taken")), "{full}");
}

#[tokio::test]
async fn functions_of_two_switches_come_to_one_server_in_one_change_and_go_back_in_one() {
    let data = folder();
    let mut lab = command(data.path(), None);
    lab.args(["--lab", "pair"]);
    let server = Server::spawn(lab).await;
    server.ready().await;
    let topology = server.topology().await;
    let before = shown(&topology);
    let hosts = topology["hosts"].as_array().expect("hosts");
    let far = |name: &str| hosts.iter().rfind(|host| host["name"] == name).expect("on both switches");
    let to = |function: &str, name: &str| json!({ "function": self::function(&topology, function)["id"], "to": far(name)["id"] });
    let wanted = json!({ "moves": [to("0x1001", "db-01"), to("0x1801", "db-01")] });

    let plan: Value = server.post("/api/v1/plans", &wanted).await.json().await.expect("JSON");
    assert_eq!(
        (plan["switches"].as_array().map(Vec::len), plan["steps"].as_array().map(Vec::len)),
        (Some(2), Some(4))
    );
    let body = json!({ "intent": wanted, "reason": "INC-4412", "seen": topology["generation"] });
    let record: Value = server.post("/api/v1/changes?wait=true", &body).await.json().await.expect("JSON");
    assert_eq!(record["stage"], "applied", "{record}");
    let now = shown(&server.topology().await);
    for function in ["0x1001", "0x1801"] {
        assert!(now.contains(&(function.to_owned(), 4, 2)), "by the cable of its switch: {now:?}");
    }

    let undo = server.get_json(&format!("/api/v1/changes/{}/undo", record["id"])).await;
    let body = json!({ "intent": undo["intent"], "reason": "back", "seen": undo["generation"] });
    let record: Value = server.post("/api/v1/changes?wait=true", &body).await.json().await.expect("JSON");
    assert_eq!((record["stage"].as_str(), shown(&server.topology().await)), (Some("applied"), before));

    let down = server.post("/api/v1/plans", &json!({ "moves": [to("0x1801", "db-02")] })).await;
    problem(down, 422, "cable_down").await;
    let other = server.post("/api/v1/plans", &json!({ "moves": [to("0x1001", "db-02")] })).await;
    assert_eq!(other.status(), StatusCode::OK, "its other cable is up");
}

#[tokio::test]
async fn a_refusal_of_the_switch_rolls_the_change_back() {
    let trigger = Trigger {
        kind: Some(CommandKind::Bind),
        nth: 3,
        phase: Phase::Before,
        verdict: Verdict::Refuse(0x84002),
    };
    let (data, switch) = (folder(), switch(Some(ScriptedGate::new(vec![trigger]))).await);
    let server = Server::start(data.path(), Some(&switch)).await;
    server.ready().await;
    server.change(&[("0x1001", Some(0)), ("0x1002", Some(4))]).await;
    let before = bound(&switch);
    let (status, record) = server.change(&[("0x1001", Some(4)), ("0x1002", Some(0))]).await;
    assert_eq!((status, record["stage"].as_str()), (StatusCode::OK, Some("rolled_back")), "{record}");
    let why = record["closed"]["why"].as_str().expect("a sentence");
    assert!(why.contains("refused to bind") && why.contains("0x84002"), "{why}");
    assert_eq!(bound(&switch), before);
    assert_eq!(shown(&server.topology().await), before);
}

#[tokio::test]
async fn a_pdfid_bound_behind_our_back_is_found_shown_and_left_alone() {
    let (data, switch) = (folder(), switch(None).await);
    let server = Server::start(data.path(), Some(&switch)).await;
    server.ready().await;
    let id = Pdfid::new(0x1004);
    switch.bind(PhysicalPort::new(8), LogicalPort::new(5), &[id]).expect("free");
    let found = server.until("entry", |data| !data["entry"]["event"]["bindings_found"].is_null()).await;
    let difference = &found["entry"]["event"]["bindings_found"]["differences"][0];
    assert_eq!(difference["name"], "eth16v4", "{found}");
    let expected = [("0x1004".to_owned(), 8, 5)];
    assert_eq!(shown(&server.topology().await), expected);
    assert_eq!(bound(&switch), expected);
}

#[tokio::test]
async fn a_page_of_another_site_cannot_act() {
    let (data, switch) = (folder(), switch(None).await);
    let server = Server::start(data.path(), Some(&switch)).await;
    server.ready().await;
    let body = server.request(&[("0x1001", Some(0))], "not mine").await;
    let client = reqwest::Client::new();
    let request =
        client.post(format!("{}/api/v1/changes", server.url)).header("origin", "http://evil.example");
    problem(request.json(&body).send().await.expect("an answer"), 403, "foreign_page").await;
    assert!(bound(&switch).is_empty());
}

#[tokio::test]
async fn who_waits_for_a_change_is_answered_before_its_end_when_that_takes_too_long() {
    let (data, spoiler) = (folder(), Arc::new(Spoiler::default()));
    let switch = switch(Some(spoiler.clone())).await;
    let server = Server::start(data.path(), Some(&switch)).await;
    server.ready().await;
    spoiler.set(1, Phase::Before, Verdict::Hang);
    let body = server.request(&[("0x1001", Some(0))], "on a switch that hangs").await;
    let answer = server.post("/api/v1/changes?wait=1", &body).await;
    assert_eq!(answer.status(), StatusCode::ACCEPTED);
    let location = answer.headers()["location"].to_str().expect("text").to_owned();
    let answer: Value = answer.json().await.expect("JSON");
    assert_eq!((answer["stage"].as_str(), &answer["closed"]), (Some("running"), &Value::Null), "{answer}");
    assert_eq!(server.get_json(&location).await["stage"], "running");
    // Who begins to listen now is told what no entry says.
    server.until("begun", |told| told["begun"] == answer["id"]).await;
    server.until("trouble", |told| told["trouble"].is_null()).await;
    for bad in ["0", "601", "soon", "-1"] {
        let refused = server.post(&format!("/api/v1/changes?wait={bad}"), &body).await;
        let refused = problem(refused, 400, "bad_request").await;
        assert!(refused["detail"].as_str().is_some_and(|why| why.contains("number of seconds")), "{refused}");
    }
}

#[tokio::test]
async fn a_name_that_another_site_lets_lead_here_is_not_answered_to() {
    let (data, switch) = (folder(), switch(None).await);
    let server = Server::start(data.path(), Some(&switch)).await;
    server.ready().await;
    let client = reqwest::Client::new();
    for path in ["/", "/api/v1/topology", "/api/v1/nowhere"] {
        let request = client.get(format!("{}{path}", server.url)).header("host", "evil.example:3000");
        let refused = problem(request.send().await.expect("an answer"), 421, "foreign_name").await;
        assert!(refused["detail"].as_str().is_some_and(|why| why.contains("evil.example")), "{refused}");
        let named = client.get(format!("{}{path}", server.url)).header("host", "localhost:3000");
        assert_ne!(named.send().await.expect("an answer").status(), 421, "{path}");
    }
}

#[tokio::test]
async fn the_stream_resumes_after_the_last_entry_seen() {
    let (data, switch) = (folder(), switch(None).await);
    let server = Server::start(data.path(), Some(&switch)).await;
    server.ready().await;
    let seen = server.topology().await["seq"].as_u64().expect("a number");
    server.change(&[("0x1001", Some(0))]).await;
    let client = reqwest::Client::new();
    let request = client.get(format!("{}/api/v1/stream", server.url)).header("last-event-id", seen);
    let mut stream = request.send().await.expect("an answer");
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    let mut text = String::new();
    while !text.contains("change_closed") {
        let bytes = stream.chunk().await.expect("goes on").expect("goes on");
        text.push_str(&String::from_utf8_lossy(&bytes));
    }
    let ids: Vec<u64> = text.lines().filter_map(|l| l.strip_prefix("id:")?.trim().parse().ok()).collect();
    assert_eq!(ids, [seen + 1, seen + 2], "each entry once, in order");
    let ahead =
        client.get(format!("{}/api/v1/stream?after=999", server.url)).send().await.expect("an answer");
    let mut ahead = ahead;
    let mut text = String::new();
    while !text.contains("event:") && !text.contains("event: reset") {
        text.push_str(&String::from_utf8_lossy(&ahead.chunk().await.expect("goes on").expect("goes on")));
    }
    assert!(text.contains("reset"), "{text}");
}
