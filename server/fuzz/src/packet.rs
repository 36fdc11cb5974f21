//! Any bytes as a packet: what decodes must encode, and decode to the same.

use patchbay_switchtec::packet::{MAX_PACKET_BYTES, Packet};

/// The input is the packet.
pub fn run(data: &[u8]) {
    let Ok(packet) = Packet::decode(data) else { return };
    let bytes = packet.encode();
    assert!(bytes.len() <= MAX_PACKET_BYTES, "{} bytes", bytes.len());
    assert_eq!(Packet::decode(&bytes).as_ref(), Ok(&packet));
}
