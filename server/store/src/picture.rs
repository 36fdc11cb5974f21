//! The tables as a picture: switches with their hosts, adapters and functions, and the changes on their way.

use crate::chained::Head;
use crate::error::StoreError;
use crate::image::Image;
use crate::ledger::{self, StoredEntry};
use crate::open::Store;
use crate::row::Cells;
use patchbay_domain::{
    Adapter, AdapterId, Assignment, ChangeId, Drift, Entry, Function, FunctionId, Generation, Hash, Host,
    HostId, LogicalPort, PhysicalPort, Raised, Seq, Subject, Switch, SwitchId, SwitchState, Topology,
};
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;
use std::collections::BTreeMap;

/// Everything that is known when the server starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// The picture, with changes that a crash left open. No switch has been read yet: all are connecting, and links are
    /// as the last discovery had them.
    pub topology: Topology,
    /// The last entry; the picture is as of then. 0 before the first.
    pub seq: Seq,
    /// Its hash.
    pub head: Hash,
    /// The id of the change that is opened next.
    pub next_change: ChangeId,
}

impl Store {
    /// Reads the whole picture, as of one moment. Writing waits meanwhile, and reads less afterwards.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] naming the row that does not read.
    pub async fn load(&self) -> Result<Loaded, StoreError> {
        let quiet = self.quiet().await;
        let loaded = self.read_all().await?;
        quiet.know(Image::of(&loaded));
        Ok(loaded)
    }

    async fn read_all(&self) -> Result<Loaded, StoreError> {
        let mut tx = self.read().await?;
        let mut topology = Topology { generation: generation(&mut tx).await?, ..Topology::default() };
        for switch in switches(&mut tx).await? {
            let part = of_switch(&mut tx, switch.id).await?;
            topology.switches.insert(switch.id, switch);
            topology.hosts.extend(part.hosts);
            topology.adapters.extend(part.adapters);
            topology.functions.extend(part.functions);
            topology.drift.extend(part.drift);
        }
        topology.health = health(&mut tx).await?;
        for open in open_changes(&mut tx).await? {
            topology.apply(&open);
        }
        let Head { seq, hash: head } = ledger::head(&mut tx).await?;
        let next_change = next_change(&mut tx).await?;
        Ok(Loaded { topology, seq, head, next_change })
    }
}

/// The functions that the picture shows, where the condition holds.
macro_rules! functions {
    ($condition:literal) => {
        concat!(
            "SELECT f.id, f.adapter, f.number AS position, f.pdfid, f.role, s.host, s.logical_port, s.number,
                    d.host AS wished_host, d.logical_port AS wished_port, d.number AS wished_number, d.since
             FROM functions f JOIN adapters a ON a.id = f.adapter LEFT JOIN assignments s ON s.function = f.id
             LEFT JOIN drift d ON d.function = f.id
             WHERE a.state <> 'replaced' AND f.shown = 1 AND ",
            $condition,
            " ORDER BY f.id"
        )
    };
}
pub(crate) use functions;

/// The name of a switch.
///
/// # Errors
/// [`StoreError::UnknownSwitch`].
pub(crate) async fn switch_name(
    connection: &mut SqliteConnection,
    switch: SwitchId,
) -> Result<String, StoreError> {
    let name = sqlx::query_scalar("SELECT name FROM switches WHERE id = ?").bind(switch.get());
    name.fetch_optional(connection).await?.ok_or(StoreError::UnknownSwitch { switch })
}

/// Hosts, adapters and functions of one switch, with their drift, and the picture's generation.
pub(crate) async fn of_switch(
    connection: &mut SqliteConnection,
    switch: SwitchId,
) -> Result<Topology, StoreError> {
    let mut part = Topology { generation: generation(connection).await?, ..Topology::default() };
    part.hosts.extend(hosts(connection, switch).await?.into_iter().map(|host| (host.id, host)));
    part.adapters.extend(adapters(connection, switch).await?.into_iter().map(|a| (a.id, a)));
    let rows = sqlx::query(functions!("a.switch = ?")).bind(switch.get()).fetch_all(connection).await?;
    rows.iter().try_for_each(|row| function(row, &mut part))?;
    Ok(part)
}

/// The functions that rows of [`functions!`] show, with their drift, and nothing else.
pub(crate) fn of_functions(rows: &[SqliteRow]) -> Result<Topology, StoreError> {
    let mut part = Topology::default();
    rows.iter().try_for_each(|row| function(row, &mut part))?;
    Ok(part)
}

async fn next_change(connection: &mut SqliteConnection) -> Result<ChangeId, StoreError> {
    let next = sqlx::query("SELECT 0 AS id, coalesce(max(id), 0) + 1 AS next_change FROM changes");
    let row = next.fetch_one(connection).await?;
    Cells::new(&row, "changes", "id")?.number("next_change").map(ChangeId::new)
}

async fn generation(connection: &mut SqliteConnection) -> Result<Generation, StoreError> {
    let last = sqlx::query("SELECT 0 AS id, coalesce(max(generation), 0) AS generation FROM generations");
    let row = last.fetch_one(connection).await?;
    Cells::new(&row, "generations", "id")?.number("generation").map(Generation::new)
}

async fn switches(connection: &mut SqliteConnection) -> Result<Vec<Switch>, StoreError> {
    let rows = sqlx::query("SELECT id, name, address, model, firmware FROM switches ORDER BY id");
    let rows = rows.fetch_all(connection).await?;
    rows.iter()
        .map(|row| {
            let cells = Cells::new(row, "switches", "id")?;
            Ok(Switch {
                id: SwitchId::new(cells.number("id")?),
                name: cells.text("name")?.to_owned(),
                address: cells.text("address")?.to_owned(),
                state: SwitchState::Connecting,
                model: cells.text("model")?.to_owned(),
                firmware: cells.text("firmware")?.to_owned(),
            })
        })
        .collect()
}

async fn hosts(connection: &mut SqliteConnection, switch: SwitchId) -> Result<Vec<Host>, StoreError> {
    let rows = sqlx::query(
        "SELECT h.id, h.name, p.port, p.logical_ports, p.up, p.width, p.rate, p.configured_width, p.configured_rate
         FROM ports p
         JOIN cables c ON c.switch = p.switch AND c.port = p.port
         JOIN hosts h ON h.id = c.host
         WHERE p.switch = ? AND p.role = 'host' AND p.shown = 1
         ORDER BY h.id",
    );
    let rows = rows.bind(switch.get()).fetch_all(connection).await?;
    rows.iter()
        .map(|row| {
            let cells = Cells::new(row, "hosts", "id")?;
            Ok(Host {
                id: HostId::new(cells.number("id")?),
                name: cells.text("name")?.to_owned(),
                switch,
                port: PhysicalPort(cells.number("port")?),
                link: cells.link()?,
                logical_ports: cells.number("logical_ports")?,
            })
        })
        .collect()
}

async fn adapters(connection: &mut SqliteConnection, switch: SwitchId) -> Result<Vec<Adapter>, StoreError> {
    let rows = sqlx::query(
        "SELECT a.id, a.slot, a.kind, a.vendor, a.device, a.subsystem_vendor, a.subsystem_device, a.name, a.state = 'present' AS present,
                p.up, p.width, p.rate, p.configured_width, p.configured_rate
         FROM adapters a JOIN ports p ON p.switch = a.switch AND p.port = a.slot
         WHERE a.switch = ? AND a.state <> 'replaced'
         ORDER BY a.id",
    );
    let rows = rows.bind(switch.get()).fetch_all(connection).await?;
    rows.iter()
        .map(|row| {
            let cells = Cells::new(row, "adapters", "id")?;
            let (present, link) = (cells.flag("present")?, cells.link()?);
            Ok(Adapter {
                id: AdapterId::new(cells.number("id")?),
                switch,
                slot: PhysicalPort(cells.number("slot")?),
                kind: cells.word("kind")?,
                fingerprint: cells.fingerprint()?,
                name: cells.text("name")?.to_owned(),
                link: if present { link } else { link.lost() },
                present,
            })
        })
        .collect()
}

/// Adds a row of [`functions!`] to a picture.
fn function(row: &SqliteRow, picture: &mut Topology) -> Result<(), StoreError> {
    let cells = Cells::new(row, "functions", "id")?;
    let id = FunctionId::new(cells.number("id")?);
    let pdfid = cells.text("pdfid")?.parse();
    let function = Function {
        id,
        adapter: AdapterId::new(cells.number("adapter")?),
        pdfid: pdfid.map_err(|e: patchbay_domain::AddressError| cells.unreadable("pdfid", e))?,
        role: cells.word("role")?,
        index: cells.number("position")?,
        assigned: assignment(&cells, ["host", "logical_port", "number"])?,
    };
    picture.functions.insert(id, function);
    if let Some(since) = cells.number_or_none("since")? {
        let wished = assignment(&cells, ["wished_host", "wished_port", "wished_number"])?;
        picture.drift.insert(id, Drift { wished, since: Seq::new(since) });
    }
    Ok(())
}

/// The place that three columns say; none where they are empty.
pub(crate) fn assignment(
    cells: &Cells<'_>,
    columns: [&'static str; 3],
) -> Result<Option<Assignment>, StoreError> {
    let [host, logical_port, number] = columns;
    let Some(host) = cells.number_or_none(host)? else { return Ok(None) };
    let logical_port = LogicalPort(cells.number(logical_port)?);
    Ok(Some(Assignment { host: HostId::new(host), logical_port, number: cells.number(number)? }))
}

/// The troubles that are not over.
pub(crate) async fn health(
    connection: &mut SqliteConnection,
) -> Result<BTreeMap<Subject, Raised>, StoreError> {
    let rows = sqlx::query("SELECT subject, switch, name, since, at, times FROM health ORDER BY subject");
    let rows = rows.fetch_all(connection).await?;
    rows.iter()
        .map(|row| {
            let cells = Cells::new(row, "health", "since")?;
            let raised = Raised {
                switch: SwitchId::new(cells.number("switch")?),
                name: cells.text("name")?.to_owned(),
                since: Seq::new(cells.number("since")?),
                at: cells.moment("at")?,
                times: cells.number("times")?,
            };
            Ok((cells.word("subject")?, raised))
        })
        .collect()
}

/// The entries that opened the changes on their way.
async fn open_changes(connection: &mut SqliteConnection) -> Result<Vec<Entry>, StoreError> {
    let rows = sqlx::query(
        "SELECT o.seq, o.at, o.kind, o.actor, o.event, o.prev, o.hash
         FROM changes c JOIN ledger o ON o.seq = c.opened_seq
         WHERE c.closed_seq IS NULL ORDER BY c.id",
    );
    let rows = rows.fetch_all(connection).await?;
    rows.iter().map(|row| StoredEntry::read(row)?.entry()).collect()
}
