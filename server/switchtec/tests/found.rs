//! What fuzzing has found: inputs that were read as something they are not.

use patchbay_switchtec::command::Request;
use patchbay_switchtec::command::topology::Topology;
use patchbay_switchtec::{CommandId, DecodeError, Generation, InputError};

/// A topology of Gen4 that announces the ports of `bitmap` and lists `ports`.
fn topology(bitmap: u64, ports: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; 48];
    bytes.extend(bitmap.to_le_bytes());
    for port in ports {
        bytes.push(*port);
        bytes.extend([0; 31]);
    }
    bytes
}

#[test]
fn a_topology_lists_each_announced_port_once() {
    let parse = |bitmap, ports: &[u8]| Topology::parse(Generation::Gen4, &topology(bitmap, ports));
    assert!(parse(0b1_0001, &[0, 4]).is_ok());
    for ports in [[0, 0], [4, 0], [0, 5]] {
        assert!(matches!(parse(0b1_0001, &ports), Err(DecodeError::Mismatch { .. })), "{ports:?}");
    }
}

#[test]
fn no_event_counters_from_behind_the_last_one_are_none_that_can_be_set_up() {
    let mut input = vec![0; 571];
    input[2] = 214;
    for sub in [0, 2, 3] {
        input[0] = sub;
        let read = Request::parse(CommandId::PMON, &input);
        assert!(matches!(read, Err(InputError::BadParameter(_))), "{read:?}");
    }
}
