//! One TCP connection: the OPEN handshake, then commands or notifications.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use patchbay_switchtec::command::Request;
use patchbay_switchtec::packet::{Channel, GasAccess, GasResponse, MrpcCommand, MrpcResponse, Packet};
use patchbay_switchtec::wire::{WireError, read_packet, write_packet};
use patchbay_switchtec::{PaxAddress, code};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::execute::Session;
use crate::gate::{CommandKind, Phase, Verdict};
use crate::server::Stop;
use crate::shared::Shared;
use crate::switch::Raised;

/// Longest wait for the OPEN request: a client sends it at once.
const OPEN_LIMIT: Duration = Duration::from_secs(10);
/// Longest wait for a client to take an answer.
const WRITE_LIMIT: Duration = Duration::from_secs(10);
/// Service instances the firmware offers (section 1.1).
const INSTANCES: u8 = 2;

/// Serves a connection until it ends, breaks, talks nonsense, or the switch stops.
pub(crate) async fn serve(mut stream: TcpStream, shared: Arc<Shared>, mut stop: Stop) {
    let ended = tokio::select! {
        biased;
        () = stop.requested() => return,
        opened = timeout(OPEN_LIMIT, open(&mut stream, &shared)) => opened,
    };
    let ended = match ended {
        Err(_) => Err(io::Error::from(io::ErrorKind::TimedOut).into()),
        Ok(Err(error)) => Err(error),
        Ok(Ok(None)) => Ok(()),
        Ok(Ok(Some(Opened::Commands))) => {
            Commands { stream, shared, session: Session::default() }.run(stop).await
        }
        Ok(Ok(Some(Opened::Events(notified)))) => notify(stream, notified, stop).await,
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

enum Opened {
    Commands,
    Events(tokio::sync::watch::Receiver<u64>),
}

/// The handshake of section 1.4; `None` when the channel was rejected.
async fn open(stream: &mut TcpStream, shared: &Shared) -> Result<Option<Opened>, WireError> {
    stream.set_nodelay(true)?;
    let request = read_packet(stream).await?;
    let Packet::Open { instance, service } = request else { return Ok(None) };
    let opened = match request.channel().filter(|_| instance < INSTANCES) {
        None => {
            write_packet(stream, &Packet::OpenReject).await?;
            return Ok(None);
        }
        Some(Channel::Command) => Opened::Commands,
        // Subscribed before the client learns that the channel is open, so that it misses nothing.
        Some(Channel::Event) => Opened::Events(shared.notifications()),
    };
    write_packet(stream, &Packet::OpenAccept { instance, service, code: 0 }).await?;
    Ok(Some(opened))
}

/// Sends a bare notification whenever there is something to look at; several at once become one.
async fn notify(
    mut stream: TcpStream,
    mut notified: tokio::sync::watch::Receiver<u64>,
    mut stop: Stop,
) -> Result<(), WireError> {
    let (mut from_client, mut to_client) = stream.split();
    loop {
        let mut unexpected = [0; 1];
        tokio::select! {
            biased;
            () = stop.requested() => return Ok(()),
            // The client sends nothing here: whatever comes, its end included, ends the channel.
            _ = from_client.read(&mut unexpected) => return Ok(()),
            changed = notified.changed() => match changed {
                Ok(()) => write_in_time(&mut to_client, &Packet::Event).await?,
                Err(_) => return Ok(()),
            },
        }
    }
}

async fn write_in_time<S: tokio::io::AsyncWrite + Unpin>(stream: &mut S, packet: &Packet) -> io::Result<()> {
    timeout(WRITE_LIMIT, write_packet(stream, packet)).await.map_err(|_| io::ErrorKind::TimedOut)?
}

/// A command channel.
struct Commands {
    stream: TcpStream,
    shared: Arc<Shared>,
    session: Session,
}

/// What becomes of a command.
enum Ending {
    Answer { response: MrpcResponse, raised: Vec<Raised> },
    Drop(Vec<Raised>),
    Hang(Vec<Raised>),
}

/// How a command channel goes on.
enum Next {
    Read,
    End,
    Hang,
}

impl Commands {
    async fn run(mut self, mut stop: Stop) -> Result<(), WireError> {
        loop {
            let packet = tokio::select! {
                biased;
                () = stop.requested() => return Ok(()),
                packet = read_packet(&mut self.stream) => packet?,
            };
            match packet {
                Packet::Command(command) => match self.command(command).await? {
                    Next::Read => {}
                    Next::End => return Ok(()),
                    Next::Hang => return self.hang(stop).await,
                },
                Packet::Gas(access) => {
                    let response = Packet::GasResponse(self.gas(access));
                    write_in_time(&mut self.stream, &response).await?;
                }
                // CLOSE, and anything a client has no business to send.
                _ => return Ok(()),
            }
        }
    }

    /// Leaves a client without an answer until it goes away or the switch stops.
    async fn hang(mut self, mut stop: Stop) -> Result<(), WireError> {
        let mut ignored = [0; 64];
        loop {
            tokio::select! {
                biased;
                () = stop.requested() => return Ok(()),
                read = self.stream.read(&mut ignored) => if read? == 0 {
                    return Ok(());
                },
            }
        }
    }

    fn gas(&self, access: GasAccess) -> GasResponse {
        let mut switch = self.shared.switch();
        let data = match access {
            GasAccess::Read { offset, count } => switch.registers.read(offset, count),
            GasAccess::Write { offset, data } => {
                switch.registers.write(offset, &data);
                Vec::new()
            }
        };
        GasResponse { result: code::OK, data }
    }

    /// Executes a command and answers it.
    ///
    /// Events are raised after the answer has been written (section 7), and also when it cannot be: the work is done.
    async fn command(&mut self, command: MrpcCommand) -> Result<Next, WireError> {
        match self.execute(&command).await {
            Ending::Answer { response, raised } => {
                let written = write_in_time(&mut self.stream, &Packet::Response(response)).await;
                self.shared.raise(raised);
                written?;
                Ok(Next::Read)
            }
            Ending::Drop(raised) => {
                self.shared.raise(raised);
                Ok(Next::End)
            }
            Ending::Hang(raised) => {
                self.shared.raise(raised);
                Ok(Next::Hang)
            }
        }
    }

    async fn execute(&mut self, command: &MrpcCommand) -> Ending {
        let wanted_bytes = usize::from(command.wanted_bytes);
        let refuse = |code| answer(Err(code), wanted_bytes, Vec::new());
        let index = self.shared.switch().rack.index;
        if !matches!(command.pax, PaxAddress::Local) && command.pax != PaxAddress::Index(index) {
            return refuse(code::BAD_PARAMETER);
        }
        let request = match Request::parse(command.id, &command.input) {
            Ok(request) => request,
            Err(error) => return refuse(error.code()),
        };
        let kind = CommandKind::of(&request);
        let shared = Arc::clone(&self.shared);
        let _turn = shared.turn.lock().await;
        let nth = shared.count(kind);
        let delay = shared.delays.of(kind);
        if !delay.is_zero() {
            sleep(delay).await;
        }
        match shared.pass(kind, Phase::Before, nth).await {
            Verdict::Proceed => {}
            Verdict::Refuse(code) => return refuse(code),
            Verdict::DropConnection => return Ending::Drop(Vec::new()),
            Verdict::Hang => return Ending::Hang(Vec::new()),
        }
        let executed = shared.execute(&mut self.session, &request, wanted_bytes);
        match shared.pass(kind, Phase::After, nth).await {
            Verdict::Proceed => answer(executed.answer, wanted_bytes, executed.raised),
            Verdict::Refuse(code) => answer(Err(code), wanted_bytes, executed.raised),
            Verdict::DropConnection => Ending::Drop(executed.raised),
            Verdict::Hang => Ending::Hang(executed.raised),
        }
    }
}

/// Pads or cuts the data to exactly the wanted length, for errors too (section 1.5).
fn answer(answer: Result<Vec<u8>, u32>, wanted_bytes: usize, raised: Vec<Raised>) -> Ending {
    let (result, mut data) = match answer {
        Ok(data) => (code::OK, data),
        Err(code) => (code, Vec::new()),
    };
    data.resize(wanted_bytes, 0);
    Ending::Answer { response: MrpcResponse { result, data }, raised }
}
