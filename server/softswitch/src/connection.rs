//! One connection: the OPEN handshake, then commands or notifications.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use patchbay_switchtec::command::Request;
use patchbay_switchtec::packet::{Channel, GasAccess, GasResponse, MrpcCommand, MrpcResponse, Packet};
use patchbay_switchtec::wire::{PacketReader, WireError, write_packet};
use patchbay_switchtec::{PaxAddress, code};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::execute::Session;
use crate::gate::{Phase, Verdict};
use crate::kind::CommandKind;
use crate::restart::{Restart, Retention};
use crate::server::Stop;
use crate::shared::{Executed, Shared};
use crate::switch::Ticket;

/// Service instances the firmware offers (section 1.1).
const INSTANCES: u8 = 2;
/// Shortest time between two writes of notifications to a client. The first of many comes at once and the others come
/// together: a client that looks at every one has no time for anything else while many things change.
const NOTIFICATION_PAUSE: Duration = Duration::from_millis(5);
/// Most notifications in one write, 16 KiB of them: more than happen between two writes.
const NOTIFICATIONS_PER_WRITE: u64 = 1024;

/// What a connection runs over: TCP, or bytes in memory.
pub(crate) trait ClientStream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> ClientStream for S {}

/// Serves a TCP connection until it ends, breaks, talks nonsense, or the switch stops.
pub(crate) async fn serve(stream: TcpStream, shared: Arc<Shared>, stop: Stop) {
    match stream.set_nodelay(true) {
        Ok(()) => converse(stream, &mut PacketReader::default(), shared, stop).await,
        Err(error) => tracing::debug!(%error, "a connection ended before it began"),
    }
}

/// Serves a connection over whatever it runs. What the reader still holds afterwards was not looked at.
pub(crate) async fn converse<S: ClientStream>(
    mut stream: S,
    reader: &mut PacketReader,
    shared: Arc<Shared>,
    mut stop: Stop,
) {
    let opened = tokio::select! {
        biased;
        () = stop.requested() => return,
        // Boxed, as everywhere: a connection that waits for its client must not hold the room for a packet.
        opened = Box::pin(timeout(shared.limits.open, open(&mut stream, reader, &shared))) => opened,
    };
    let ended = match opened {
        Err(_) => Err(io::Error::from(io::ErrorKind::TimedOut).into()),
        Ok(Err(error)) => Err(error),
        Ok(Ok(None)) => Ok(()),
        Ok(Ok(Some(Opened::Commands))) => {
            Commands { stream, reader, shared, session: Session::default() }.run(stop).await
        }
        // The client sends nothing on this channel: whatever it has sent ends it.
        Ok(Ok(Some(Opened::Events(_)))) if reader.pending_bytes() != 0 => Ok(()),
        Ok(Ok(Some(Opened::Events(notified)))) => notify(stream, notified, shared.limits.write, stop).await,
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

enum Opened {
    Commands,
    Events(watch::Receiver<u64>),
}

/// The handshake of section 1.4; `None` when the channel was rejected.
async fn open<S: ClientStream>(
    stream: &mut S,
    reader: &mut PacketReader,
    shared: &Shared,
) -> Result<Option<Opened>, WireError> {
    let request = reader.read(stream).await?;
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

/// Sends a bare notification for each event that clients want to hear of (section 1.7).
async fn notify<S: ClientStream>(
    mut stream: S,
    mut notified: watch::Receiver<u64>,
    limit: Duration,
    mut stop: Stop,
) -> Result<(), WireError> {
    let mut sent = *notified.borrow_and_update();
    let mut ignored = [0; 1];
    loop {
        let due = tokio::select! {
            biased;
            () = stop.requested() => return Ok(()),
            // Whatever comes, the client's end included, ends the channel.
            _ = stream.read(&mut ignored) => return Ok(()),
            due = due(&mut notified, sent) => due,
        };
        let Some(due) = due else { return Ok(()) };
        let packets = Packet::Event.encode().repeat(due as usize);
        in_time(limit, stream.write_all(&packets)).await?;
        sent += due;
        tokio::select! {
            biased;
            () = stop.requested() => return Ok(()),
            _ = stream.read(&mut ignored) => return Ok(()),
            () = sleep(NOTIFICATION_PAUSE) => {}
        }
    }
}

/// Waits until more notifications are due than have been sent; `None` when there will be no more.
async fn due(notified: &mut watch::Receiver<u64>, sent: u64) -> Option<u64> {
    let count = *notified.wait_for(|count| *count != sent).await.ok()?;
    Some((count - sent).min(NOTIFICATIONS_PER_WRITE))
}

async fn in_time<T>(limit: Duration, work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    timeout(limit, work).await.map_err(|_| io::ErrorKind::TimedOut)?
}

/// A command channel.
struct Commands<'a, S> {
    stream: S,
    reader: &'a mut PacketReader,
    shared: Arc<Shared>,
    session: Session,
}

/// What becomes of a command.
enum Ending {
    Answer(MrpcResponse),
    Drop,
    Hang,
}

/// A command's ending, and the events that wait for it.
struct Ended {
    ending: Ending,
    ticket: Option<Ticket>,
    restart: bool,
}

/// How a command channel goes on.
enum Next {
    Read,
    End,
    Hang,
}

impl<S: ClientStream> Commands<'_, S> {
    async fn run(mut self, mut stop: Stop) -> Result<(), WireError> {
        loop {
            let packet = tokio::select! {
                biased;
                () = stop.requested() => return Ok(()),
                packet = self.next() => packet?,
            };
            match packet {
                Packet::Command(command) => match self.command(command).await? {
                    Next::Read => {}
                    Next::End => return Ok(()),
                    Next::Hang => return self.hang(stop).await,
                },
                Packet::Gas(access) => {
                    let response = Packet::GasResponse(self.gas(access));
                    self.write(&response).await?;
                }
                // CLOSE, and anything a client has no business to send.
                _ => return Ok(()),
            }
        }
    }

    /// The next packet. A client may take as long as it likes to begin with it.
    async fn next(&mut self) -> Result<Packet, WireError> {
        if let Some(packet) = self.reader.begin(&mut self.stream).await? {
            return Ok(packet);
        }
        let rest = timeout(self.shared.limits.packet, self.reader.read(&mut self.stream));
        Box::pin(rest).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
    }

    async fn write(&mut self, packet: &Packet) -> io::Result<()> {
        in_time(self.shared.limits.write, write_packet(&mut self.stream, packet)).await
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
        let (result, data) = match access {
            GasAccess::Read { offset, count } => {
                (code::OK, self.shared.switch().registers.read(offset, count))
            }
            GasAccess::Write { offset, data } => {
                // Not saved by itself: a client arms dozens of events when it connects, and does so again whenever it
                // finds the switch restarted. The next change saves the registers with everything else.
                self.shared.switch().registers.write(offset, &data);
                (code::OK, Vec::new())
            }
        };
        GasResponse { result, data }
    }

    /// Executes a command and answers it.
    ///
    /// Events are raised after the answer has been written (section 7), and also when it cannot be: the work is done.
    async fn command(&mut self, command: MrpcCommand) -> Result<Next, WireError> {
        let Ended { ending, ticket, restart } = self.execute(&command).await;
        let next = match ending {
            Ending::Answer(response) => {
                let written = self.write(&Packet::Response(response)).await;
                self.shared.tell(ticket);
                written.map(|()| Next::Read)
            }
            Ending::Drop | Ending::Hang => {
                self.shared.tell(ticket);
                Ok(if matches!(ending, Ending::Drop) { Next::End } else { Next::Hang })
            }
        };
        if restart {
            // A full queue means that the switch is about to restart anyway.
            let _ = self.shared.restarts().try_send(Restart { bindings: Retention::Rebuild, done: None });
        }
        Ok(next?)
    }

    async fn execute(&mut self, command: &MrpcCommand) -> Ended {
        let wanted_bytes = usize::from(command.wanted_bytes);
        let refuse = |code| Ended::answer(Err(code), wanted_bytes, None);
        let index = self.shared.index;
        if !matches!(command.pax, PaxAddress::Local) && command.pax != PaxAddress::Index(index) {
            return refuse(code::BAD_PARAMETER);
        }
        let request = match Request::parse(command.id, &command.input) {
            Ok(request) => request,
            Err(error) => return refuse(error.code()),
        };
        let kind = CommandKind::of(&request);
        let shared = Arc::clone(&self.shared);
        let (nth, strike) = (shared.count(kind), shared.faults.arrive(kind));
        let delay = shared.delays.of(kind).saturating_add(strike.delay);
        if !delay.is_zero() {
            sleep(delay).await;
        }
        match shared.pass(kind, Phase::Before, nth).await.or(strike.before) {
            Verdict::Proceed => {}
            Verdict::Refuse(code) => return refuse(code),
            Verdict::DropConnection => return Ended::without_answer(Ending::Drop, None),
            Verdict::Hang => return Ended::without_answer(Ending::Hang, None),
        }
        let Executed { answer, ticket } = shared.execute(&mut self.session, &request, wanted_bytes);
        let restart = answer.is_ok() && matches!(request, Request::Reset(_));
        let ended = match shared.pass(kind, Phase::After, nth).await.or(strike.after) {
            Verdict::Proceed => Ended::answer(answer, wanted_bytes, ticket),
            Verdict::Refuse(code) => Ended::answer(Err(code), wanted_bytes, ticket),
            Verdict::DropConnection => Ended::without_answer(Ending::Drop, ticket),
            Verdict::Hang => Ended::without_answer(Ending::Hang, ticket),
        };
        Ended { restart, ..ended }
    }
}

impl Ended {
    /// Pads or cuts the data to exactly the wanted length, for errors too (section 1.5).
    fn answer(answer: Result<Vec<u8>, u32>, wanted_bytes: usize, ticket: Option<Ticket>) -> Self {
        let (result, mut data) = match answer {
            Ok(data) => (code::OK, data),
            Err(code) => (code, Vec::new()),
        };
        data.resize(wanted_bytes, 0);
        Self { ending: Ending::Answer(MrpcResponse { result, data }), ticket, restart: false }
    }

    fn without_answer(ending: Ending, ticket: Option<Ticket>) -> Self {
        Self { ending, ticket, restart: false }
    }
}
