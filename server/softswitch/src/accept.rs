//! Listening: connections come, are served, and all drop when the switch restarts.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::connection::serve;
use crate::limits::MAX_CONNECTIONS;
use crate::restart::Restart;
use crate::server::Stop;
use crate::shared::Shared;

/// Attempts to bind a fixed port, which an outgoing connection may own for a moment (section 1.1).
const BIND_ATTEMPTS: usize = 5;
const BIND_PAUSE: Duration = Duration::from_millis(200);
/// Pause after a failed accept, for example when the process is out of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Connections the system may hold until they are accepted: a thousand clients may come at once after a restart.
const BACKLOG: u32 = 1024;

/// Listens, waiting a little for a port that something else owns.
pub(crate) async fn bind(listen: SocketAddr) -> io::Result<TcpListener> {
    let mut attempt = 1;
    loop {
        let socket = if listen.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        socket.set_reuseaddr(true)?;
        // Connections inherit it: a client whose machine has gone must not hold its place for ever.
        socket.set_keepalive(true)?;
        match socket.bind(listen).and_then(|()| socket.listen(BACKLOG)) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && attempt < BIND_ATTEMPTS => {
                attempt += 1;
                sleep(BIND_PAUSE).await;
            }
            listening => return listening,
        }
    }
}

/// Accepts and serves connections until the switch stops.
pub(crate) struct Accepting {
    shared: Arc<Shared>,
    stop: Stop,
    address: SocketAddr,
    connections: JoinSet<()>,
}

impl Accepting {
    pub(crate) fn new(shared: Arc<Shared>, stop: Stop, address: SocketAddr) -> Self {
        Self { shared, stop, address, connections: JoinSet::new() }
    }

    pub(crate) async fn run(mut self, mut listener: TcpListener, mut restarts: mpsc::Receiver<Restart>) {
        let mut stop = self.stop.clone();
        loop {
            let restart = tokio::select! {
                biased;
                () = stop.requested() => break,
                Some(restart) = restarts.recv() => restart,
                Some(_) = self.connections.join_next() => continue,
                accepted = listener.accept() => {
                    self.accepted(accepted).await;
                    continue;
                }
            };
            drop(listener);
            let saved = self.power_cycle(&restart).await;
            listener = tokio::select! {
                biased;
                () = stop.requested() => return,
                listener = self.listen_again() => listener,
            };
            if let Some(done) = restart.done {
                // Whoever asked may have gone away.
                let _ = done.send(saved);
            }
        }
        drop(listener);
        tokio::select! {
            biased;
            () = stop.at_once() => {}
            () = async { while self.connections.join_next().await.is_some() {} } => {}
        }
        self.connections.shutdown().await;
    }

    async fn accepted(&mut self, accepted: io::Result<(TcpStream, SocketAddr)>) {
        match accepted {
            Ok((stream, _)) if self.connections.len() < MAX_CONNECTIONS => {
                self.connections.spawn(serve(stream, Arc::clone(&self.shared), self.stop.clone()));
            }
            Ok(_) => {
                tracing::warn!(limit = MAX_CONNECTIONS, "too many connections; the newest is closed");
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }

    /// Ends every connection wherever it stands, and the switch is as after power-up.
    async fn power_cycle(&mut self, restart: &Restart) -> Result<(), u32> {
        self.connections.shutdown().await;
        self.shared.change(|switch| switch.power_up(restart.bindings))
    }

    /// Listens where it listened before, however long it takes to get the port back.
    async fn listen_again(&self) -> TcpListener {
        loop {
            match bind(self.address).await {
                Ok(listener) => return listener,
                Err(error) => {
                    let address = self.address;
                    tracing::error!(%address, %error, "the switch cannot listen after its restart");
                }
            }
            sleep(BIND_PAUSE).await;
        }
    }
}
