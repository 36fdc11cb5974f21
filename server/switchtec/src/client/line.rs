//! One session with a switch: the pair of connections, the handshake, and asking one thing at a time.

use std::io::ErrorKind;
use std::mem::MaybeUninit;
use std::net::SocketAddrV4;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use patchbay_awake::{Eagerness, Limits};
use socket2::SockRef;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::alarm::Alarm;
use super::error::{LineError, ReachError};
use crate::command::Command;
use crate::command::identity::{GetPaxId, Ping, PingAnswer};
use crate::error::{DecodeError, MrpcError, code};
use crate::packet::{Channel, GasAccess, MrpcCommand, Packet};
use crate::registers::{self, PortFunction};
use crate::units::{DeviceId, FirmwareVersion, Generation, PaxAddress, SwitchIndex};
use crate::wire::{PacketReader, WireError, read_packet, write_packet};

/// Who a switch says it is (section 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// Own partition id.
    pub partition: u8,
    /// Number of partitions.
    pub partitions: u8,
    /// PCI device id.
    pub device: DeviceId,
    /// Silicon generation.
    pub generation: Generation,
    /// Hardware revision: 0 B, 1 C, 15 A, 14 A.1.
    pub hardware_revision: u8,
    /// Running firmware.
    pub firmware: FirmwareVersion,
    /// Index in the fabric.
    pub switch: SwitchIndex,
}

/// What an answer can be instead of an answer.
#[derive(Debug)]
pub(super) enum AskError {
    Line(LineError),
    Refused(MrpcError),
    Answer(DecodeError),
}

impl From<LineError> for AskError {
    fn from(error: LineError) -> Self {
        Self::Line(error)
    }
}

impl From<AskError> for ReachError {
    fn from(error: AskError) -> Self {
        match error {
            AskError::Line(error) => Self::Line(error),
            AskError::Refused(error) => Self::Refused(error),
            AskError::Answer(error) => Self::Line(LineError::Decode(error)),
        }
    }
}

/// Twice as long as a switch on the same machine takes when both sides sleep, and as long.
const EAGERNESS: Limits = Limits { quick: Duration::from_micros(200), awake: Duration::from_micros(100) };

/// An open pair of connections; both close when it is dropped.
#[derive(Debug)]
pub(super) struct Line {
    commands: TcpStream,
    answers: PacketReader,
    alarm: Alarm,
    eagerness: Eagerness,
    events: JoinHandle<()>,
    events_alive: Arc<AtomicBool>,
    request_limit: Duration,
    /// The port functions of the switch, once they have been asked for: a restart ends the connection.
    pub(super) port_functions: Option<Vec<PortFunction>>,
}

impl Drop for Line {
    fn drop(&mut self) {
        self.events.abort();
    }
}

impl Line {
    /// Connects both channels and runs the session start; `notified` counts up with every event notification, and
    /// once more when the event channel ends.
    pub(super) async fn open(
        address: SocketAddrV4,
        instance: u8,
        stamp: u32,
        request_limit: Duration,
        notified: Arc<watch::Sender<u64>>,
    ) -> Result<(Self, Identity), ReachError> {
        let commands = open_channel(address, instance, Channel::Command).await?;
        let events = open_channel(address, instance, Channel::Event).await?;
        let events_alive = Arc::new(AtomicBool::new(true));
        let events = tokio::spawn(listen(events, Arc::clone(&events_alive), notified));
        let (answers, alarm) = (PacketReader::default(), Alarm::new(request_limit));
        let (eagerness, port_functions) = (Eagerness::new(EAGERNESS), None);
        let mut line =
            Self { commands, answers, alarm, eagerness, events, events_alive, request_limit, port_functions };
        let identity = line.start(stamp).await?;
        Ok((line, identity))
    }

    async fn start(&mut self, stamp: u32) -> Result<Identity, ReachError> {
        let partition = self.register_u8(registers::PARTITION_ID).await?;
        let partitions = self.register_u8(registers::PARTITION_COUNT).await?;
        let device = DeviceId(self.register_u32(registers::DEVICE_ID).await?);
        let ping = self.ask(PaxAddress::Local, &Ping { stamp }).await?;
        if ping.complement != !stamp {
            return Err(ReachError::PingMismatch);
        }
        if ping.boot_phase() != PingAnswer::MAIN_FIRMWARE {
            return Err(ReachError::NotBooted { phase: ping.boot_phase() });
        }
        let (Some(by_id), Some(generation)) = (device.pax_generation(), ping.generation()) else {
            return Err(ReachError::NotPax { device });
        };
        if by_id != generation {
            tracing::warn!(%device, ?generation, "device id and ping disagree about the generation; the ping counts");
        }
        let switch = self.ask(PaxAddress::Local, &GetPaxId).await?;
        let firmware = FirmwareVersion(self.register_u32(registers::FIRMWARE_VERSION).await?);
        let hardware_revision = ping.hardware_revision();
        Ok(Identity { partition, partitions, device, generation, hardware_revision, firmware, switch })
    }

    async fn register_u8(&mut self, offset: u32) -> Result<u8, AskError> {
        Ok(self.read_registers(offset, 1).await?[0])
    }

    pub(super) async fn register_u32(&mut self, offset: u32) -> Result<u32, AskError> {
        let data = self.read_registers(offset, 4).await?;
        Ok(u32::from_le_bytes([data[0], data[1], data[2], data[3]]))
    }

    /// Whether neither channel has ended and no byte waits that nobody asked for.
    pub(super) fn is_usable(&self) -> bool {
        if self.answers.pending_bytes() != 0 || !self.events_alive.load(Ordering::Acquire) {
            return false;
        }
        // The system is asked, because the runtime may not have heard yet of an end that came just now.
        let end_or_more = SockRef::from(&self.commands).peek(&mut [MaybeUninit::uninit()]);
        end_or_more.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
    }

    /// Reads exactly `count` bytes of registers.
    pub(super) async fn read_registers(&mut self, offset: u32, count: u16) -> Result<Vec<u8>, AskError> {
        let data = self.access(GasAccess::Read { offset, count }).await?;
        if data.len() != usize::from(count) {
            let (announced, found) = (count.into(), data.len() as u64);
            return Err(AskError::Answer(DecodeError::Mismatch {
                what: "the bytes of a register read",
                announced,
                found,
            }));
        }
        Ok(data)
    }

    /// Reads or writes registers. The result word is ignored, as the CLI does (section 1.6).
    pub(super) async fn access(&mut self, access: GasAccess) -> Result<Vec<u8>, AskError> {
        match self.exchange(Packet::Gas(access)).await? {
            Packet::GasResponse(response) => Ok(response.data),
            other => Err(unexpected("a register response", &other)),
        }
    }

    /// Sends one command and reads its answer.
    pub(super) async fn ask<C: Command>(
        &mut self,
        pax: PaxAddress,
        command: &C,
    ) -> Result<C::Answer, AskError> {
        let wanted_bytes = command.wanted_bytes();
        let request = MrpcCommand { pax, id: C::ID, wanted_bytes, input: command.input() };
        let response = match self.exchange(Packet::Command(request)).await? {
            Packet::Response(response) => response,
            other => return Err(unexpected("an MRPC response", &other)),
        };
        if response.result != code::OK {
            return Err(AskError::Refused(MrpcError {
                command: C::ID,
                asked: C::ASKS,
                code: response.result,
            }));
        }
        command.parse_answer(&response.data).map_err(AskError::Answer)
    }

    async fn exchange(&mut self, request: Packet) -> Result<Packet, LineError> {
        let Self { commands, answers, alarm, eagerness, request_limit, .. } = self;
        let both = async {
            write_packet(commands, &request).await?;
            eagerness.wait(answers.read(commands)).await.map_err(LineError::from)
        };
        alarm.within(*request_limit, both).await.unwrap_or(Err(LineError::TimedOut(*request_limit)))
    }
}

/// A packet that does not answer the request; CLOSE is an ordinary way to end (section 1.8).
fn unexpected(expected: &'static str, got: &Packet) -> AskError {
    match got {
        Packet::Close => AskError::Line(LineError::Closed),
        got => AskError::Line(LineError::Decode(DecodeError::Unexpected { expected, got: got.name() })),
    }
}

async fn open_channel(
    address: SocketAddrV4,
    instance: u8,
    channel: Channel,
) -> Result<TcpStream, ReachError> {
    let mut stream = TcpStream::connect(address).await.map_err(ReachError::Connect)?;
    stream.set_nodelay(true).map_err(ReachError::Connect)?;
    write_packet(&mut stream, &Packet::open(instance, channel)).await.map_err(LineError::Io)?;
    match read_packet(&mut stream).await.map_err(LineError::from)? {
        Packet::OpenAccept { code: 0, .. } => Ok(stream),
        Packet::OpenAccept { .. } | Packet::OpenReject | Packet::Close => {
            Err(ReachError::Rejected { channel })
        }
        other => {
            let got = other.name();
            Err(LineError::Decode(DecodeError::Unexpected { expected: "an OPEN accept", got }).into())
        }
    }
}

/// Counts notifications until the event channel ends.
async fn listen(mut stream: TcpStream, alive: Arc<AtomicBool>, notified: Arc<watch::Sender<u64>>) {
    let mut reader = PacketReader::default();
    let reason = loop {
        match several(&mut reader, &mut stream).await {
            Ok((came, None)) => notified.send_modify(|count| *count += came),
            Ok((_, Some(other))) => break other.name().to_owned(),
            Err(WireError::Closed) => break "its end".to_owned(),
            Err(error) => break error.to_string(),
        }
    };
    tracing::debug!(reason, "the event channel ended");
    alive.store(false, Ordering::Release);
    notified.send_modify(|count| *count += 1);
}

/// Waits for a notification and takes all that have come with it; how many, and the packet behind them that is none.
async fn several(
    reader: &mut PacketReader,
    stream: &mut TcpStream,
) -> Result<(u64, Option<Packet>), WireError> {
    let mut next = Some(reader.read(stream).await?);
    let mut came = 0;
    while let Some(packet) = next {
        if packet != Packet::Event {
            return Ok((came, Some(packet)));
        }
        came += 1;
        next = reader.take()?;
    }
    Ok((came, None))
}
