//! Executing one command for one connection.

mod endpoint;
mod performance;
mod session;

use patchbay_switchtec::command::firmware::FirmwareImage;
use patchbay_switchtec::command::identity::{DieTemperature, Ping, PingAnswer};
use patchbay_switchtec::command::log::{LogForm, LogGet, LogPiece, LogSource};
use patchbay_switchtec::command::{Command, Request};
use patchbay_switchtec::{Generation, code};

use crate::firmware;
use crate::switch::{Raised, Switch};

pub(crate) use session::Session;

/// What a command did.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Executed {
    /// Answer data, not yet padded; the error is the result code.
    pub(crate) answer: Result<Vec<u8>, u32>,
    /// What is to be raised once the answer has been sent.
    pub(crate) raised: Vec<Raised>,
}

impl Executed {
    /// The answer to a command, or the code it is refused with.
    fn result<C: Command>(_command: &C, result: Result<C::Answer, u32>) -> Self {
        Self { answer: result.map(|answer| C::answer_bytes(&answer)), raised: Vec::new() }
    }

    fn answer<C: Command>(command: &C, answer: C::Answer) -> Self {
        Self::result(command, Ok(answer))
    }

    fn refuse(code: u32) -> Self {
        Self { answer: Err(code), raised: Vec::new() }
    }

    /// The outcome of a command that changes the switch.
    fn change<C: Command>(command: &C, outcome: Result<(C::Answer, Vec<Raised>), u32>) -> Self {
        match outcome {
            Ok((answer, raised)) => Self { raised, ..Self::answer(command, answer) },
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
    use Executed as E;
    use Request as R;
    match request {
        R::Ping(c) => E::answer(c, pong(switch, *c)),
        R::Echo(c) => E::answer(c, !c.stamp),
        R::GetPaxId(c) => E::answer(c, switch.rack.index),
        R::DieTemperature(c) => E::result(c, temperature(switch, c)),
        R::LinkStatusGet(c) => E::answer(c, switch.link_records()),
        R::TopologyStart(c) => E::answer(c, session.start_topology(switch)),
        R::TopologyStatus(c) => E::answer(c, session.topology_progress()),
        R::TopologyData(c) => E::answer(c, session.topology_piece(c, generation(switch), wanted_bytes)),
        R::TopologyFinish(c) => E::answer(c, session.finish_topology()),
        R::DumpFabric(c) => E::answer(c, switch.fabric_section()),
        R::DumpPax(c) => E::answer(c, switch.pax_section()),
        R::DumpFabricPort(c) => E::result(c, switch.fabric_port_section(c.port).ok_or(code::INVALID_PORT)),
        R::DumpStart(c) => E::result(c, session.start_dump(switch, c)),
        R::DumpGet(c) => E::result(c, session.dump_chunk(c, wanted_bytes).ok_or(code::BAD_PARAMETER)),
        R::DumpFinish(c) => {
            session.finish_dump();
            E::answer(c, ())
        }
        R::Bind(c) => E::change(c, switch.bind(c).map(|raised| (0, raised))),
        R::Unbind(c) => E::change(c, switch.unbind(c.host, c.logical_port).map(|raised| (0, raised))),
        R::PortConfigGet(c) => E::result(c, switch.port_config(c.port).ok_or(code::INVALID_PORT)),
        R::PortConfigSet(c) => E::change(c, switch.set_port_config(c)),
        R::PortControl(c) => E::change(c, switch.port_control(c).map(|raised| ((), raised))),
        // The connection restarts the switch once the answer has been written (section 1.8).
        R::Reset(c) => E::answer(c, ()),
        R::EventsGet(c) => E::answer(c, switch.queue.take(c.max)),
        R::EventsClear(c) => {
            switch.queue.clear();
            E::answer(c, ())
        }
        R::FirmwareTableGet(c) => E::result(c, gen4_only(switch).map(|()| firmware::table(&switch.rack))),
        R::FirmwareImageGet(c) => E::result(c, firmware_image(switch, c.partition)),
        R::MultiConfigGet(c) => E::answer(c, 0),
        R::LogGet(c) => E::result(c, log_piece(switch, c)),
        R::RegisterRead(c) => E::answer(c, switch.registers.read(c.offset, c.count_bytes)),
        R::RegisterWrite(c) => {
            switch.registers.write(c.offset, &c.data);
            E::answer(c, ())
        }
        R::BandwidthGet(c) => E::result(c, performance::bandwidth(switch, c)),
        R::BandwidthKindSet(c) => E::result(c, performance::set_kinds(switch, c)),
        R::LatencySetup(c) => E::result(c, performance::measure(switch, c)),
        R::LatencyGet(c) => E::result(c, performance::latencies(switch, c)),
        R::EventCounterSetupSet(c) => E::result(c, performance::set_up(switch, c)),
        R::EventCounterSetupGet(c) => E::result(c, performance::setups(switch, c)),
        R::EventCounterGet(c) => E::result(c, performance::values(switch, c)),
        R::TunnelConfig(c) => E::result(c, endpoint::tunnel(switch, c)),
        R::ConfigRead(c) => E::result(c, endpoint::config_read(switch, c)),
        R::ConfigWrite(c) => E::result(c, endpoint::config_write(switch, c)),
        R::BarRead(c) => E::result(c, endpoint::bar_read(switch, c)),
        R::BarWrite(c) => E::result(c, endpoint::bar_write(switch, c)),
        R::DeviceManage(c) => E::result(c, endpoint::manage(switch, c)),
    }
}

fn generation(switch: &Switch) -> Generation {
    switch.rack.device.pax_generation().unwrap_or(Generation::Gen4)
}

/// Refuses a sub-command that only Gen4 has.
fn gen4_only(switch: &Switch) -> Result<(), u32> {
    if generation(switch) == Generation::Gen4 { Ok(()) } else { Err(code::UNKNOWN_SUB_COMMAND) }
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

fn temperature(switch: &Switch, get: &DieTemperature) -> Result<Vec<u32>, u32> {
    if get.generation != generation(switch) {
        return Err(code::UNKNOWN_SUB_COMMAND);
    }
    Ok(vec![switch.rack.temperature_centi; usize::from(get.wanted_bytes() / 4)])
}

fn firmware_image(switch: &Switch, partition: u8) -> Result<FirmwareImage, u32> {
    gen4_only(switch)?;
    firmware::image(&switch.rack, partition).ok_or(code::BAD_PARAMETER)
}

/// A switch knows the sub-commands of its own generation only; clients of Gen4 then try the legacy ones (section
/// 5.13), which it does not know either.
fn log_piece(switch: &Switch, get: &LogGet) -> Result<LogPiece, u32> {
    let own = match generation(switch) {
        Generation::Gen4 => LogForm::Gen4,
        Generation::Gen5 | Generation::Gen6 => LogForm::Gen5,
    };
    match get.source {
        _ if get.form != own => Err(code::UNKNOWN_SUB_COMMAND),
        LogSource::Ram => Ok(switch.log.piece(get)),
        LogSource::Flash => Ok(switch.log.empty_piece(get)),
    }
}
