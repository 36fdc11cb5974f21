//! A small rack in a temporary database.

use chrono::{DateTime, TimeDelta, Utc};
use patchbay_domain::*;
use patchbay_store::{Closing, Names, Opening, Store, StoreError, Writing};
use sqlx::{Connection, SqliteConnection};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A store in a directory that goes when the test ends.
pub struct Lab {
    pub store: Store,
    dir: TempDir,
}

/// The ids that [`Lab::discovered`] gives, in the order of [`observation`].
pub const SWITCH: SwitchId = SwitchId::new(1);
pub const HOST_A: HostId = HostId::new(1);
pub const HOST_B: HostId = HostId::new(2);
pub const NIC: AdapterId = AdapterId::new(1);
pub const HBA: AdapterId = AdapterId::new(2);
pub const NIC_VF1: FunctionId = FunctionId::new(2);
pub const NIC_VF2: FunctionId = FunctionId::new(3);
pub const HBA_VF1: FunctionId = FunctionId::new(6);

impl Lab {
    /// An empty store.
    pub async fn new() -> Self {
        Self::in_dir(tempfile::tempdir().expect("a directory")).await
    }

    /// The store in a directory; a new one where there is none.
    pub async fn in_dir(dir: TempDir) -> Self {
        let store = Store::open(&Self::path_in(&dir)).await.expect("a database");
        Self { store, dir }
    }

    /// A store with one switch, read once.
    pub async fn discovered() -> Self {
        Self::new().await.first_read().await
    }

    /// The same, in a directory inside of another one.
    pub async fn discovered_in(dir: &Path) -> Self {
        let dir = tempfile::tempdir_in(dir).expect("a directory");
        Self::in_dir(dir).await.first_read().await
    }

    async fn first_read(self) -> Self {
        let lab = self;
        let (switch, _) = lab
            .store
            .add_switch(at(0), &Actor::Engine, "pax-1", "rack-12-pax", "10.0.0.1")
            .await
            .expect("added");
        assert_eq!(switch, SWITCH);
        lab.discover(&observation()).await;
        lab
    }

    pub async fn discover(&self, seen: &Observation) -> Entry {
        let names = Names { hosts: [(PhysicalPort(0), "web-01".to_owned())].into(), ..Names::default() };
        self.store.discovered(at(1), SWITCH, seen, &names).await.expect("a sound reading")
    }

    pub fn path(&self) -> PathBuf {
        Self::path_in(&self.dir)
    }

    /// Where the database is in a directory.
    pub fn path_in(dir: &TempDir) -> PathBuf {
        dir.path().join("rack.db")
    }

    /// The same database, closed and opened again.
    pub async fn reopened(self) -> Self {
        self.store.close().await;
        let store = Store::open(&self.path()).await.expect("the database from before");
        Self { store, dir: self.dir }
    }

    /// A connection past the store, as a curious person with a tool would have.
    pub async fn raw(&self) -> SqliteConnection {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(self.path());
        SqliteConnection::connect_with(&options).await.expect("a second connection")
    }

    /// The tables of which the database has statistics.
    pub async fn analysed(&self) -> Vec<String> {
        let tables = sqlx::query_scalar("SELECT DISTINCT tbl FROM sqlite_stat1");
        tables.fetch_all(&mut self.raw().await).await.expect("statistics")
    }

    /// The same database as a version wrote it that did not keep what was wished, opened by this one.
    pub async fn older_than_wishes(self) -> Self {
        let mut raw = self.raw().await;
        let forget = "DROP TABLE wishes; DROP TABLE generations; DROP TABLE wished_later;
                      DELETE FROM _sqlx_migrations WHERE version IN (5, 8)";
        sqlx::raw_sql(forget).execute(&mut raw).await.expect("forgotten");
        raw.close().await.expect("closed");
        self.reopened().await
    }

    pub async fn topology(&self) -> Topology {
        self.store.load().await.expect("a sound database").topology
    }

    /// The picture as the engine has it when every switch answers.
    pub async fn ready(&self) -> Topology {
        let mut topology = self.topology().await;
        topology.switches.values_mut().for_each(|switch| switch.state = SwitchState::Ready);
        topology
    }

    /// Opens the change that moves one function, by a person.
    pub async fn open(&self, person: &str, function: FunctionId, to: Option<HostId>, why: &str) -> ChangeId {
        let topology = self.ready().await;
        let intent = Intent::single(function, to);
        let plan = plan(&topology, &intent).expect("allowed");
        let change = self.store.load().await.expect("a sound database").next_change;
        let opening = opening(change, person, intent, plan, why);
        self.write(Writing::Open(Box::new(opening))).await.expect("opened");
        change
    }

    /// Writes one thing by itself.
    pub async fn write(&self, writing: Writing) -> Result<Entry, StoreError> {
        let [entry] = <[Entry; 1]>::try_from(self.store.write(vec![writing]).await?).expect("one entry");
        Ok(entry)
    }

    /// Records what the engine found.
    pub async fn record(&self, at: DateTime<Utc>, event: Event) -> Result<Entry, StoreError> {
        self.write(Writing::Event { at, event }).await
    }

    /// Closes a change as planned, or as rolled back.
    pub async fn close(&self, id: ChangeId, outcome: Outcome) -> Entry {
        let moves = match outcome {
            Outcome::Applied => self.topology().await.open[&id].plan.recorded_moves(),
            Outcome::RolledBack | Outcome::Stuck => [].into(),
        };
        let why = (outcome != Outcome::Applied).then(|| "The switch refused.".to_owned());
        let reports = [StepReport {
            step: 0,
            phase: StepPhase::Apply,
            elapsed_us: 90,
            error: why.clone(),
            unanswered: false,
        }];
        let closing = Closing { outcome, why, reports: reports.into(), moves };
        self.write(closed(id, closing)).await.expect("closed")
    }

    /// Every entry, read page by page.
    pub async fn entries(&self) -> Vec<Entry> {
        let (mut entries, mut after) = (Vec::new(), Some(Seq::new(0)));
        while let Some(from) = after {
            let page = self.store.ledger(from, 3).await.expect("a sound ledger");
            after = page.next_after;
            entries.extend(page.entries);
        }
        entries
    }
}

/// Somebody else bound nothing on a switch: an entry that needs nothing to be known.
pub fn nothing_found(switch: SwitchId) -> Event {
    Event::BindingsFound { switch, differences: Vec::new() }
}

/// The trouble of a subject, raised.
pub fn raised(subject: Subject) -> Event {
    let (name, why) = (format!("the one of {subject}"), "No answer.".to_owned());
    Event::HealthRaised { switch: SWITCH, subject, name, why, since: at(8), times: 1 }
}

/// The same, cleared.
pub fn cleared(subject: Subject) -> Event {
    let name = format!("the one of {subject}");
    Event::HealthCleared { switch: SWITCH, subject, name, times: 12, lasted_ms: 185_000, gone: false }
}

/// A moment, some hours after another.
pub fn at(hours: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::hours(hours) + TimeDelta::nanoseconds(1_234_567_890)
}

pub fn somebody(name: &str) -> Actor {
    Actor::Person { name: name.to_owned(), door: Door::Browser, from: Some("192.0.2.7".to_owned()) }
}

/// A change by a person who saw what it was planned for.
pub fn opening(change: ChangeId, person: &str, intent: Intent, plan: Plan, why: &str) -> Opening {
    let (reason, seen) = (Reason::new(why).expect("a reason"), plan.generation);
    Opening { at: at(2), change, actor: somebody(person), intent, plan: plan.into(), reason, seen, key: None }
}

/// The end of a change, by the engine.
pub fn closed(change: ChangeId, closing: Closing) -> Writing {
    Writing::Close { at: at(3), change, by: Actor::Engine, closing }
}

/// Two linked hosts on ports 0 and 4; a NIC with four functions in slot 16, VF 1 on port 0; an HBA with two in slot 20.
pub fn observation() -> Observation {
    let link = Link::full(8, Rate::Gen4);
    let host = |port| ObservedHostPort { port: PhysicalPort(port), link, logical_ports: 8 };
    let mut nic = card(AdapterKind::Nic, 0x158b, 0x1000, 4);
    nic.functions[1].bound = Some(bound(0, 0, 0));
    let hba = card(AdapterKind::Hba, 0x2031, 0x2000, 2);
    let slot = |port, adapter| ObservedSlot { port: PhysicalPort(port), link, adapter: Some(adapter) };
    Observation {
        model: "Switchtec PAX".to_owned(),
        firmware: "4.80 B123".to_owned(),
        host_ports: vec![host(0), host(4)],
        slots: vec![slot(16, nic), slot(20, hba)],
    }
}

pub fn bound(port: u8, logical_port: u8, number: u8) -> BoundAt {
    BoundAt { port: PhysicalPort(port), logical_port: LogicalPort(logical_port), number }
}

/// A card whose first function has the PDFID `base`.
pub fn card(kind: AdapterKind, device: u16, base: u16, functions: u16) -> ObservedAdapter {
    let function = |index| ObservedFunction {
        index,
        pdfid: Pdfid::new(base + index).expect("in range"),
        role: if index == 0 { Role::Pf } else { Role::Vf },
        bound: None,
    };
    ObservedAdapter {
        kind,
        name: format!("{kind} {device:04x}"),
        fingerprint: Fingerprint { vendor: 0x8086, device, subsystem_vendor: 0, subsystem_device: 0 },
        functions: (0..functions).map(function).collect(),
    }
}
