//! Data folders with long ledgers, made once by the store's own hand and kept in Cargo's folder.

use crate::rig::Program;
use crate::site::{Racks, Site, disk};
use anyhow::{Context, Result, ensure};
use chrono::Utc;
use patchbay::serve::DATABASE;
use patchbay_domain::{
    Actor, ChangeId, Door, Entry, Event, FunctionId, Hash, HostId, Intent, Outcome, Plan, Reason, Seq,
    SwitchState, Topology,
};
use patchbay_store::{Closing, Loaded, Opening, Store, WRITINGS_MAX, Writing};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The rack that these ledgers are about.
pub const SHAPE: patchbay_softswitch::Shape =
    patchbay_softswitch::Shape { hosts: 20, adapters: 4, functions: 512, seed: 1, switches: Some(1) };
/// Written last: a folder without it was not finished, and is gone on with. What is in it are whole groups, and each
/// leaves every function where it was.
const FINISHED: &str = "finished";
/// Two changes, there and back, are opened and closed together or not at all.
const _: () = assert!(WRITINGS_MAX.is_multiple_of(4));

/// The folder with a ledger of at least so many entries about these racks; the picture is as the racks are at first.
///
/// # Errors
/// When it cannot be made.
pub async fn folder(program: &Program, racks: &Racks, entries: u64) -> Result<PathBuf> {
    let folder = disk().join(format!("engine-ledger-{entries}"));
    if folder.join(FINISHED).exists() {
        return Ok(folder);
    }
    println!("    making a ledger of {entries} entries in {}, once", folder.display());
    discover(program, racks, &folder).await?;
    let mut scribe = Scribe::open(&folder).await?;
    scribe.write_until(Seq::new(entries)).await?;
    scribe.close().await?;
    std::fs::write(folder.join(FINISHED), "")?;
    Ok(folder)
}

/// Lets a server find the racks and write down what it found.
///
/// # Errors
/// When something does not start.
pub async fn discover(program: &Program, racks: &Racks, data: &Path) -> Result<()> {
    Site::with_history(program, racks, data).await?.close().await
}

/// Writes a history as the engine would, without a switch.
pub struct Scribe {
    store: Store,
    /// The picture so far, with what waits to be written.
    topology: Topology,
    /// The last entry, with what waits to be written.
    pub seq: Seq,
    next: ChangeId,
    actor: Actor,
    waiting: Vec<Writing>,
}

impl Scribe {
    /// Opens the database of a folder whose server has ended.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub async fn open(data: &Path) -> Result<Self> {
        let store = Store::open(&data.join(DATABASE)).await?;
        let Loaded { mut topology, seq, next_change: next, .. } = store.load().await?;
        let switches: Vec<_> = topology.switches.keys().copied().collect();
        for switch in switches {
            topology.set_switch_state(switch, SwitchState::Ready);
        }
        let from = Some("127.0.0.1".to_owned());
        let actor = Actor::Person { name: "operator".to_owned(), door: Door::Api, from };
        Ok(Self { store, topology, seq, next, actor, waiting: Vec::new() })
    }

    /// Writes what waits, and closes the database.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn close(mut self) -> Result<()> {
        self.write().await?;
        self.store.close().await;
        Ok(())
    }

    async fn write(&mut self) -> Result<()> {
        let written = self.store.write(std::mem::take(&mut self.waiting)).await?;
        ensure!(
            written.last().is_none_or(|last| last.seq == self.seq),
            "entries have the numbers that are due"
        );
        Ok(())
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

    /// Folds the event of a writing, which gets its hash only when it is written.
    async fn note(&mut self, writing: Writing, actor: Actor, event: Event) -> Result<()> {
        self.seq = self.seq.next();
        let (seq, at, prev, hash) = (self.seq, Utc::now(), Hash::ZERO, Hash::ZERO);
        self.topology.apply(&Entry { seq, at, actor, event, prev, hash });
        self.waiting.push(writing);
        if self.waiting.len() == WRITINGS_MAX { self.write().await } else { Ok(()) }
    }

    /// Opens a change that moves one function.
    ///
    /// # Errors
    /// When a rule refuses it.
    pub async fn begin(&mut self, function: FunctionId, to: HostId) -> Result<(ChangeId, Arc<Plan>)> {
        let intent = Intent::single(function, Some(to));
        let plan = Arc::new(patchbay_domain::plan(&self.topology, &intent)?);
        let (change, actor) = (self.next, self.actor.clone());
        self.next = ChangeId::new(change.get() + 1);
        let (at, seen, reason) = (Utc::now(), plan.generation, Reason::new("an old change")?);
        let event = Event::ChangeOpened {
            change,
            intent: intent.clone(),
            plan: Arc::clone(&plan),
            reason: reason.clone(),
            seen,
        };
        let opening = Opening {
            at,
            change,
            actor: actor.clone(),
            intent,
            plan: Arc::clone(&plan),
            reason,
            seen,
            key: None,
        };
        self.note(Writing::Open(Box::new(opening)), actor, event).await?;
        Ok((change, plan))
    }

    async fn end(&mut self, change: ChangeId, plan: &Plan) -> Result<()> {
        let (outcome, why, reports, moves) = (Outcome::Applied, None, Arc::default(), plan.recorded_moves());
        let closing =
            Closing { outcome, why: None, reports: Arc::clone(&reports), moves: Arc::clone(&moves) };
        let writing = Writing::Close { at: Utc::now(), change, by: Actor::Engine, closing };
        self.note(writing, Actor::Engine, Event::ChangeClosed { change, outcome, why, reports, moves }).await
    }

    /// Moves functions to and fro until the ledger is long enough.
    async fn write_until(&mut self, last: Seq) -> Result<()> {
        let movable = self.movable();
        let mut turn = movable.iter().cycle();
        while self.seq < last {
            let (function, home, away) = *turn.next().context("there is a function to move")?;
            for to in [away, home] {
                let (change, plan) = self.begin(function, to).await?;
                self.end(change, &plan).await?;
            }
        }
        Ok(())
    }
}
