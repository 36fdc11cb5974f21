//! Discoveries: everything a switch shows gets an id that it keeps.

use crate::bulk::Batch;
use crate::chained::Head;
use crate::error::StoreError;
use crate::identify::{Identify, Names, NextIds, Register, check, returned};
use crate::lines::{Line, Subjects};
use crate::moment::Noted;
use crate::open::Store;
use crate::row::{Cells, word};
use crate::{ledger, lines, moment, picture, settle};
use chrono::{DateTime, Utc};
use patchbay_domain::{
    Actor, AdapterId, Entry, Event, FunctionId, HostId, Link, Observation, PhysicalPort, SwitchId,
    SwitchPicture, Topology,
};
use serde::Serialize;
use sqlx::SqliteConnection;

impl Store {
    /// Writes down what a switch shows, with ids: a host is the same as before when it is on the same port, an adapter
    /// when the same model of card is in the same slot, a function when it has the same index on its adapter. An
    /// adapter that is gone stays, absent and unassigned, until another takes its slot; when it returns after that, its
    /// functions are wished where they were wished last.
    ///
    /// # Errors
    /// [`StoreError::Contradiction`] for a reading that says two things about one port or function,
    /// [`StoreError::UnknownSwitch`].
    pub async fn discovered(
        &self,
        at: DateTime<Utc>,
        switch: SwitchId,
        seen: &Observation,
        names: &Names,
    ) -> Result<Entry, StoreError> {
        check(seen).map_err(|source| StoreError::Contradiction { switch, source })?;
        let mut tx = self.begin_aside().await?;
        let discovered = match discovered(&mut tx, at, switch, seen, names).await {
            Ok((entry, [before, after])) => {
                let head = Head { seq: entry.seq, hash: entry.hash };
                tx.image.iter_mut().for_each(|image| image.discover(&before, &after, head));
                Ok(entry)
            }
            Err(error) => Err(error),
        };
        tx.end(discovered).await
    }
}

/// Gives the entry, and the switch's part of the picture before and after it.
async fn discovered(
    connection: &mut SqliteConnection,
    at: DateTime<Utc>,
    switch: SwitchId,
    seen: &Observation,
    names: &Names,
) -> Result<(Entry, [Topology; 2]), StoreError> {
    let switch_name = picture::switch_name(connection, switch).await?;
    let before = picture::of_switch(connection, switch).await?;
    let mut register = register(connection, switch).await?;
    let first = next_ids(connection).await?;
    let mut next = first;
    let identify =
        Identify { register: &mut register, next: &mut next, switch, switch_name: &switch_name, names };
    let mut shown = identify.picture(&before, seen);
    shown.returned = moment::last_wished(connection, &returned(&before, &shown, first)).await?;
    write_ports(connection, switch, seen).await?;
    write_hosts(connection, switch, &shown, first).await?;
    write_adapters(connection, switch, &shown).await?;
    write_functions(connection, switch, &shown).await?;
    let event = Event::Discovered { switch, picture: shown };
    let entry = ledger::append(connection, at, &Actor::Engine, event).await?;
    let (mut after, mut noted) = (before.clone(), Noted::default());
    noted.fold(&mut after, &entry);
    let mut batch = Batch::default();
    settle::settle(&mut batch, &before, &after)?;
    noted.add(&mut batch);
    let line = Line::of(&entry, &switch_name, &Subjects::between(&before, &after))?;
    lines::insert(&mut batch, Vec::from_iter(line))?;
    batch.run(connection).await?;
    Ok((entry, [before, after]))
}

async fn register(connection: &mut SqliteConnection, switch: SwitchId) -> Result<Register, StoreError> {
    let mut register = Register::default();
    let hosts = "SELECT h.id, h.name, c.port FROM cables c JOIN hosts h ON h.id = c.host WHERE c.switch = ?";
    for row in sqlx::query(hosts).bind(switch.get()).fetch_all(&mut *connection).await? {
        let cells = Cells::new(&row, "hosts", "id")?;
        let host = (HostId::new(cells.number("id")?), cells.text("name")?.to_owned());
        register.hosts.insert(PhysicalPort(cells.number("port")?), host);
    }
    let adapters = "SELECT id, slot, vendor, device, subsystem_vendor, subsystem_device, name FROM adapters
                    WHERE switch = ?";
    for row in sqlx::query(adapters).bind(switch.get()).fetch_all(&mut *connection).await? {
        let cells = Cells::new(&row, "adapters", "id")?;
        let adapter = (AdapterId::new(cells.number("id")?), cells.text("name")?.to_owned());
        register.adapters.insert((PhysicalPort(cells.number("slot")?), cells.fingerprint()?), adapter);
    }
    let functions = "SELECT f.id, f.adapter, f.number FROM functions f JOIN adapters a ON a.id = f.adapter
                     WHERE a.switch = ?";
    for row in sqlx::query(functions).bind(switch.get()).fetch_all(connection).await? {
        let cells = Cells::new(&row, "functions", "id")?;
        let key = (AdapterId::new(cells.number("adapter")?), cells.number("number")?);
        register.functions.insert(key, FunctionId::new(cells.number("id")?));
    }
    Ok(register)
}

/// Rows are never deleted, so the highest id is the last one that was given.
async fn next_ids(connection: &mut SqliteConnection) -> Result<NextIds, StoreError> {
    let row = sqlx::query(
        "SELECT 0 AS id, coalesce((SELECT max(id) FROM hosts), 0) + 1 AS host,
                coalesce((SELECT max(id) FROM adapters), 0) + 1 AS adapter,
                coalesce((SELECT max(id) FROM functions), 0) + 1 AS function",
    );
    let row = row.fetch_one(connection).await?;
    let cells = Cells::new(&row, "functions", "id")?;
    let (host, adapter) = (cells.number("host")?, cells.number("adapter")?);
    Ok(NextIds { host, adapter, function: cells.number("function")? })
}

/// Runs a statement for all rows at once.
async fn rows<T: Serialize>(
    connection: &mut SqliteConnection,
    statement: &'static str,
    switch: SwitchId,
    rows: &[T],
) -> Result<(), StoreError> {
    sqlx::query(statement).bind(serde_json::to_string(rows)?).bind(switch.get()).execute(connection).await?;
    Ok(())
}

/// Takes something of the switch out of the picture, for the reading to put it back in.
async fn hide(
    connection: &mut SqliteConnection,
    statement: &'static str,
    switch: SwitchId,
) -> Result<(), StoreError> {
    sqlx::query(statement).bind(switch.get()).execute(connection).await?;
    Ok(())
}

async fn write_ports(
    connection: &mut SqliteConnection,
    switch: SwitchId,
    seen: &Observation,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE switches SET model = ?2, firmware = ?3 WHERE id = ?1")
        .bind(switch.get())
        .bind(&seen.model)
        .bind(&seen.firmware)
        .execute(&mut *connection)
        .await?;
    hide(connection, "UPDATE ports SET shown = 0 WHERE switch = ?", switch).await?;
    let hosts = seen.host_ports.iter().map(|p| (p.port, p.link, Some(p.logical_ports)));
    let all = hosts.chain(seen.slots.iter().map(|slot| (slot.port, slot.link, None)));
    let listed = all.map(|(port, link, logical_ports)| {
        let role = if logical_ports.is_some() { "host" } else { "slot" };
        let Link { up, width, rate, configured_width, configured_rate } = link;
        let rate = rate.as_ref().map(word).transpose()?;
        let configured_rate = configured_rate.as_ref().map(word).transpose()?;
        Ok((port, role, logical_ports, u8::from(up), width, rate, configured_width, configured_rate))
    });
    let listed = listed.collect::<Result<Vec<_>, StoreError>>()?;
    let write =
        "INSERT INTO ports (switch, port, role, shown, logical_ports, up, width, rate, configured_width,
                            configured_rate)
         SELECT ?2, value ->> 0, value ->> 1, 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5,
                value ->> 6, value ->> 7
         FROM json_each(?1) WHERE true
         ON CONFLICT (switch, port) DO UPDATE
         SET role = excluded.role, shown = 1, logical_ports = excluded.logical_ports, up = excluded.up,
             width = excluded.width, rate = excluded.rate, configured_width = excluded.configured_width,
             configured_rate = excluded.configured_rate";
    rows(connection, write, switch, &listed).await
}

/// Hosts keep their rows; only new ones are written.
async fn write_hosts(
    connection: &mut SqliteConnection,
    switch: SwitchId,
    shown: &SwitchPicture,
    first: NextIds,
) -> Result<(), StoreError> {
    let new = shown.hosts.iter().filter(|host| host.id.get() >= first.host);
    let new: Vec<_> = new.map(|host| (host.id, &host.name, host.port)).collect();
    let hosts = "INSERT INTO hosts (id, name) SELECT value ->> 0, value ->> 1 FROM json_each(?1)";
    rows(connection, hosts, switch, &new).await?;
    let cables = "INSERT INTO cables (switch, port, host)
                  SELECT ?2, value ->> 2, value ->> 0 FROM json_each(?1)";
    rows(connection, cables, switch, &new).await
}

/// All cards leave first, since only one is shown in a slot; those that the picture has come back.
async fn write_adapters(
    connection: &mut SqliteConnection,
    switch: SwitchId,
    shown: &SwitchPicture,
) -> Result<(), StoreError> {
    let leave = "UPDATE adapters SET state = 'replaced' WHERE switch = ? AND state <> 'replaced'";
    hide(connection, leave, switch).await?;
    let adapters = shown.adapters.iter().map(|adapter| {
        let id = &adapter.fingerprint;
        let state = if adapter.present { "present" } else { "absent" };
        let pci = (id.vendor, id.device, id.subsystem_vendor, id.subsystem_device);
        Ok((adapter.id, adapter.slot, pci, word(&adapter.kind)?, &adapter.name, state))
    });
    let adapters = adapters.collect::<Result<Vec<_>, StoreError>>()?;
    let write =
        "INSERT INTO adapters (id, switch, slot, vendor, device, subsystem_vendor, subsystem_device, kind,
                               name, state)
         SELECT value ->> 0, ?2, value ->> 1, value ->> '$[2][0]', value ->> '$[2][1]', value ->> '$[2][2]',
                value ->> '$[2][3]', value ->> 3, value ->> 4, value ->> 5
         FROM json_each(?1) WHERE true
         ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, state = excluded.state";
    rows(connection, write, switch, &adapters).await
}

async fn write_functions(
    connection: &mut SqliteConnection,
    switch: SwitchId,
    shown: &SwitchPicture,
) -> Result<(), StoreError> {
    let leave = "UPDATE functions SET shown = 0
                 WHERE shown = 1 AND adapter IN (SELECT id FROM adapters WHERE switch = ?)";
    hide(connection, leave, switch).await?;
    let functions =
        shown.functions.iter().map(|f| Ok((f.id, f.adapter, f.index, f.pdfid.to_string(), word(&f.role)?)));
    let functions = functions.collect::<Result<Vec<_>, StoreError>>()?;
    let write = "INSERT INTO functions (id, adapter, number, pdfid, role, shown)
         SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, 1 FROM json_each(?1) WHERE true
         ON CONFLICT (id) DO UPDATE SET pdfid = excluded.pdfid, role = excluded.role, shown = 1";
    rows(connection, write, switch, &functions).await
}
