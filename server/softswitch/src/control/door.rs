//! The control door: orders as JSON lines over a Unix socket, one answer line for each.

use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use serde::{Deserialize, Serialize};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};
use tokio_util::codec::{Framed, LinesCodec, LinesCodecError};

use super::{Controls, Done, Order};

/// Longest order, in bytes: a bind of eight functions needs a tenth of it.
pub const MAX_ORDER_BYTES: usize = 4096;
/// Most clients at once: a lab page and some people.
const MAX_CLIENTS: usize = 16;
/// Longest wait for a client to take its answer.
const WRITE_LIMIT: Duration = Duration::from_secs(10);
/// Pause after a failed accept, for example when the process is out of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Only whoever runs the switch may give orders.
const SOCKET_MODE: u32 = 0o600;

/// One answer line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Answer {
    /// The order was carried out.
    Ok(Done),
    /// It was not, and nothing has changed; the sentence says why.
    Error(String),
}

/// Serves orders until it is dropped; its socket file goes with it.
#[derive(Debug)]
pub(crate) struct Door {
    path: PathBuf,
    /// Which file it is: another switch may have replaced it since.
    inode: u64,
    serving: JoinHandle<()>,
}

impl Drop for Door {
    fn drop(&mut self) {
        self.serving.abort();
        let is_own = fs::symlink_metadata(&self.path).is_ok_and(|found| found.ino() == self.inode);
        if is_own && let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!(path = %self.path.display(), %error, "the control socket cannot be removed");
        }
    }
}

impl Door {
    /// Listens at a socket file; one that nobody listens at any more is replaced.
    ///
    /// # Errors
    /// A file that is no socket, a socket somebody listens at, or a folder that cannot be written.
    pub(crate) fn open(path: PathBuf, controls: Controls) -> io::Result<Self> {
        check_free(&path)?;
        // Bound under another name first, so that nobody reaches the socket before it has its mode.
        let mut unready = path.clone().into_os_string();
        unready.push(".new");
        let unready = PathBuf::from(unready);
        match fs::remove_file(&unready) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(&unready)?;
        fs::set_permissions(&unready, fs::Permissions::from_mode(SOCKET_MODE))?;
        fs::rename(&unready, &path)?;
        let inode = fs::symlink_metadata(&path)?.ino();
        let serving = tokio::spawn(accept(listener, controls));
        Ok(Self { path, inode, serving })
    }
}

fn check_free(path: &Path) -> io::Result<()> {
    let found = match fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let shown = path.display();
    if !found.file_type().is_socket() {
        let message = format!("{shown} is no socket; choose another name for the control socket");
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, message));
    }
    match std::os::unix::net::UnixStream::connect(path) {
        Ok(_) => {
            let message = format!("another switch takes orders at {shown}");
            Err(io::Error::new(io::ErrorKind::AddrInUse, message))
        }
        // Whoever listened there has gone without removing it.
        Err(_) => Ok(()),
    }
}

async fn accept(listener: UnixListener, controls: Controls) {
    let mut clients = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            Some(_) = clients.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) if clients.len() < MAX_CLIENTS => {
                    clients.spawn(serve(stream, controls.clone()));
                }
                Ok(_) => tracing::warn!(limit = MAX_CLIENTS, "too many control clients; the newest is closed"),
                Err(error) => {
                    tracing::warn!(%error, "a control client could not be accepted");
                    sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
}

async fn serve(stream: UnixStream, controls: Controls) {
    let mut lines = Framed::new(stream, LinesCodec::new_with_max_length(MAX_ORDER_BYTES));
    while let Some(line) = lines.next().await {
        let answer = match line {
            Ok(line) => answer(&controls, &line).await,
            Err(error) => {
                let Some(sentence) = complaint(&error) else { return };
                // The frame stream pauses once after an error, and goes on behind the line that was wrong.
                let _ = lines.next().await;
                Answer::Error(sentence)
            }
        };
        let Ok(text) = serde_json::to_string(&answer) else { return };
        if !matches!(timeout(WRITE_LIMIT, lines.send(text)).await, Ok(Ok(()))) {
            return;
        }
    }
}

/// What is wrong with a line; `None` when the connection is broken.
fn complaint(error: &LinesCodecError) -> Option<String> {
    match error {
        LinesCodecError::MaxLineLengthExceeded => {
            Some(format!("an order has at most {MAX_ORDER_BYTES} bytes"))
        }
        LinesCodecError::Io(error) if error.kind() == io::ErrorKind::InvalidData => {
            Some("an order is a line of UTF-8".to_owned())
        }
        LinesCodecError::Io(_) => None,
    }
}

async fn answer(controls: &Controls, line: &str) -> Answer {
    match serde_json::from_str::<Order>(line) {
        Err(error) => Answer::Error(format!("this is no order: {error}")),
        Ok(order) => match controls.order(order).await {
            Ok(done) => Answer::Ok(done),
            Err(error) => Answer::Error(error.to_string()),
        },
    }
}
