//! What every command must pass: to bytes and back.

use patchbay_switchtec::command::{Command, Request};
use patchbay_switchtec::packet::{MrpcResponse, Packet};

/// A request and one of its answers go to bytes, through packets, and come back the same.
pub fn round_trip<C>(request: C, answer: C::Answer)
where
    C: Command + PartialEq + std::fmt::Debug,
    C::Answer: PartialEq + std::fmt::Debug,
{
    assert_eq!(C::parse_input(&request.input()).unwrap(), request);
    assert!(Request::parse(C::ID, &request.input()).is_ok());
    answer_round_trip(&request, answer);
}

/// An answer goes to bytes, through packets, and comes back the same.
pub fn answer_round_trip<C>(request: &C, answer: C::Answer)
where
    C: Command,
    C::Answer: PartialEq + std::fmt::Debug,
{
    let mut data = C::answer_bytes(&answer);
    data.resize(usize::from(request.wanted_bytes()), 0);
    let packet = Packet::Response(MrpcResponse { result: 0, data });
    let Ok(Packet::Response(response)) = Packet::decode(&packet.encode()) else { panic!("not a response") };
    assert_eq!(request.parse_answer(&response.data).unwrap(), answer);
}
