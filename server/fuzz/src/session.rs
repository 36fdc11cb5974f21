//! Everything a client may send over its connections, to a whole emulated switch in memory.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use patchbay_softswitch::{Clock, Condition, Counters, InMemory, MAX_LOGICAL_PORTS, Rack};
use patchbay_switchtec::packet::{HEADER_BYTES, Header, MAX_PACKET_BYTES, Packet};
use tokio::runtime::{Builder, Runtime};

/// Most connections of one input: what one leaves is the next one's.
const MAX_CONNECTIONS: usize = 16;
/// Most events that wait; older ones make room (section 5.8).
const MAX_WAITING_EVENTS: usize = 64;
/// Most functions on one logical port (section 5.4).
const MAX_SLOTS: usize = 8;

/// A clock that stands still, so that the same bytes always do the same.
#[derive(Debug)]
struct Still;

impl Clock for Still {
    fn now(&self) -> Duration {
        Duration::ZERO
    }
}

thread_local! {
    /// Made once: reading a rack takes longer than most conversations.
    static WORLD: RefCell<(Runtime, Rack)> = RefCell::new(world());
}

fn world() -> (Runtime, Rack) {
    let runtime = Builder::new_current_thread().enable_time().build().expect("a runtime without IO");
    let mut rack = Rack::transcripts().expect("the rack is part of the program");
    rack.counters = Counters::True;
    (runtime, rack)
}

/// What the switch says to one client, whose bytes are `data`.
pub fn answers(data: &[u8]) -> Vec<u8> {
    WORLD.with_borrow(|(runtime, rack)| runtime.block_on(started(rack).converse(data)).answers)
}

fn started(rack: &Rack) -> InMemory {
    InMemory::new(rack.clone(), Arc::new(Still)).expect("the rack keeps its rules")
}

/// The input is what one client after the other sends, each starting with an OPEN request.
pub fn run(data: &[u8]) {
    WORLD.with_borrow(|(runtime, rack)| {
        let mut switch = started(rack);
        let mut rest = data;
        for _ in 0..MAX_CONNECTIONS {
            let conversation = runtime.block_on(switch.converse(rest));
            check_answers(&conversation.answers, conversation.taken_bytes);
            check_condition(&switch.controls().condition());
            rest = &rest[conversation.taken_bytes..];
            if rest.is_empty() {
                return;
            }
        }
    });
}

/// The switch answers whole packets of bounded length, and no more of them than it was sent.
fn check_answers(mut answers: &[u8], taken_bytes: usize) {
    let most = taken_bytes / HEADER_BYTES;
    let mut count = 0;
    while !answers.is_empty() {
        let (head, _) = answers.split_first_chunk::<HEADER_BYTES>().expect("a whole header");
        let header = Header::parse(head).expect("a header that makes sense");
        let length = HEADER_BYTES + header.payload_bytes();
        assert!(length <= MAX_PACKET_BYTES && length <= answers.len(), "{length} of {}", answers.len());
        let packet = Packet::decode(&answers[..length]).expect("a packet that makes sense");
        let is_answer = matches!(
            packet,
            Packet::OpenAccept { .. } | Packet::OpenReject | Packet::Response(_) | Packet::GasResponse(_)
        );
        assert!(is_answer, "{} is no answer", packet.name());
        answers = &answers[length..];
        count += 1;
    }
    assert!(count <= most, "{count} answers to {taken_bytes} bytes");
}

/// What holds in every switch, whatever its clients do.
fn check_condition(condition: &Condition) {
    assert!(condition.events.waiting <= MAX_WAITING_EVENTS, "{} events wait", condition.events.waiting);
    let (mut places, mut functions) = (BTreeSet::new(), BTreeSet::new());
    for binding in &condition.bindings {
        let bound = &binding.functions;
        assert!(binding.logical_port < MAX_LOGICAL_PORTS && (1..=MAX_SLOTS).contains(&bound.len()));
        assert!(places.insert((binding.port, binding.logical_port)), "a logical port twice");
        for function in bound {
            assert!(functions.insert(function.0), "{function:?} is bound twice");
        }
    }
}
