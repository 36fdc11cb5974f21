//! Giving orders through the control door of a switch that runs elsewhere.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use tokio::net::UnixStream;
use tokio::time::timeout;
use tokio_util::codec::{Framed, LinesCodec, LinesCodecError};

use super::door::Answer;
use super::{Done, Order};

/// Longest answer read, in bytes: the condition of 52 ports with 256 functions each.
const MAX_ANSWER_BYTES: usize = 1024 * 1024;
/// Longest wait for an answer: a switch that restarts may have to wait for its port.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);

/// Why orders did not reach a switch, or its answers did not come back.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// Nobody listens there.
    #[error("no switch takes orders at {}; start one with a control socket there", path.display())]
    Unreachable {
        /// The socket file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The order may have been carried out.
    #[error("the switch stopped answering in the middle of an order; ask for its status")]
    Broken,
    /// Something else listens there.
    #[error("what listens there does not answer as a switch")]
    NoAnswer(#[source] serde_json::Error),
}

/// Gives orders one after the other and returns what has become of each: the sentence of an order that was refused says
/// why. Later orders are given even so.
///
/// # Errors
/// A switch that cannot be reached or stops answering.
pub async fn send(socket: &Path, orders: &[Order]) -> Result<Vec<Result<Done, String>>, SendError> {
    let stream = UnixStream::connect(socket)
        .await
        .map_err(|source| SendError::Unreachable { path: socket.to_owned(), source })?;
    let mut lines = Framed::new(stream, LinesCodec::new_with_max_length(MAX_ANSWER_BYTES));
    let mut answers = Vec::with_capacity(orders.len());
    for order in orders {
        let text = serde_json::to_string(order).map_err(SendError::NoAnswer)?;
        let line = timeout(ANSWER_LIMIT, ask(&mut lines, text)).await.ok().flatten();
        let line = line.ok_or(SendError::Broken)?;
        answers.push(match serde_json::from_str(&line).map_err(SendError::NoAnswer)? {
            Answer::Ok(done) => Ok(done),
            Answer::Error(sentence) => Err(sentence),
        });
    }
    Ok(answers)
}

async fn ask(lines: &mut Framed<UnixStream, LinesCodec>, text: String) -> Option<String> {
    let sent: Result<(), LinesCodecError> = lines.send(text).await;
    sent.ok()?;
    lines.next().await?.ok()
}
