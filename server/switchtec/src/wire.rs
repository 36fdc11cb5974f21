//! Whole packets over a byte stream.

use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};

use crate::error::DecodeError;
use crate::packet::{HEADER_BYTES, Header, MAX_PACKET_BYTES, MAX_PAYLOAD_BYTES, Packet};

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

/// Takes packets out of a byte stream, with one read for a packet that comes whole.
///
/// Bytes are read into room that exists only while a read is tried, and kept only as long as they are no whole packet:
/// whoever waits for a packet holds no memory for it. Every call may be cancelled by dropping its future.
#[derive(Debug, Default)]
pub struct PacketReader {
    /// What came and was not taken yet: less than one packet and one read.
    pending: Vec<u8>,
}

impl PacketReader {
    /// Reads one packet, however its bytes are cut into segments.
    ///
    /// # Errors
    /// [`WireError::Closed`] only at a packet boundary; an end in the middle is [`WireError::Io`]. The stream cannot be
    /// used any more after an error.
    pub async fn read<S: AsyncRead + Unpin>(&mut self, stream: &mut S) -> Result<Packet, WireError> {
        loop {
            if let Some(packet) = self.begin(stream).await? {
                return Ok(packet);
            }
        }
    }

    /// As [`Self::read`], but returns `None` when the beginning of a packet has come and the rest has not.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub async fn begin<S: AsyncRead + Unpin>(&mut self, stream: &mut S) -> Result<Option<Packet>, WireError> {
        if let Some(packet) = self.take()? {
            return Ok(Some(packet));
        }
        poll_fn(|context| self.poll_more(Pin::new(&mut *stream), context)).await?;
        self.take()
    }

    /// A packet that has come already.
    ///
    /// # Errors
    /// [`WireError::Decode`].
    pub fn take(&mut self) -> Result<Option<Packet>, WireError> {
        let Some(head) = self.pending.first_chunk::<HEADER_BYTES>() else { return Ok(None) };
        let header = match Header::parse(head) {
            Ok(header) => header,
            Err(error) => {
                self.drop_first(HEADER_BYTES);
                return Err(error.into());
            }
        };
        let whole_bytes = HEADER_BYTES + header.payload_bytes();
        let Some(payload) = self.pending.get(HEADER_BYTES..whole_bytes) else { return Ok(None) };
        let packet = Packet::parse(&header, payload);
        self.drop_first(whole_bytes);
        Ok(Some(packet?))
    }

    /// How many bytes have come that no packet was made of yet.
    pub fn pending_bytes(&self) -> usize {
        self.pending.len()
    }

    fn drop_first(&mut self, count: usize) {
        if self.pending.len() > count {
            self.pending.drain(..count);
        } else {
            self.pending = Vec::new();
        }
    }

    fn poll_more<S: AsyncRead>(
        &mut self,
        stream: Pin<&mut S>,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), WireError>> {
        let mut room = [MaybeUninit::uninit(); MAX_PACKET_BYTES];
        let mut came = ReadBuf::uninit(&mut room);
        ready!(stream.poll_read(context, &mut came))?;
        if !came.filled().is_empty() {
            self.pending.extend_from_slice(came.filled());
            return Poll::Ready(Ok(()));
        }
        Poll::Ready(Err(if std::mem::take(&mut self.pending).is_empty() {
            WireError::Closed
        } else {
            io::Error::from(io::ErrorKind::UnexpectedEof).into()
        }))
    }
}

/// Reads one packet and not a byte more, for the beginning of a connection that somebody else reads on.
///
/// At most [`MAX_PAYLOAD_BYTES`] are buffered. Not cancel-safe: after dropping the future the stream may stand
/// in the middle of a packet and must be closed.
///
/// # Errors
/// As [`PacketReader::read`].
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::{Channel, GasAccess, GasResponse};
    use tokio::io::duplex;

    fn packets() -> Vec<Packet> {
        let read = GasAccess::Read { offset: 0x1820, count: 4 };
        vec![
            Packet::open(0, Channel::Command),
            Packet::Gas(read),
            Packet::GasResponse(GasResponse { result: 0, data: vec![7; 1024] }),
            Packet::Event,
            Packet::Event,
        ]
    }

    #[tokio::test]
    async fn packets_come_out_whole_however_they_are_cut() {
        let bytes: Vec<u8> = packets().iter().flat_map(Packet::encode).collect();
        for cut in [1, 15, 16, 17, 100, 1044, bytes.len()] {
            let (mut near, mut far) = duplex(bytes.len());
            let mut reader = PacketReader::default();
            let mut pieces = bytes.chunks(cut);
            for wanted in packets() {
                // The next piece is sent when what came before is not enough.
                let packet = loop {
                    if let Some(packet) = reader.take().unwrap() {
                        break packet;
                    }
                    if let Some(piece) = pieces.next() {
                        far.write_all(piece).await.unwrap();
                    }
                    if let Some(packet) = reader.begin(&mut near).await.unwrap() {
                        break packet;
                    }
                };
                assert_eq!(packet, wanted, "in pieces of {cut}");
            }
            assert_eq!(reader.pending_bytes(), 0);
            drop(far);
            assert!(matches!(reader.read(&mut near).await, Err(WireError::Closed)));
        }
    }

    #[tokio::test]
    async fn an_end_inside_a_packet_and_nonsense_are_errors() {
        let (mut near, mut far) = duplex(64);
        far.write_all(&Packet::Event.encode()[..10]).await.unwrap();
        drop(far);
        assert!(matches!(PacketReader::default().read(&mut near).await, Err(WireError::Io(_))));

        let (mut near, mut far) = duplex(64);
        far.write_all(&[0xEE; 20]).await.unwrap();
        let mut reader = PacketReader::default();
        assert!(matches!(reader.read(&mut near).await, Err(WireError::Decode(_))));
        assert_eq!(reader.pending_bytes(), 4, "what stands behind a header was not looked at");
    }

    #[tokio::test]
    async fn a_reader_that_is_given_up_keeps_what_has_come() {
        let (mut near, mut far) = duplex(64);
        let (mut reader, bytes) = (PacketReader::default(), Packet::open(0, Channel::Event).encode());
        far.write_all(&bytes[..10]).await.unwrap();
        tokio::select! {
            biased;
            read = reader.read(&mut near) => panic!("only ten bytes have come: {read:?}"),
            () = std::future::ready(()) => {}
        }
        assert_eq!(reader.pending_bytes(), 10);
        far.write_all(&bytes[10..]).await.unwrap();
        assert_eq!(reader.read(&mut near).await.unwrap(), Packet::open(0, Channel::Event));
    }
}
