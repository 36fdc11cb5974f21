//! A quick part of `cargo xtask torture`: kills at random instants and at every command of a swap.

mod checks;
mod rig;
mod torture;

use rig::Program;
use torture::{boundaries, kills};

/// Any seed must do; this one is as good as another, and a failure names it.
const SEED: u64 = 20_261_122;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thirty_kills_under_load_break_no_promise() {
    let wish = kills::Wish { kills: 30, seed: SEED, place: 0 };
    let report = kills::run(Program::built(), wish).await.unwrap_or_else(|error| panic!("{error:#}"));
    println!("{report}");
    assert_eq!(report.kills.iter().sum::<usize>(), 30);
    assert!(report.count.applied > 0, "changes were applied meanwhile: {report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_at_any_command_of_a_swap_leaves_all_or_nothing() {
    let wish = boundaries::Wish { moves: 2, every: 3 };
    let report = boundaries::run(Program::built(), wish).await.unwrap_or_else(|error| panic!("{error:#}"));
    assert_eq!(report.count.refused, 0, "{report:?}");
    assert!(report.kills >= 3, "{report:?}");
}
