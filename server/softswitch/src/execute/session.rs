//! Conversations of several steps: the topology and the database, as one connection sees them.

use patchbay_switchtec::command::database::{
    DumpChunk, DumpGet, DumpStart, DumpStarted, MAX_CHUNK_DWORDS, MAX_ENDPOINT_CHUNK_DWORDS,
};
use patchbay_switchtec::command::sections::DumpClass;
use patchbay_switchtec::command::topology::{
    DumpStatus, MAX_PIECE_BYTES, TopologyData, TopologyPiece, TopologyProgress,
};
use patchbay_switchtec::{Generation, PhysicalPort, code};

use super::generation;
use crate::switch::Switch;

/// Snapshots a connection has asked for; each is bounded by what a rack can hold.
#[derive(Debug, Default)]
pub(crate) struct Session {
    topology: Option<TopologySnapshot>,
    database: Option<DatabaseSnapshot>,
}

#[derive(Debug)]
struct TopologySnapshot {
    data: Vec<u8>,
    /// The first poll finds the switch still working, so that clients learn to wait.
    polled: bool,
}

#[derive(Debug)]
struct DatabaseSnapshot {
    class: DumpClass,
    data: Vec<u8>,
}

impl Session {
    /// Takes a snapshot of the topology.
    pub(super) fn start_topology(&mut self, switch: &Switch) -> DumpStatus {
        let data = switch.topology().encode(generation(switch));
        self.topology = Some(TopologySnapshot { data, polled: false });
        DumpStatus::Working
    }

    /// Lets go of the topology's snapshot.
    pub(super) fn finish_topology(&mut self) -> DumpStatus {
        self.topology = None;
        DumpStatus::NotStarted
    }

    pub(super) fn topology_progress(&mut self) -> TopologyProgress {
        let Some(snapshot) = &mut self.topology else {
            return TopologyProgress { status: DumpStatus::NotStarted, total_dwords: 0 };
        };
        let ready = std::mem::replace(&mut snapshot.polled, true);
        let status = if ready { DumpStatus::Ready } else { DumpStatus::Working };
        TopologyProgress { status, total_dwords: (snapshot.data.len() / 4) as u16 }
    }

    pub(super) fn topology_piece(
        &self,
        request: &TopologyData,
        generation: Generation,
        wanted_bytes: usize,
    ) -> TopologyPiece {
        let empty = |status| TopologyPiece { status, data: Vec::new() };
        if request.generation != generation {
            return empty(DumpStatus::WrongSub);
        }
        let Some(snapshot) = &self.topology else { return empty(DumpStatus::NotStarted) };
        if !snapshot.polled {
            return empty(DumpStatus::Working);
        }
        let rest = snapshot.data.get(usize::from(request.offset_bytes)..).unwrap_or_default();
        let room = wanted_bytes.saturating_sub(4).min(usize::from(MAX_PIECE_BYTES));
        let length = rest.len().min(room) & !3;
        TopologyPiece { status: DumpStatus::Ready, data: rest[..length].to_vec() }
    }

    /// Takes a snapshot of a part of the database.
    pub(super) fn start_dump(&mut self, switch: &Switch, start: &DumpStart) -> Result<DumpStarted, u32> {
        let port = PhysicalPort::new(start.parameter);
        let data = match start.class {
            DumpClass::PaxAll => Ok(switch.pax_all().encode()),
            DumpClass::Hvd => {
                let section = switch.hvd_section(start.parameter);
                section.map(|section| section.encode()).ok_or(code::BAD_PARAMETER)
            }
            DumpClass::HvdDetail => {
                let section = switch.hvd_detail_section(start.parameter);
                section.map(|section| section.encode()).ok_or(code::BAD_PARAMETER)
            }
            DumpClass::EndpointPort => {
                switch.endpoint_port_section(port).map(|section| section.encode()).ok_or(code::INVALID_PORT)
            }
            DumpClass::Fabric | DumpClass::Pax | DumpClass::FabricPort => Err(code::BAD_PARAMETER),
        };
        let data = data?;
        let started = DumpStarted { total_dwords: (data.len() / 4) as u32, switches: 1 };
        self.database = Some(DatabaseSnapshot { class: start.class, data });
        Ok(started)
    }

    /// Lets go of the database's snapshot.
    pub(super) fn finish_dump(&mut self) {
        self.database = None;
    }

    /// `None` when no such dump has been started or the offset is behind its end.
    pub(super) fn dump_chunk(&self, get: &DumpGet, wanted_bytes: usize) -> Option<DumpChunk> {
        let snapshot = self.database.as_ref().filter(|snapshot| snapshot.class == get.class)?;
        let offset = usize::try_from(get.offset_dwords).ok()?.checked_mul(4)?;
        let rest = snapshot.data.get(offset..)?;
        let most = match get.class {
            DumpClass::EndpointPort => MAX_ENDPOINT_CHUNK_DWORDS,
            _ => MAX_CHUNK_DWORDS,
        };
        let room = wanted_bytes.saturating_sub(12).min(most * 4);
        let length = rest.len().min(room) & !3;
        Some(DumpChunk { offset_dwords: get.offset_dwords, data: rest[..length].to_vec() })
    }
}
