//! The fault loop: changes of one to eight moves over two switches, spoilt at every command that they send.
//!
//! A command is refused, hangs or loses its connection, before or after the switch has done it; the real driver and two
//! emulated switches speak over TCP. Each time the change is rolled back, switches, board, database and ledger say what
//! they said before, and nothing is open; then the same change is applied and undone. What is changed, and from what, is
//! decided by a seed. `cargo xtask torture faults` does more of them.

#[path = "../simulation/dice.rs"]
mod dice;
mod fault;
mod intents;
mod proof;
mod rig;
mod story;

use fault::Fault;
use intents::Kind;
use std::collections::BTreeSet;

/// A seed whose change is short and on both switches.
const SHORT: u64 = 11;

/// Another one.
const TWICE: u64 = 10;

/// Seeds whose changes have everything that there is, from one to eight moves.
const MIXED: [u64; 4] = [0, 4, 8, 12];

/// Everything that a change can be made of.
const KINDS: [Kind; 8] =
    [Kind::Assign, Kind::Move, Kind::Release, Kind::Swap, Kind::Share, Kind::Stay, Kind::Exact, Kind::Both];

fn told(seed: u64, ways: usize) -> story::Told {
    let told = story::tell(seed, ways).unwrap_or_else(|wrong| panic!("seed {seed}: {wrong}"));
    println!(
        "seed {seed}: {} moves, {} steps, {} commands, spoilt {} times, {} of them twice: {:?}",
        told.moves, told.steps, told.commands, told.spoilt, told.spoilt_again, told.kinds
    );
    assert!(told.commands > told.steps, "each step is a command, and it is read before and after");
    assert_eq!(told.spoilt, told.commands * ways, "every command is spoilt");
    told
}

#[test]
fn a_change_spoilt_at_every_command_in_every_way_is_rolled_back_and_then_works() {
    told(SHORT, Fault::ALL.len());
}

#[test]
fn all_kinds_of_changes_spoilt_at_every_command_are_rolled_back_and_then_work() {
    let told = MIXED.map(|seed| told(seed, 1));
    let kinds: BTreeSet<Kind> = told.iter().flat_map(|told| told.kinds.clone()).collect();
    let missing: Vec<_> = KINDS.iter().filter(|kind| !kinds.contains(kind)).collect();
    assert!(missing.is_empty(), "these seeds have none of {missing:?}");
    let moves: BTreeSet<_> = told.iter().map(|told| told.moves).collect();
    assert!(moves.first() == Some(&1) && moves.last() == Some(&8), "these seeds have {moves:?} moves");
}

#[test]
fn a_seed_ends_the_same_way_every_time() {
    let (once, again) = (told(TWICE, 1), told(TWICE, 1));
    assert_eq!(once.trace, again.trace);
}
