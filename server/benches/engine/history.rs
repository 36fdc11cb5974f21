//! Data folders with long ledgers, made once by the store's own hand and kept in Cargo's folder.

use crate::rig::{Program, Server, board};
use crate::site::{Racks, disk};
use anyhow::{Context, Result, bail};
use chrono::Utc;
use patchbay::serve::DATABASE;
use patchbay_domain::{
    Actor, ChangeId, Door, FunctionId, HostId, Intent, OpenChange, Outcome, Plan, Reason, Seq, SwitchState,
    Topology,
};
use patchbay_store::{Closing, Store};
use std::path::{Path, PathBuf};

/// The rack that these ledgers are about.
pub const SHAPE: patchbay_softswitch::Shape =
    patchbay_softswitch::Shape { hosts: 20, adapters: 4, functions: 512, seed: 1, switches: Some(1) };
/// Written last: a folder without it was not finished.
const FINISHED: &str = "finished";

/// The folder with a ledger of at least so many entries about these racks; the picture is as the racks are at first.
///
/// # Errors
/// When it cannot be made.
pub async fn folder(program: &Program, racks: &Racks, entries: u64) -> Result<PathBuf> {
    let folder = disk().join(format!("engine-ledger-{entries}"));
    if folder.join(FINISHED).exists() {
        return Ok(folder);
    }
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    println!("    making a ledger of {entries} entries in {}, once", folder.display());
    discover(program, racks, &folder).await?;
    let mut scribe = Scribe::open(&folder).await?;
    scribe.write_until(Seq::new(entries)).await?;
    scribe.close().await;
    std::fs::write(folder.join(FINISHED), "")?;
    Ok(folder)
}

/// Lets a server find the racks and write down what it found.
async fn discover(program: &Program, racks: &Racks, data: &Path) -> Result<()> {
    let switches = racks.start(program).await?;
    let server = Server::start(program, data, &switches.addresses()).await?;
    board::ready(server.address).await?;
    server.stop().await?;
    switches.end().await
}

/// Writes a history as the engine would, without a switch.
pub struct Scribe {
    store: Store,
    /// The picture so far.
    pub topology: Topology,
    /// The last entry.
    pub seq: Seq,
    actor: Actor,
}

impl Scribe {
    /// Opens the database of a folder whose server has ended.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub async fn open(data: &Path) -> Result<Self> {
        let store = Store::open(&data.join(DATABASE)).await?;
        let loaded = store.load().await?;
        let mut topology = loaded.topology;
        let switches: Vec<_> = topology.switches.keys().copied().collect();
        for switch in switches {
            topology.set_switch_state(switch, SwitchState::Ready);
        }
        let from = Some("127.0.0.1".to_owned());
        let actor = Actor::Person { name: "operator".to_owned(), door: Door::Api, from };
        Ok(Self { store, topology, seq: loaded.seq, actor })
    }

    /// Closes the database.
    pub async fn close(self) {
        self.store.close().await;
    }

    /// Functions that have a host whose cable carries traffic, with another such host.
    pub fn movable(&self) -> Vec<(FunctionId, HostId, HostId)> {
        let up: Vec<_> =
            self.topology.hosts.values().filter(|host| host.link.up).map(|host| host.id).collect();
        let functions = self.topology.functions.values();
        let pair = |function: &patchbay_domain::Function| {
            let home = function.assigned?.host;
            let at = up.iter().position(|host| *host == home)?;
            Some((function.id, home, up[(at + 1) % up.len()]))
        };
        functions.filter_map(pair).collect()
    }

    /// Opens a change that moves one function.
    ///
    /// # Errors
    /// When a rule refuses it.
    pub async fn begin(&mut self, function: FunctionId, to: HostId) -> Result<(ChangeId, Plan)> {
        let intent = Intent::single(function, Some(to));
        let plan = patchbay_domain::plan(&self.topology, &intent)?;
        let (at, seen, reason) = (Utc::now(), plan.generation, Reason::new("an old change")?);
        let opened = self.store.open_change(at, &self.actor, &intent, &plan, &reason, seen).await?;
        let (change, entry) = opened;
        self.topology.apply(&entry);
        self.seq = entry.seq;
        Ok((change, plan))
    }

    async fn end(&mut self, change: ChangeId) -> Result<()> {
        let open = self.topology.open.get(&change);
        let Some(OpenChange { plan, .. }) = open else { bail!("change {change} is not open") };
        let (outcome, moves) = (Outcome::Applied, plan.moves.clone());
        let closing = Closing { outcome, why: None, reports: Vec::new(), moves };
        let entry = self.store.close_change(Utc::now(), change, closing).await?;
        self.topology.apply(&entry);
        self.seq = entry.seq;
        Ok(())
    }

    /// Moves functions to and fro until the ledger is long enough.
    async fn write_until(&mut self, last: Seq) -> Result<()> {
        let movable = self.movable();
        let mut turn = movable.iter().cycle();
        while self.seq < last {
            let (function, home, away) = *turn.next().context("there is a function to move")?;
            for to in [away, home] {
                let (change, _) = self.begin(function, to).await?;
                self.end(change).await?;
            }
        }
        Ok(())
    }
}
