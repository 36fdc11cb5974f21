//! The real engine in a simulated world: records, switches, people, faults, crashes and time are decided by a seed.
//!
//! Every seed is a story of a few people at one to three switches that fail, are rebooted and are changed by others,
//! while the engine is killed and started again. A `judge` sees every durable entry and every step. A seed that goes
//! wrong goes wrong in the same way every time.

mod dice;
mod driver;
mod intents;
mod judge;
mod life;
mod outside;
mod people;
mod records;
mod switch;
mod verdict;
mod world;

/// How many stories the test command tells.
const SEEDS: u64 = 500;

#[test]
fn nothing_that_must_not_be_happens_in_five_hundred_stories() {
    for seed in 0..SEEDS {
        let told = life::live(seed);
        assert!(
            told.violations.is_empty(),
            "seed {seed}:\n{}\n\n{}",
            told.trace.join("\n"),
            told.violations.join("\n")
        );
    }
}

#[test]
fn a_seed_tells_the_same_story_every_time() {
    for seed in 0..20 {
        let (once, again) = (life::live(seed), life::live(seed));
        assert!(once.trace.len() > 20, "something happens in seed {seed}");
        assert_eq!(once.trace, again.trace, "seed {seed}");
    }
}
