//! Tells as many stories as one likes, or one of them in full: `--seeds N`, `--seed S`.

mod dice;
mod driver;
mod intents;
mod judge;
mod life;
mod outside;
mod people;
mod records;
mod stream;
mod switch;
mod turns;
mod verdict;
mod world;

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// How many stories are told when nothing else is asked for.
const SEEDS: u64 = 100_000;

/// After so many bad seeds more would say nothing new.
const BAD_MAX: usize = 20;

/// How often a long run says how far it is, in stories.
const TELL_EVERY: u64 = 10_000;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        [] => many(SEEDS),
        ["--seeds", number] => number.parse().map_or_else(|_| usage(), many),
        ["--seed", seed] => seed.parse().map_or_else(|_| usage(), one),
        _ => usage(),
    }
}

fn usage() -> ExitCode {
    eprintln!("Give --seeds and how many stories to tell, or --seed and the number of one.");
    ExitCode::FAILURE
}

/// One story, line by line.
fn one(seed: u64) -> ExitCode {
    let told = life::live(seed);
    told.trace.iter().for_each(|line| println!("{line}"));
    told.violations.iter().for_each(|wrong| println!("WRONG: {wrong}"));
    if told.violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn many(seeds: u64) -> ExitCode {
    let (began, next, bad) = (Instant::now(), AtomicU64::new(0), Mutex::new(Vec::new()));
    let tell = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds || bad.lock().expect("not poisoned").len() >= BAD_MAX {
                break;
            }
            let told = life::live(seed);
            if let Some(wrong) = told.violations.first() {
                println!("seed {seed}: {wrong}");
                bad.lock().expect("not poisoned").push(seed);
            }
            if (seed + 1) % TELL_EVERY == 0 {
                println!("{} stories, {} s", seed + 1, began.elapsed().as_secs());
            }
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(tell))));
    let bad = bad.into_inner().expect("not poisoned");
    println!(
        "{seeds} stories in {:.1} s on {threads} threads, {} went wrong",
        began.elapsed().as_secs_f64(),
        bad.len()
    );
    if bad.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
