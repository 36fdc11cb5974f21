//! The tables as a picture: switches with their hosts, adapters and functions, and the changes on their way.

use crate::chained::Head;
use crate::error::StoreError;
use crate::ledger;
use crate::open::Store;
use crate::row::{Cells, stored};
use patchbay_domain::{
    Adapter, AdapterId, Assignment, ChangeId, Fingerprint, Function, FunctionId, Generation, Hash, Host,
    HostId, LogicalPort, OpenChange, PhysicalPort, Reason, Seq, Switch, SwitchId, SwitchState, Topology,
};
use sqlx::SqliteConnection;
use std::collections::BTreeMap;

/// Everything that is known when the server starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// The picture, with changes that a crash left open. No switch has been read yet: all are connecting.
    pub topology: Topology,
    /// The last entry; the picture is as of then. 0 before the first.
    pub seq: Seq,
    /// Its hash.
    pub head: Hash,
    /// The id of the change that is opened next.
    pub next_change: ChangeId,
}

impl Store {
    /// Reads the whole picture, as of one moment.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] naming the row that does not read.
    pub async fn load(&self) -> Result<Loaded, StoreError> {
        let mut tx = self.read().await?;
        let mut topology = Topology { generation: generation(&mut tx).await?, ..Topology::default() };
        for switch in switches(&mut tx).await? {
            let part = of_switch(&mut tx, switch.id).await?;
            topology.switches.insert(switch.id, switch);
            topology.hosts.extend(part.hosts);
            topology.adapters.extend(part.adapters);
            topology.functions.extend(part.functions);
        }
        for open in open_changes(&mut tx).await? {
            topology.open.insert(open.id, open);
        }
        let Head { seq, hash: head } = ledger::head(&mut tx).await?;
        let next_change = next_change(&mut tx).await?;
        Ok(Loaded { topology, seq, head, next_change })
    }
}

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

/// Raises the generation.
pub(crate) async fn raise_generation(connection: &mut SqliteConnection, by: u64) -> Result<(), StoreError> {
    if by > 0 {
        let raise = sqlx::query("UPDATE picture SET generation = generation + ?");
        raise.bind(stored(by)).execute(connection).await?;
    }
    Ok(())
}

/// Assigns functions, or releases them. Functions that are not in the picture are left alone, as [`Topology::apply`]
/// leaves them alone.
pub(crate) async fn assign(
    connection: &mut SqliteConnection,
    functions: &BTreeMap<FunctionId, Option<Assignment>>,
) -> Result<(), StoreError> {
    let released: Vec<_> = functions.iter().filter(|(_, to)| to.is_none()).map(|(id, _)| id).collect();
    if !released.is_empty() {
        let release =
            sqlx::query("DELETE FROM assignments WHERE function IN (SELECT value FROM json_each(?))");
        release.bind(serde_json::to_string(&released)?).execute(&mut *connection).await?;
    }
    let assigned: Vec<_> = functions
        .iter()
        .filter_map(|(id, to)| to.map(|at| (id, at.host, at.logical_port, at.number)))
        .collect();
    if !assigned.is_empty() {
        let assign = sqlx::query(
            "INSERT INTO assignments (function, host, logical_port, number)
             SELECT f.id, j.value ->> 1, j.value ->> 2, j.value ->> 3
             FROM json_each(?) j CROSS JOIN functions f ON f.id = j.value ->> 0
             JOIN adapters a ON a.id = f.adapter
             WHERE f.shown = 1 AND a.state <> 'replaced'
             ON CONFLICT (function) DO UPDATE
             SET host = excluded.host, logical_port = excluded.logical_port, number = excluded.number",
        );
        assign.bind(serde_json::to_string(&assigned)?).execute(connection).await?;
    }
    Ok(())
}

/// Hosts, adapters and functions of one switch.
pub(crate) async fn of_switch(
    connection: &mut SqliteConnection,
    switch: SwitchId,
) -> Result<Topology, StoreError> {
    let mut part = Topology::default();
    part.hosts.extend(hosts(connection, switch).await?.into_iter().map(|host| (host.id, host)));
    part.adapters.extend(adapters(connection, switch).await?.into_iter().map(|a| (a.id, a)));
    part.functions.extend(functions(connection, switch).await?.into_iter().map(|f| (f.id, f)));
    Ok(part)
}

async fn next_change(connection: &mut SqliteConnection) -> Result<ChangeId, StoreError> {
    let next = sqlx::query("SELECT 0 AS id, coalesce(max(id), 0) + 1 AS next_change FROM changes");
    let row = next.fetch_one(connection).await?;
    Cells::new(&row, "changes", "id")?.number("next_change").map(ChangeId::new)
}

async fn generation(connection: &mut SqliteConnection) -> Result<Generation, StoreError> {
    let row = sqlx::query("SELECT id, generation FROM picture").fetch_one(connection).await?;
    Cells::new(&row, "picture", "id")?.number("generation").map(Generation::new)
}

async fn switches(connection: &mut SqliteConnection) -> Result<Vec<Switch>, StoreError> {
    let rows = sqlx::query("SELECT id, name, address, model, firmware, lost FROM switches ORDER BY id");
    let rows = rows.fetch_all(connection).await?;
    rows.iter()
        .map(|row| {
            let cells = Cells::new(row, "switches", "id")?;
            Ok(Switch {
                id: SwitchId::new(cells.number("id")?),
                name: cells.text("name")?.to_owned(),
                address: cells.text("address")?.to_owned(),
                state: match cells.number::<u8>("lost")? {
                    0 => SwitchState::Connecting,
                    _ => SwitchState::Unreachable,
                },
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
                fingerprint: Fingerprint {
                    vendor: cells.number("vendor")?,
                    device: cells.number("device")?,
                    subsystem_vendor: cells.number("subsystem_vendor")?,
                    subsystem_device: cells.number("subsystem_device")?,
                },
                name: cells.text("name")?.to_owned(),
                link: if present { link } else { link.lost() },
                present,
            })
        })
        .collect()
}

async fn functions(connection: &mut SqliteConnection, switch: SwitchId) -> Result<Vec<Function>, StoreError> {
    let rows = sqlx::query(
        "SELECT f.id, f.adapter, f.number AS position, f.pdfid, f.role, s.host, s.logical_port, s.number
         FROM adapters a JOIN functions f ON f.adapter = a.id LEFT JOIN assignments s ON s.function = f.id
         WHERE a.switch = ? AND a.state <> 'replaced' AND f.shown = 1
         ORDER BY f.id",
    );
    let rows = rows.bind(switch.get()).fetch_all(connection).await?;
    rows.iter()
        .map(|row| {
            let cells = Cells::new(row, "functions", "id")?;
            Ok(Function {
                id: FunctionId::new(cells.number("id")?),
                adapter: AdapterId::new(cells.number("adapter")?),
                pdfid: cells
                    .text("pdfid")?
                    .parse()
                    .map_err(|e: patchbay_domain::AddressError| cells.unreadable("pdfid", e))?,
                role: cells.word("role")?,
                index: cells.number("position")?,
                assigned: assignment(&cells)?,
            })
        })
        .collect()
}

fn assignment(cells: &Cells<'_>) -> Result<Option<Assignment>, StoreError> {
    let Some(host) = cells.number_or_none("host")? else { return Ok(None) };
    let logical_port = LogicalPort(cells.number("logical_port")?);
    Ok(Some(Assignment { host: HostId::new(host), logical_port, number: cells.number("number")? }))
}

async fn open_changes(connection: &mut SqliteConnection) -> Result<Vec<OpenChange>, StoreError> {
    let rows = sqlx::query(
        "SELECT c.id, c.actor, c.reason, c.plan, o.at FROM changes c JOIN ledger o ON o.seq = c.opened_seq
         WHERE c.closed_seq IS NULL ORDER BY c.id",
    );
    let rows = rows.fetch_all(connection).await?;
    rows.iter()
        .map(|row| {
            let cells = Cells::new(row, "changes", "id")?;
            Ok(OpenChange {
                id: ChangeId::new(cells.number("id")?),
                actor: cells.json("actor")?,
                reason: Reason::new(cells.text("reason")?).map_err(|e| cells.unreadable("reason", e))?,
                at: cells.moment("at")?,
                plan: cells.json("plan")?,
            })
        })
        .collect()
}
