//! What a caller can ask a switch.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::error::ClientError;
use super::turn::Turn;
use super::{Client, LineError};
use crate::command::Command;
use crate::command::binding::{Bind, Unbind};
use crate::command::database::{DumpFabric, DumpFabricPort, DumpPax};
use crate::command::events::{EventBatch, EventsClear, EventsGet, MAX_EVENTS};
use crate::command::identity::{DieTemperature, Echo, Ping, PingAnswer};
use crate::command::link_status::{LinkRecord, LinkStatusGet};
use crate::command::port_config::{PortConfig, PortConfigGet};
use crate::command::sections::{FabricPortSection, FabricSection, PaxSection};
use crate::command::topology::{
    DumpStatus, MAX_PIECE_BYTES, MAX_TOPOLOGY_BYTES, Topology, TopologyData, TopologyFinish, TopologyStart,
    TopologyStatus,
};
use crate::error::DecodeError;
use crate::packet::GasAccess;
use crate::registers::{self, event_header};
use crate::units::{FirmwareVersion, HostPort, LogicalPort, Pdfid, PhysicalPort};

/// Pause between two polls of a topology dump, so as not to spin while the switch works.
const POLL_PAUSE: Duration = Duration::from_millis(2);
/// Most rounds when draining events: a switch that produces them faster is not drained by more.
const MAX_DRAIN_ROUNDS: usize = 64;

/// The write that arms the fabric manager's event and clears an old one (section 7).
pub(super) fn arm() -> GasAccess {
    let value = event_header::NOTIFY | event_header::OCCURRED;
    GasAccess::Write { offset: registers::GFMS_EVENT_HEADER, data: value.to_le_bytes().to_vec() }
}

impl Client {
    pub(super) async fn ask<C: Command>(&self, command: C) -> Result<C::Answer, ClientError> {
        self.turn().await?.ask(&command).await
    }

    pub(super) fn nonsense(&self, asked: &'static str, source: DecodeError) -> ClientError {
        ClientError::Protocol { address: self.address(), asked, source }
    }

    /// Asks for a sign of life.
    ///
    /// # Errors
    /// As every call: unreachable, interrupted, refused or nonsense; see [`ClientError`].
    pub async fn ping(&self) -> Result<PingAnswer, ClientError> {
        let stamp = self.stamp();
        let answer = self.ask(Ping { stamp }).await?;
        self.check_complement(Ping::ASKS, stamp, answer.complement)?;
        Ok(answer)
    }

    /// Sends a number and checks that its complement comes back.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn echo(&self) -> Result<(), ClientError> {
        let stamp = self.stamp();
        let answer = self.ask(Echo { stamp }).await?;
        self.check_complement(Echo::ASKS, stamp, answer)
    }

    fn check_complement(&self, asked: &'static str, stamp: u32, found: u32) -> Result<(), ClientError> {
        if found == !stamp {
            return Ok(());
        }
        let (announced, found) = ((!stamp).into(), found.into());
        Err(self
            .nonsense(asked, DecodeError::Mismatch { what: "the complement of a stamp", announced, found }))
    }

    /// Die temperatures in hundredths of a degree Celsius: one on Gen4, four on Gen5.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn die_temperature(&self) -> Result<Vec<u32>, ClientError> {
        self.ask(DieTemperature { generation: self.identity().generation }).await
    }

    /// Reads the running firmware's version from its register.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn firmware_version(&self) -> Result<FirmwareVersion, ClientError> {
        self.register_u32(registers::FIRMWARE_VERSION).await.map(FirmwareVersion)
    }

    /// Reads a 32-bit register.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn register_u32(&self, offset: u32) -> Result<u32, ClientError> {
        read_u32(&mut self.turn().await?, offset).await
    }

    /// Writes a 32-bit register.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn write_register_u32(&self, offset: u32, value: u32) -> Result<(), ClientError> {
        let access = GasAccess::Write { offset, data: value.to_le_bytes().to_vec() };
        self.turn().await?.access("write a register", access).await.map(|_| ())
    }

    /// Ports, their types and links: the conversation of section 5.3.
    ///
    /// # Errors
    /// See [`ClientError`]; a snapshot the switch never finishes is [`ClientError::Interrupted`].
    pub async fn topology(&self) -> Result<Topology, ClientError> {
        let generation = self.identity().generation;
        let mut turn = self.turn().await?;
        turn.open();
        turn.ask(&TopologyStart).await?;
        let total = self.await_topology(&mut turn).await?;
        let mut bytes = Vec::new();
        while bytes.len() < total {
            let count_bytes = (total - bytes.len()).min(usize::from(MAX_PIECE_BYTES)) as u16;
            let offset_bytes = bytes.len() as u16;
            let piece = turn.ask(&TopologyData { generation, offset_bytes, count_bytes }).await?;
            if piece.data.is_empty() || piece.data.len() > usize::from(count_bytes) {
                let (announced, found) = (count_bytes.into(), piece.data.len() as u64);
                let what = "the bytes of a topology piece";
                return Err(
                    self.nonsense(TopologyData::ASKS, DecodeError::Mismatch { what, announced, found })
                );
            }
            bytes.extend_from_slice(&piece.data);
        }
        turn.ask(&TopologyFinish).await?;
        turn.close();
        Topology::parse(generation, &bytes).map_err(|source| self.nonsense(TopologyStart::ASKS, source))
    }

    /// Polls until the snapshot is ready, for at most the request limit; the answer is its length in bytes.
    async fn await_topology(&self, turn: &mut Turn<'_>) -> Result<usize, ClientError> {
        let limit = self.options().request_limit;
        let until = Instant::now() + limit;
        let asked = TopologyStatus::ASKS;
        loop {
            let progress = turn.ask(&TopologyStatus).await?;
            match progress.status {
                DumpStatus::Ready => {
                    let total = usize::from(progress.total_dwords) * 4;
                    if total > MAX_TOPOLOGY_BYTES {
                        let (got, limit) = (total as u64, MAX_TOPOLOGY_BYTES as u64);
                        let what = "the topology in bytes";
                        return Err(self.nonsense(asked, DecodeError::TooLarge { what, got, limit }));
                    }
                    return Ok(total);
                }
                DumpStatus::Working if Instant::now() < until => sleep(POLL_PAUSE).await,
                DumpStatus::Working => {
                    let source = LineError::TimedOut(limit);
                    return Err(ClientError::Interrupted { address: self.address(), asked, source });
                }
                _ => {
                    let (expected, got) = ("a topology dump in progress", "another status");
                    return Err(self.nonsense(asked, DecodeError::Unexpected { expected, got }));
                }
            }
        }
    }

    /// The status of every link.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn link_status(&self) -> Result<Vec<LinkRecord>, ClientError> {
        self.ask(LinkStatusGet { generation: self.identity().generation }).await
    }

    /// What a port is configured as.
    ///
    /// # Errors
    /// See [`ClientError`]; a port that does not exist is refused.
    pub async fn port_config(&self, port: PhysicalPort) -> Result<PortConfig, ClientError> {
        self.ask(PortConfigGet { port }).await
    }

    /// The switches of the fabric.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn fabric(&self) -> Result<FabricSection, ClientError> {
        self.ask(DumpFabric).await
    }

    /// Counts, id ranges and port maps of this switch.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn pax(&self) -> Result<PaxSection, ClientError> {
        self.ask(DumpPax).await
    }

    /// One link to another switch.
    ///
    /// # Errors
    /// See [`ClientError`]; a port that is no such link is refused.
    pub async fn fabric_port(&self, port: PhysicalPort) -> Result<FabricPortSection, ClientError> {
        self.ask(DumpFabricPort { port }).await
    }

    /// Binds one to eight functions to a logical port. Never repeated by the client.
    ///
    /// # Errors
    /// [`ClientError::Refused`] and [`ClientError::Unreachable`] mean nothing was done; see
    /// [`ClientError::outcome_unknown`] for the others.
    pub async fn bind(
        &self,
        host: HostPort,
        logical_port: LogicalPort,
        functions: &[Pdfid],
    ) -> Result<(), ClientError> {
        self.ask(Bind::new(host, logical_port, functions)?).await.map(|_| ())
    }

    /// Unbinds all functions of a logical port; `function` is the one in slot 0. Never repeated by the client.
    ///
    /// # Errors
    /// As [`Client::bind`].
    pub async fn unbind(
        &self,
        host: HostPort,
        logical_port: LogicalPort,
        function: Pdfid,
    ) -> Result<(), ClientError> {
        self.ask(Unbind { host, logical_port, function, option: 0 }).await.map(|_| ())
    }

    /// Takes up to `max` events from the switch's queue; zero only counts them.
    ///
    /// # Errors
    /// See [`ClientError`]; events that were on their way when the connection broke are lost.
    pub async fn events(&self, max: u16) -> Result<EventBatch, ClientError> {
        self.ask(EventsGet { max: max.min(MAX_EVENTS) }).await
    }

    /// Empties the switch's event queue.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn clear_events(&self) -> Result<(), ClientError> {
        self.ask(EventsClear).await
    }

    /// Asks the switch to notify this client of fabric events, now and after every reconnection.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn arm_events(&self) -> Result<(), ClientError> {
        self.turn().await?.access("arm its events", arm()).await?;
        self.armed.store(true, Ordering::Release);
        Ok(())
    }

    /// Acknowledges a notification, so that the next event raises another one, and leaves the events for whoever wants
    /// to read them. To be called before what they are about is read.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn acknowledge_events(&self) -> Result<(), ClientError> {
        acknowledge(&mut self.turn().await?).await
    }

    /// Acknowledges a notification and takes all events, in the order of section 7: summary, header, queue.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn drain_events(&self) -> Result<EventBatch, ClientError> {
        let mut turn = self.turn().await?;
        acknowledge(&mut turn).await?;
        let mut all = EventBatch { events: Vec::new(), remaining: 0, overflow: false };
        for _ in 0..MAX_DRAIN_ROUNDS {
            let batch = turn.ask(&EventsGet { max: MAX_EVENTS }).await?;
            let empty = batch.events.is_empty();
            all.events.extend(batch.events);
            all.overflow |= batch.overflow;
            all.remaining = batch.remaining;
            if empty || batch.remaining == 0 {
                break;
            }
        }
        Ok(all)
    }
}

/// The first two steps of section 7: the summary says whether there was an event, and its header is cleared.
async fn acknowledge(turn: &mut Turn<'_>) -> Result<(), ClientError> {
    if read_u32(turn, registers::GLOBAL_EVENTS).await? & registers::GFMS_EVENT_BIT != 0 {
        turn.access("acknowledge its events", arm()).await?;
    }
    Ok(())
}

async fn read_u32(turn: &mut Turn<'_>, offset: u32) -> Result<u32, ClientError> {
    let data = turn.access("read a register", GasAccess::Read { offset, count: 4 }).await?;
    Ok(data.iter().rev().fold(0, |value, byte| value << 8 | u32::from(*byte)))
}
