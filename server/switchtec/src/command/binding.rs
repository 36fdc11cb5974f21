//! GFMS_BIND_UNBIND: putting functions on a host's logical port and taking them off (section 5.4).

use crate::bytes::{Put, Reader};
use crate::command::Command;
use crate::error::DecodeError;
use crate::units::{CommandId, HostPort, LogicalPort, Pdfid, PhysicalPort, SwitchIndex};

/// Most functions on one logical port.
pub const MAX_SLOTS: usize = 8;

pub(crate) const SUB_BIND: u8 = 1;
pub(crate) const SUB_UNBIND: u8 = 2;
const BIND_BYTES: usize = 36;

/// Binds functions to one logical port, where they appear as functions 0..7 of one device.
///
/// Not idempotent: a repeat is refused. After a lost answer the outcome has to be read from the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bind {
    host: HostPort,
    logical_port: LogicalPort,
    functions: Vec<Pdfid>,
}

/// A bind with no function or with more than eight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a bind takes 1 to {MAX_SLOTS} functions, not {0}")]
pub struct FunctionCountError(pub usize);

impl Bind {
    /// A bind of `functions` in slot order.
    ///
    /// # Errors
    /// No function, or more than [`MAX_SLOTS`].
    pub fn new(
        host: HostPort,
        logical_port: LogicalPort,
        functions: &[Pdfid],
    ) -> Result<Self, FunctionCountError> {
        if functions.is_empty() || functions.len() > MAX_SLOTS {
            return Err(FunctionCountError(functions.len()));
        }
        Ok(Self { host, logical_port, functions: functions.to_vec() })
    }

    /// The host port.
    pub fn host(&self) -> HostPort {
        self.host
    }

    /// The logical port.
    pub fn logical_port(&self) -> LogicalPort {
        self.logical_port
    }

    /// One to eight functions in slot order.
    pub fn functions(&self) -> &[Pdfid] {
        &self.functions
    }
}

impl Command for Bind {
    const ID: CommandId = CommandId::GFMS_BIND_UNBIND;
    const ASKS: &'static str = "bind";
    type Answer = u8;

    fn input(&self) -> Vec<u8> {
        let mut out = vec![SUB_BIND, self.host.switch.get(), self.host.port.get(), self.logical_port.get()];
        for (slot, function) in self.functions.iter().enumerate() {
            out.put_u16(function.get());
            out.put_u8(u8::from(slot + 1 < self.functions.len()));
            out.put_u8(0);
        }
        out.resize(BIND_BYTES, 0);
        out
    }

    /// Stops at the first entry that says it is the last; what follows is uninitialised in the CLI.
    fn parse_input(input: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(input, "a bind request");
        reader.skip(1)?;
        let (host, logical_port) = place(&mut reader)?;
        let mut functions = Vec::with_capacity(MAX_SLOTS);
        loop {
            functions.push(Pdfid::new(reader.u16()?));
            let more = reader.u8()? != 0;
            reader.skip(1)?;
            if !more {
                return Ok(Self { host, logical_port, functions });
            }
            if functions.len() == MAX_SLOTS {
                let (got, limit) = (MAX_SLOTS as u64 + 1, MAX_SLOTS as u64);
                return Err(DecodeError::TooLarge { what: "the number of functions in a bind", got, limit });
            }
        }
    }

    fn wanted_bytes(&self) -> u16 {
        4
    }

    fn answer_bytes(answer: &u8) -> Vec<u8> {
        vec![*answer, 0, 0, 0]
    }

    /// The status byte; success or failure is in the result word of the response, not here.
    fn parse_answer(&self, data: &[u8]) -> Result<u8, DecodeError> {
        Reader::new(data, "the bind answer").u8()
    }
}

/// Unbinds every function of one logical port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unbind {
    /// The host port.
    pub host: HostPort,
    /// The logical port.
    pub logical_port: LogicalPort,
    /// The function in slot 0. The CLI leaves it uninitialised, so a server must ignore it.
    pub function: Pdfid,
    /// Undocumented; we send zero, a server must ignore it.
    pub option: u8,
}

impl Command for Unbind {
    const ID: CommandId = CommandId::GFMS_BIND_UNBIND;
    const ASKS: &'static str = "unbind";
    type Answer = u8;

    fn input(&self) -> Vec<u8> {
        let mut out = vec![SUB_UNBIND, self.host.switch.get(), self.host.port.get(), self.logical_port.get()];
        out.put_u16(self.function.get());
        out.put_u8(self.option);
        out.put_u8(0);
        out
    }

    fn parse_input(input: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(input, "an unbind request");
        reader.skip(1)?;
        let (host, logical_port) = place(&mut reader)?;
        Ok(Self { host, logical_port, function: Pdfid::new(reader.u16()?), option: reader.u8()? })
    }

    fn wanted_bytes(&self) -> u16 {
        1
    }

    fn answer_bytes(answer: &u8) -> Vec<u8> {
        vec![*answer]
    }

    fn parse_answer(&self, data: &[u8]) -> Result<u8, DecodeError> {
        Reader::new(data, "the unbind answer").u8()
    }
}

fn place(reader: &mut Reader<'_>) -> Result<(HostPort, LogicalPort), DecodeError> {
    let host = HostPort { switch: SwitchIndex::new(reader.u8()?), port: PhysicalPort::new(reader.u8()?) };
    Ok((host, LogicalPort::new(reader.u8()?)))
}
