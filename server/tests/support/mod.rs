//! A Patchbay of its own process against a softswitch in this one, over TCP on both sides.
#![allow(dead_code, reason = "each test file uses its own part")]

use patchbay_softswitch::{
    CommandEvent, CommandKind, Gate, Options, Passing, Phase, Rack, Running, Softswitch, Verdict,
};
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;

/// Starts the transcripts' rack: four hosts on ports 0, 4, 8, 12, a NIC in slot 16, an HBA in slot 20, nothing bound.
pub async fn switch(gate: Option<Arc<dyn Gate>>) -> Running {
    let rack = Rack::transcripts().expect("the built-in rack is a rack");
    let listen = "127.0.0.1:0".parse().expect("an address");
    Softswitch::start(rack, listen, Options { gate, ..Options::default() })
        .await
        .expect("the softswitch starts")
}

/// A running `patchbay serve`.
pub struct Server {
    pub url: String,
    child: Child,
    client: Client,
}

pub fn command(data: &Path, switch: Option<&Running>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_patchbay"));
    command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data);
    if let Some(switch) = switch {
        command.args(["--switch", &switch.addr().to_string()]);
    }
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("PATCHBAY_")) {
        command.env_remove(name);
    }
    command.stdout(Stdio::piped()).stderr(Stdio::inherit()).kill_on_drop(true);
    command
}

impl Server {
    pub async fn start(data: &Path, switch: Option<&Running>) -> Self {
        Self::spawn(command(data, switch)).await
    }

    /// Runs a command that was made by [`command`].
    pub async fn spawn(mut command: Command) -> Self {
        let mut child = command.spawn().expect("the server starts");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let line = lines.next_line().await.expect("readable").expect("the server says where it is");
        let url = line.strip_prefix("Patchbay is at ").expect("the line that says where").to_owned();
        Self { url, child, client: Client::new() }
    }

    /// Ends the server as a power cut would.
    pub async fn kill(mut self) {
        self.child.kill().await.expect("the server can be killed");
    }

    /// Asks the server to stop, and returns its exit status.
    pub async fn stop(mut self) -> std::process::ExitStatus {
        let pid = self.child.id().expect("running").to_string();
        let asked = Command::new("kill").args(["-TERM", &pid]).status().await.expect("kill runs");
        assert!(asked.success());
        self.child.wait().await.expect("the server ends")
    }

    pub async fn get(&self, path: &str) -> Response {
        self.client.get(format!("{}{path}", self.url)).send().await.expect("an answer")
    }

    pub async fn get_json(&self, path: &str) -> Value {
        self.get(path).await.json().await.expect("JSON")
    }

    pub async fn post(&self, path: &str, body: &Value) -> Response {
        self.client.post(format!("{}{path}", self.url)).json(body).send().await.expect("an answer")
    }

    /// Posts JSON with one more header.
    pub async fn post_with(&self, path: &str, body: &Value, (name, value): (&str, &str)) -> Response {
        let request =
            self.client.post(format!("{}{path}", self.url)).json(body).header(name, value.as_bytes());
        request.send().await.expect("an answer")
    }

    pub async fn post_text(&self, path: &str, kind: &str, body: String) -> Response {
        let request = self.client.post(format!("{}{path}", self.url)).header("content-type", kind).body(body);
        request.send().await.expect("an answer")
    }

    pub async fn topology(&self) -> Value {
        self.get_json("/api/v1/topology").await
    }

    /// Waits on the live stream, from its beginning, until an event of this name satisfies `wanted`.
    pub async fn until(&self, name: &str, mut wanted: impl FnMut(&Value) -> bool) -> Value {
        let mut stream = self.get("/api/v1/stream?after=0").await;
        let mut text = String::new();
        loop {
            let bytes = stream.chunk().await.expect("the stream goes on").expect("the stream goes on");
            text.push_str(&String::from_utf8_lossy(&bytes));
            while let Some(end) = text.find("\n\n") {
                let event: String = text.drain(..end + 2).collect();
                let field = |key: &str| event.lines().find_map(|l| l.strip_prefix(key)).map(str::trim);
                if field("event:") == Some(name) {
                    let data = serde_json::from_str(field("data:").expect("data")).expect("JSON");
                    if wanted(&data) {
                        return data;
                    }
                }
            }
        }
    }

    /// Waits until every switch was read since this server started.
    pub async fn ready(&self) {
        let ready = |topology: &Value| {
            let switches = topology["switches"].as_array().expect("switches");
            !switches.is_empty() && switches.iter().all(|switch| switch["state"] == "ready")
        };
        self.until_shown(ready).await;
    }

    /// Waits until the topology is as wanted; whatever the live stream brings is a reason to look again.
    pub async fn until_shown(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        let mut stream = self.get("/api/v1/stream").await;
        loop {
            let topology = self.topology().await;
            if wanted(&topology) {
                return topology;
            }
            stream.chunk().await.expect("the stream goes on").expect("the stream goes on");
        }
    }

    /// Waits until no change is open.
    pub async fn settled(&self, change: u64) {
        let closed = |data: &Value| data["entry"]["event"]["change_closed"]["change"] == change;
        self.until("entry", closed).await;
    }

    /// A change by PDFIDs and host ports, waiting for its end.
    pub async fn change(&self, moves: &[(&str, Option<u64>)]) -> (StatusCode, Value) {
        let body = self.request(moves, "a test").await;
        let answer = self.post("/api/v1/changes?wait=true", &body).await;
        (answer.status(), answer.json().await.expect("JSON"))
    }

    /// The body of a change by PDFIDs and host ports.
    pub async fn request(&self, moves: &[(&str, Option<u64>)], reason: &str) -> Value {
        let topology = self.topology().await;
        json!({ "intent": intent(&topology, moves), "reason": reason, "seen": topology["generation"] })
    }
}

/// An intent by PDFIDs and host ports.
pub fn intent(topology: &Value, moves: &[(&str, Option<u64>)]) -> Value {
    let one = |(pdfid, port): &(&str, Option<u64>)| json!({ "function": function(topology, pdfid)["id"], "to": port.map(|p| host(topology, p)["id"].clone()) });
    json!({ "moves": moves.iter().map(one).collect::<Vec<_>>() })
}

pub fn function<'a>(topology: &'a Value, pdfid: &str) -> &'a Value {
    let adapters = topology["adapters"].as_array().expect("adapters");
    let functions = adapters.iter().flat_map(|a| a["functions"].as_array().expect("functions"));
    functions.into_iter().find(|f| f["pdfid"] == pdfid).expect("a function with this PDFID")
}

pub fn host(topology: &Value, port: u64) -> &Value {
    let hosts = topology["hosts"].as_array().expect("hosts");
    hosts.iter().find(|h| h["port"] == port).expect("a host on this port")
}

/// What the board says is bound: PDFID, host port, logical port, in order.
pub fn shown(topology: &Value) -> Vec<(String, u64, u64)> {
    let port_of = |id: &Value| {
        let hosts = topology["hosts"].as_array().expect("hosts");
        hosts.iter().find(|h| h["id"] == *id).expect("a known host")["port"].as_u64().expect("a number")
    };
    let adapters = topology["adapters"].as_array().expect("adapters");
    let functions = adapters.iter().flat_map(|a| a["functions"].as_array().expect("functions"));
    let mut all: Vec<_> = functions
        .filter(|f| !f["assigned"].is_null())
        .map(|f| {
            let at = &f["assigned"];
            let pdfid = f["pdfid"].as_str().expect("text").to_owned();
            (pdfid, port_of(&at["host"]), at["logical_port"].as_u64().expect("a number"))
        })
        .collect();
    all.sort();
    all
}

/// What the switch says is bound, in the same words.
pub fn bound(switch: &Running) -> Vec<(String, u64, u64)> {
    let mut all: Vec<_> = switch
        .bindings()
        .into_iter()
        .flat_map(|b| {
            let at = (u64::from(b.port.get()), u64::from(b.logical_port.get()));
            b.functions.into_iter().map(move |f| (format!("{:#06x}", f.get()), at.0, at.1))
        })
        .collect();
    all.sort();
    all
}

/// A gate that waits for commands in a certain order, and hangs up on the last one.
pub struct Moment {
    script: Mutex<Vec<(CommandKind, Phase)>>,
    reached: watch::Sender<bool>,
}

impl Moment {
    pub fn new() -> Arc<Self> {
        Arc::new(Self { script: Mutex::default(), reached: watch::Sender::new(false) })
    }

    /// From now on, waits for these commands, one after another.
    pub fn arm(&self, script: &[(CommandKind, Phase)]) {
        self.reached.send_replace(false);
        let mut reversed = script.to_vec();
        reversed.reverse();
        *self.script.lock().expect("not poisoned") = reversed;
    }

    /// Returns when the last command has come; its client gets no answer.
    pub async fn reached(&self) {
        self.reached.subscribe().wait_for(|reached| *reached).await.expect("the gate lives");
    }
}

impl Gate for Moment {
    fn pass(&self, event: CommandEvent) -> Passing<'_> {
        let mut script = self.script.lock().expect("not poisoned");
        let mut verdict = Verdict::Proceed;
        if script.last() == Some(&(event.kind, event.phase)) {
            script.pop();
            if script.is_empty() {
                self.reached.send_replace(true);
                verdict = Verdict::Hang;
            }
        }
        Box::pin(std::future::ready(verdict))
    }
}

/// A gate that spoils one bind or unbind, counted from 1 since it was last set.
#[derive(Default)]
pub struct Spoiler(Mutex<Option<(u64, Phase, Verdict)>>);

impl Spoiler {
    pub fn set(&self, nth: u64, phase: Phase, verdict: Verdict) {
        *self.0.lock().expect("not poisoned") = Some((nth, phase, verdict));
    }

    /// Whether the command came that was to be spoilt.
    pub fn is_spent(&self) -> bool {
        self.0.lock().expect("not poisoned").is_none()
    }
}

impl Gate for Spoiler {
    fn pass(&self, event: CommandEvent) -> Passing<'_> {
        let mut script = self.0.lock().expect("not poisoned");
        let mut verdict = Verdict::Proceed;
        if let Some((left, phase, spoilt)) = &mut *script
            && matches!(event.kind, CommandKind::Bind | CommandKind::Unbind)
        {
            let last = *left == 1;
            if last && event.phase == *phase {
                verdict = *spoilt;
                *script = None;
            } else if event.phase == Phase::After && !last {
                *left -= 1;
            }
        }
        Box::pin(std::future::ready(verdict))
    }
}

pub fn folder() -> TempDir {
    TempDir::new().expect("a temporary folder")
}
