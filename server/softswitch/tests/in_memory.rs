//! A switch without sockets says what a switch with sockets says, and keeps its state between connections.

mod bench;

use std::sync::Arc;

use bench::{functions, host, logical, start};
use patchbay_softswitch::{InMemory, Options, Rack, SystemClock};
use patchbay_switchtec::PaxAddress;
use patchbay_switchtec::command::binding::Bind;
use patchbay_switchtec::command::identity::{Echo, GetPaxId};
use patchbay_switchtec::command::reset::Reset;
use patchbay_switchtec::command::{Command, database::DumpPax};
use patchbay_switchtec::packet::{Channel, MrpcCommand, Packet};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

fn sent<C: Command>(command: &C) -> Vec<u8> {
    let (input, wanted_bytes) = (command.input(), command.wanted_bytes());
    Packet::Command(MrpcCommand { pax: PaxAddress::Local, id: C::ID, wanted_bytes, input }).encode()
}

fn opened() -> Vec<u8> {
    Packet::open(0, Channel::Command).encode()
}

fn in_memory() -> InMemory {
    InMemory::new(Rack::transcripts().unwrap(), Arc::new(SystemClock::default())).unwrap()
}

#[tokio::test]
async fn the_answers_are_those_of_a_connection_over_tcp() {
    let stream = [opened(), sent(&GetPaxId), sent(&DumpPax), sent(&Echo { stamp: 7 })].concat();
    let conversation = in_memory().converse(&stream).await;
    assert_eq!(conversation.taken_bytes, stream.len());
    let running = start(Options::default()).await;
    let mut tcp = TcpStream::connect(running.addr()).await.unwrap();
    tcp.write_all(&stream).await.unwrap();
    let mut answers = vec![0; conversation.answers.len()];
    tcp.read_exact(&mut answers).await.unwrap();
    assert_eq!(answers, conversation.answers);
}

#[tokio::test]
async fn a_binding_outlives_its_connection_and_not_a_restart() {
    let mut switch = in_memory();
    let bind = Bind::new(host(0), logical(0), &functions(&[0x1001])).unwrap();
    let stream = [opened(), sent(&bind), Packet::Close.encode(), opened()].concat();
    let conversation = switch.converse(&stream).await;
    assert_eq!(conversation.taken_bytes, stream.len() - 16, "the client's CLOSE ends the connection");
    assert_eq!(switch.controls().condition().bindings.len(), 1);
    switch.converse(&[opened(), sent(&Reset)].concat()).await;
    assert_eq!(switch.controls().condition().bindings, []);
}
