//! Whole packets over a byte stream.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::error::DecodeError;
use crate::packet::{HEADER_BYTES, Header, MAX_PAYLOAD_BYTES, Packet};

/// Why no packet could be read.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// The other end closed the connection between two packets.
    #[error("the other end closed the connection")]
    Closed,
    /// The connection broke.
    #[error("the connection broke")]
    Io(#[from] io::Error),
    /// The bytes are not a packet; the connection cannot be used any more.
    #[error(transparent)]
    Decode(#[from] DecodeError),
}

/// Reads one packet, however its bytes are cut into segments.
///
/// At most [`MAX_PAYLOAD_BYTES`] are buffered. Not cancel-safe: after dropping the future the stream may stand
/// in the middle of a packet and must be closed.
///
/// # Errors
/// [`WireError::Closed`] only at a packet boundary; an end in the middle is [`WireError::Io`].
pub async fn read_packet<S: AsyncRead + Unpin>(stream: &mut S) -> Result<Packet, WireError> {
    let mut head = [0; HEADER_BYTES];
    if stream.read(&mut head[..1]).await? == 0 {
        return Err(WireError::Closed);
    }
    stream.read_exact(&mut head[1..]).await?;
    let header = Header::parse(&head)?;
    let mut payload = [0; MAX_PAYLOAD_BYTES];
    let payload = &mut payload[..header.payload_bytes()];
    stream.read_exact(payload).await?;
    Ok(Packet::parse(&header, payload)?)
}

/// Hands one packet to the stream in a single write, as the CLI needs it (section 1.9).
///
/// # Errors
/// When the stream cannot be written.
pub async fn write_packet<S: AsyncWrite + Unpin>(stream: &mut S, packet: &Packet) -> io::Result<()> {
    stream.write_all(&packet.encode()).await?;
    stream.flush().await
}
