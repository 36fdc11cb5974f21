//! A switch without sockets: the same connections, over bytes in memory.

use std::io;
use std::sync::Arc;

use patchbay_switchtec::wire::PacketReader;
use tokio::io::Join;
use tokio::sync::{mpsc, watch};

use crate::clock::Clock;
use crate::connection::converse;
use crate::control::Controls;
use crate::limits::Limits;
use crate::rack::Rack;
use crate::restart::Restart;
use crate::server::{RESTART_QUEUE, Stop, Stopping, built};
use crate::shared::{Shared, Surroundings};

/// An emulated switch that is talked to in memory, one connection after the other.
///
/// What is read and written is what a connection over TCP would carry, but nothing waits for a network: for fuzzing,
/// and for whoever has recorded bytes and wants the answers.
pub struct InMemory {
    shared: Arc<Shared>,
    restarts: mpsc::Receiver<Restart>,
    stopping: watch::Sender<Stopping>,
}

/// What became of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    /// Everything the switch said.
    pub answers: Vec<u8>,
    /// How many of the client's bytes it took before it ended the connection.
    pub taken_bytes: usize,
}

/// The client's bytes, and the room for the switch's.
type MemoryStream<'a, 'bytes> = Join<&'a mut &'bytes [u8], &'a mut Vec<u8>>;

impl InMemory {
    /// The switch of a rack, just started by `clock`.
    ///
    /// # Errors
    /// A rack that was put together by hand and whose bindings break its rules.
    pub fn new(rack: Rack, clock: Arc<dyn Clock>) -> io::Result<Self> {
        let delays = rack.delays.clone();
        let (restart, restarts) = mpsc::channel(RESTART_QUEUE);
        let around =
            Surroundings { delays, limits: Limits::default(), gate: None, state: None, restarts: restart };
        let shared = Arc::new(Shared::new(built(rack, clock)?, around));
        Ok(Self { shared, restarts, stopping: watch::Sender::new(Stopping::No) })
    }

    /// Gives orders to the switch, and tells how everything is.
    pub fn controls(&self) -> Controls {
        Controls::new(Arc::clone(&self.shared))
    }

    /// Serves one connection whose client sends `bytes`, starting with an OPEN request, and then goes away.
    ///
    /// A restart that the client asks for is done before this returns. Needs a Tokio runtime with time.
    pub async fn converse(&mut self, bytes: &[u8]) -> Conversation {
        let (mut rest, mut answers) = (bytes, Vec::new());
        let stream: MemoryStream<'_, '_> = tokio::io::join(&mut rest, &mut answers);
        let mut reader = PacketReader::default();
        converse(stream, &mut reader, Arc::clone(&self.shared), Stop(self.stopping.subscribe())).await;
        let taken_bytes = bytes.len() - rest.len() - reader.pending_bytes();
        while let Ok(restart) = self.restarts.try_recv() {
            let saved = self.shared.change(|switch| switch.power_up(restart.bindings));
            if let Some(done) = restart.done {
                // Whoever asked may have gone away.
                let _ = done.send(saved);
            }
        }
        Conversation { answers, taken_bytes }
    }
}
