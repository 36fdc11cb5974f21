//! Tells as many stories as one likes, or one of them in full: `--seeds N`, `--seed S`.

mod cards;
mod dice;
mod driver;
mod intents;
mod judge;
mod life;
mod outside;
mod people;
mod records;
#[path = "../common/seeds.rs"]
mod seeds;
mod stream;
mod switch;
mod turns;
mod verdict;
mod world;

use seeds::Run;
use std::process::ExitCode;

const STORIES: Run = Run { what: "stories", usual: 100_000, tell_every: 10_000 };

fn main() -> ExitCode {
    STORIES.by_words(many, one)
}

/// One story, line by line.
fn one(seed: u64) -> ExitCode {
    let told = life::live(seed);
    told.trace.iter().for_each(|line| println!("{line}"));
    told.violations.iter().for_each(|wrong| println!("WRONG: {wrong}"));
    if told.violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn many(seeds: u64) -> ExitCode {
    let done = STORIES.each(seeds, |seed| life::live(seed).violations.into_iter().next().map_or(Ok(()), Err));
    println!("{seeds} stories in {}, {} went wrong", done.took, done.bad);
    done.exit()
}
