//! Discoveries: everything a switch shows gets an id that it keeps.

use crate::error::{Contradiction, StoreError};
use crate::lines::{Line, Subjects};
use crate::open::Store;
use crate::row::word;
use crate::{ledger, lines, picture};
use chrono::{DateTime, Utc};
use patchbay_domain::{
    Actor, AdapterId, Assignment, Entry, Event, FunctionId, HostId, Link, Observation, ObservedAdapter,
    ObservedFunction, PhysicalPort, SwitchId, SwitchPicture, Topology,
};
use sqlx::SqliteConnection;
use std::collections::{BTreeMap, BTreeSet};

/// The highest PCI function number on a logical port.
const FUNCTION_NUMBER_MAX: u8 = 7;

/// Names for what gets its id now. What has a name already keeps it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// Hosts by host port; a host without one is called `host-p` and the port.
    pub hosts: BTreeMap<PhysicalPort, String>,
    /// Adapters by slot; an adapter without one is called what the switch calls it.
    pub adapters: BTreeMap<PhysicalPort, String>,
}

impl Store {
    /// Writes down what a switch shows, with ids: a host is the same as before when it is on the same port, an adapter
    /// when the same model of card is in the same slot, a function when it has the same index on its adapter. An
    /// adapter that is gone stays, absent and unassigned, until another takes its slot.
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
        let mut tx = self.begin().await?;
        let discovered = discovered(&mut tx, at, switch, seen, names).await;
        tx.end(discovered).await
    }
}

async fn discovered(
    connection: &mut SqliteConnection,
    at: DateTime<Utc>,
    switch: SwitchId,
    seen: &Observation,
    names: &Names,
) -> Result<Entry, StoreError> {
    let switch_name = picture::switch_name(connection, switch).await?;
    let before = picture::of_switch(connection, switch).await?;
    let assigned = BTreeMap::new();
    Discovery { connection: &mut *connection, switch, seen, names, assigned }.write().await?;
    picture::raise_generation(connection, 1).await?;
    let after = picture::of_switch(connection, switch).await?;
    let subjects = Subjects::between(&before, &after);
    let event = Event::Discovered { switch, picture: as_picture(seen, after) };
    let entry = ledger::append(connection, at, &Actor::Engine, event).await?;
    let line = Line::of(&entry, &switch_name, &subjects)?;
    lines::insert(connection, line.as_slice()).await?;
    Ok(entry)
}

fn as_picture(seen: &Observation, part: Topology) -> SwitchPicture {
    SwitchPicture {
        model: seen.model.clone(),
        firmware: seen.firmware.clone(),
        hosts: part.hosts.into_values().collect(),
        adapters: part.adapters.into_values().collect(),
        functions: part.functions.into_values().collect(),
    }
}

/// Whether every port, index and PDFID stands in a reading only once.
fn check(seen: &Observation) -> Result<(), Contradiction> {
    let mut ports = BTreeSet::new();
    let listed = seen.host_ports.iter().map(|p| p.port).chain(seen.slots.iter().map(|s| s.port));
    for port in listed {
        if !ports.insert(port) {
            return Err(Contradiction::PortTwice { port });
        }
    }
    let (mut indexes, mut pdfids) = (BTreeSet::new(), BTreeSet::new());
    for slot in &seen.slots {
        for function in slot.adapter.iter().flat_map(|adapter| &adapter.functions) {
            let (index, pdfid) = (function.index, function.pdfid);
            if !indexes.insert((slot.port, index)) {
                return Err(Contradiction::FunctionTwice { slot: slot.port, index });
            }
            if !pdfids.insert(pdfid) {
                return Err(Contradiction::PdfidTwice { pdfid });
            }
            if let Some(number) = function.bound.map(|b| b.number).filter(|n| *n > FUNCTION_NUMBER_MAX) {
                return Err(Contradiction::FunctionNumber { pdfid, number });
            }
        }
    }
    Ok(())
}

/// One discovery, being written.
struct Discovery<'a> {
    connection: &'a mut SqliteConnection,
    switch: SwitchId,
    seen: &'a Observation,
    names: &'a Names,
    /// Where the functions read so far are bound.
    assigned: BTreeMap<FunctionId, Option<Assignment>>,
}

impl Discovery<'_> {
    async fn write(mut self) -> Result<(), StoreError> {
        self.clear().await?;
        let mut hosts = BTreeMap::new();
        for port in &self.seen.host_ports {
            self.port(port.port, port.link, Some(port.logical_ports)).await?;
            hosts.insert(port.port, self.host(port.port).await?);
        }
        for slot in &self.seen.slots {
            self.port(slot.port, slot.link, None).await?;
            let Some(adapter) = &slot.adapter else { continue };
            let id = self.adapter(slot.port, adapter).await?;
            for function in &adapter.functions {
                self.function(id, function, &hosts).await?;
            }
        }
        picture::assign(self.connection, &self.assigned).await
    }

    /// Takes everything of the switch out of the picture, for the reading to put it back in.
    async fn clear(&mut self) -> Result<(), StoreError> {
        let Observation { model, firmware, .. } = self.seen;
        sqlx::query("UPDATE switches SET model = ?2, firmware = ?3, lost = 0 WHERE id = ?1")
            .bind(self.switch.get())
            .bind(model)
            .bind(firmware)
            .execute(&mut *self.connection)
            .await?;
        for statement in [
            "UPDATE ports SET shown = 0 WHERE switch = ?",
            "UPDATE adapters SET state = 'absent' WHERE switch = ? AND state = 'present'",
            "DELETE FROM assignments WHERE function IN
             (SELECT f.id FROM functions f JOIN adapters a ON a.id = f.adapter WHERE a.switch = ?)",
        ] {
            sqlx::query(statement).bind(self.switch.get()).execute(&mut *self.connection).await?;
        }
        Ok(())
    }

    /// A host port when it has logical ports, else a slot. A card whose slot has become a host port is replaced.
    async fn port(
        &mut self,
        port: PhysicalPort,
        link: Link,
        logical_ports: Option<u8>,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO ports (switch, port, role, shown, logical_ports, up, width, rate, configured_width,
                                configured_rate)
             VALUES (?, ?, ?, 1, ?, ?, ?, ?, ?, ?)
             ON CONFLICT (switch, port) DO UPDATE
             SET role = excluded.role, shown = 1, logical_ports = excluded.logical_ports, up = excluded.up,
                 width = excluded.width, rate = excluded.rate, configured_width = excluded.configured_width,
                 configured_rate = excluded.configured_rate",
        )
        .bind(self.switch.get())
        .bind(port.0)
        .bind(if logical_ports.is_some() { "host" } else { "slot" })
        .bind(logical_ports)
        .bind(link.up)
        .bind(link.width)
        .bind(link.rate.as_ref().map(word).transpose()?)
        .bind(link.configured_width)
        .bind(link.configured_rate.as_ref().map(word).transpose()?)
        .execute(&mut *self.connection)
        .await?;
        if logical_ports.is_some() {
            sqlx::query(
                "UPDATE adapters SET state = 'replaced' WHERE switch = ? AND slot = ? AND state = 'absent'",
            )
            .bind(self.switch.get())
            .bind(port.0)
            .execute(&mut *self.connection)
            .await?;
        }
        Ok(())
    }

    async fn host(&mut self, port: PhysicalPort) -> Result<HostId, StoreError> {
        let known = sqlx::query_scalar("SELECT host FROM cables WHERE switch = ? AND port = ?");
        let known = known.bind(self.switch.get()).bind(port.0).fetch_optional(&mut *self.connection).await?;
        if let Some(id) = known {
            return Ok(HostId::new(id));
        }
        let name = given(&self.names.hosts, port).map_or_else(|| format!("host-p{port}"), str::to_owned);
        let id = sqlx::query_scalar("INSERT INTO hosts (name) VALUES (?) RETURNING id");
        let id: u32 = id.bind(name).fetch_one(&mut *self.connection).await?;
        sqlx::query("INSERT INTO cables (switch, port, host) VALUES (?, ?, ?)")
            .bind(self.switch.get())
            .bind(port.0)
            .bind(id)
            .execute(&mut *self.connection)
            .await?;
        Ok(HostId::new(id))
    }

    async fn adapter(&mut self, slot: PhysicalPort, seen: &ObservedAdapter) -> Result<AdapterId, StoreError> {
        // The card that was there last leaves first: only one is shown in a slot. If it is this one, it comes back.
        sqlx::query(
            "UPDATE adapters SET state = 'replaced' WHERE switch = ? AND slot = ? AND state <> 'replaced'",
        )
        .bind(self.switch.get())
        .bind(slot.0)
        .execute(&mut *self.connection)
        .await?;
        let id: u32 = sqlx::query_scalar(
            "INSERT INTO adapters (switch, slot, vendor, device, subsystem_vendor, subsystem_device, kind, name, state)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'present')
             ON CONFLICT (switch, slot, vendor, device, subsystem_vendor, subsystem_device) DO UPDATE
             SET kind = excluded.kind, state = 'present'
             RETURNING id",
        )
        .bind(self.switch.get())
        .bind(slot.0)
        .bind(seen.fingerprint.vendor)
        .bind(seen.fingerprint.device)
        .bind(seen.fingerprint.subsystem_vendor)
        .bind(seen.fingerprint.subsystem_device)
        .bind(word(&seen.kind)?)
        .bind(self.adapter_name(slot, seen))
        .fetch_one(&mut *self.connection)
        .await?;
        let hide = sqlx::query("UPDATE functions SET shown = 0 WHERE adapter = ?");
        hide.bind(id).execute(&mut *self.connection).await?;
        Ok(AdapterId::new(id))
    }

    fn adapter_name(&self, slot: PhysicalPort, seen: &ObservedAdapter) -> String {
        let read = Some(seen.name.as_str()).filter(|name| !name.is_empty());
        given(&self.names.adapters, slot).or(read).map_or_else(|| format!("adapter-s{slot}"), str::to_owned)
    }

    /// A binding to a port that is no host port counts as none, as in [`patchbay_domain::reconcile`].
    async fn function(
        &mut self,
        adapter: AdapterId,
        seen: &ObservedFunction,
        hosts: &BTreeMap<PhysicalPort, HostId>,
    ) -> Result<(), StoreError> {
        let id: u32 = sqlx::query_scalar(
            "INSERT INTO functions (adapter, number, pdfid, role, shown) VALUES (?, ?, ?, ?, 1)
             ON CONFLICT (adapter, number) DO UPDATE SET pdfid = excluded.pdfid, role = excluded.role, shown = 1
             RETURNING id",
        )
        .bind(adapter.get())
        .bind(seen.index)
        .bind(seen.pdfid.to_string())
        .bind(word(&seen.role)?)
        .fetch_one(&mut *self.connection)
        .await?;
        let assigned = seen.bound.and_then(|bound| {
            let (logical_port, number) = (bound.logical_port, bound.number);
            hosts.get(&bound.port).map(|&host| Assignment { host, logical_port, number })
        });
        if assigned.is_some() {
            self.assigned.insert(FunctionId::new(id), assigned);
        }
        Ok(())
    }
}

fn given(names: &BTreeMap<PhysicalPort, String>, port: PhysicalPort) -> Option<&str> {
    names.get(&port).map(String::as_str).filter(|name| !name.is_empty())
}
