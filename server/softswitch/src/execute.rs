//! Executing one command for one connection.

use patchbay_switchtec::command::database::{
    DumpChunk, DumpGet, DumpStart, DumpStarted, MAX_CHUNK_DWORDS, MAX_ENDPOINT_CHUNK_DWORDS,
};
use patchbay_switchtec::command::identity::{Ping, PingAnswer};
use patchbay_switchtec::command::sections::DumpClass;
use patchbay_switchtec::command::topology::{
    DumpStatus, MAX_PIECE_BYTES, TopologyData, TopologyPiece, TopologyProgress,
};
use patchbay_switchtec::command::{Command, Request};
use patchbay_switchtec::{Generation, PhysicalPort, code};

use crate::switch::{Raised, Switch};

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

/// What a command did.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Executed {
    /// Answer data, not yet padded; the error is the result code.
    pub(crate) answer: Result<Vec<u8>, u32>,
    /// What is to be raised once the answer has been sent.
    pub(crate) raised: Vec<Raised>,
}

impl Executed {
    fn answer<C: Command>(_command: &C, answer: &C::Answer) -> Self {
        Self { answer: Ok(C::answer_bytes(answer)), raised: Vec::new() }
    }

    fn refuse(code: u32) -> Self {
        Self { answer: Err(code), raised: Vec::new() }
    }

    /// The answer, or the code when there is nothing to tell.
    fn answer_or<C: Command>(command: &C, answer: Option<C::Answer>, code: u32) -> Self {
        answer.map_or_else(|| Self::refuse(code), |answer| Self::answer(command, &answer))
    }

    /// The outcome of a bind or unbind.
    fn change<C: Command<Answer = u8>>(command: &C, outcome: Result<Vec<Raised>, u32>) -> Self {
        match outcome {
            Ok(raised) => Self { raised, ..Self::answer(command, &0) },
            Err(code) => Self::refuse(code),
        }
    }
}

/// Executes a command; `wanted_bytes` is the answer length the client wants.
pub(crate) fn execute(
    switch: &mut Switch,
    session: &mut Session,
    request: &Request,
    wanted_bytes: usize,
) -> Executed {
    match request {
        Request::Ping(ping) => Executed::answer(ping, &pong(switch, *ping)),
        Request::Echo(echo) => Executed::answer(echo, &!echo.stamp),
        Request::GetPaxId(get) => Executed::answer(get, &switch.rack.index),
        Request::DieTemperature(get) if get.generation == generation(switch) => {
            let values = usize::from(get.wanted_bytes() / 4);
            Executed::answer(get, &vec![switch.rack.temperature_centi; values])
        }
        Request::DieTemperature(_) => Executed::refuse(code::UNKNOWN_SUB_COMMAND),
        Request::LinkStatusGet(get) => Executed::answer(get, &switch.link_records()),
        Request::TopologyStart(start) => {
            let data = switch.topology().encode(generation(switch));
            session.topology = Some(TopologySnapshot { data, polled: false });
            Executed::answer(start, &DumpStatus::Working)
        }
        Request::TopologyStatus(status) => Executed::answer(status, &session.topology_progress()),
        Request::TopologyData(data) => {
            Executed::answer(data, &session.topology_piece(data, generation(switch), wanted_bytes))
        }
        Request::TopologyFinish(finish) => {
            session.topology = None;
            Executed::answer(finish, &DumpStatus::NotStarted)
        }
        Request::DumpFabric(dump) => Executed::answer(dump, &switch.fabric_section()),
        Request::DumpPax(dump) => Executed::answer(dump, &switch.pax_section()),
        Request::DumpFabricPort(dump) => {
            Executed::answer_or(dump, switch.fabric_port_section(dump.port), code::INVALID_PORT)
        }
        Request::DumpStart(start) => session.start_dump(switch, start),
        Request::DumpGet(get) => {
            Executed::answer_or(get, session.dump_chunk(get, wanted_bytes), code::BAD_PARAMETER)
        }
        Request::DumpFinish(finish) => {
            session.database = None;
            Executed::answer(finish, &())
        }
        Request::Bind(bind) => Executed::change(bind, switch.bind(bind)),
        Request::Unbind(unbind) => Executed::change(unbind, switch.unbind(unbind.host, unbind.logical_port)),
        Request::PortConfigGet(get) => {
            Executed::answer_or(get, switch.port_config(get.port), code::INVALID_PORT)
        }
        Request::PortConfigSet(set) => match switch.set_port_config(set) {
            Ok((config, raised)) => Executed { raised, ..Executed::answer(set, &config) },
            Err(code) => Executed::refuse(code),
        },
        Request::PortControl(control) => match switch.port_control(control) {
            Ok(raised) => Executed { raised, ..Executed::answer(control, &()) },
            Err(code) => Executed::refuse(code),
        },
        // The connection restarts the switch once the answer has been written (section 1.8).
        Request::Reset(reset) => Executed::answer(reset, &()),
        Request::EventsGet(get) => Executed::answer(get, &switch.queue.take(get.max)),
        Request::EventsClear(clear) => {
            switch.queue.clear();
            Executed::answer(clear, &())
        }
        _ => Executed::refuse(code::UNKNOWN_COMMAND),
    }
}

fn generation(switch: &Switch) -> Generation {
    switch.rack.device.pax_generation().unwrap_or(Generation::Gen4)
}

fn pong(switch: &Switch, ping: Ping) -> PingAnswer {
    const REVISION_C: u32 = 1;
    let generation = match generation(switch) {
        Generation::Gen4 => 0,
        Generation::Gen5 => 1,
        Generation::Gen6 => 2,
    };
    let flags = u32::from(PingAnswer::MAIN_FIRMWARE) | REVISION_C << 8 | generation << 12;
    PingAnswer { flags, complement: !ping.stamp }
}

impl Session {
    fn topology_progress(&mut self) -> TopologyProgress {
        let Some(snapshot) = &mut self.topology else {
            return TopologyProgress { status: DumpStatus::NotStarted, total_dwords: 0 };
        };
        let ready = std::mem::replace(&mut snapshot.polled, true);
        let status = if ready { DumpStatus::Ready } else { DumpStatus::Working };
        TopologyProgress { status, total_dwords: (snapshot.data.len() / 4) as u16 }
    }

    fn topology_piece(
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

    fn start_dump(&mut self, switch: &Switch, start: &DumpStart) -> Executed {
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
        match data {
            Ok(data) => {
                let started = DumpStarted { total_dwords: (data.len() / 4) as u32, switches: 1 };
                self.database = Some(DatabaseSnapshot { class: start.class, data });
                Executed::answer(start, &started)
            }
            Err(code) => Executed::refuse(code),
        }
    }

    /// `None` when no such dump has been started or the offset is behind its end.
    fn dump_chunk(&self, get: &DumpGet, wanted_bytes: usize) -> Option<DumpChunk> {
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
