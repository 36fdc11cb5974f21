//! Spoils as many changes as one likes, or the one of a seed: `--seeds N`, `--seed S`.

#[path = "../simulation/dice.rs"]
mod dice;
mod fault;
mod intents;
mod proof;
mod rig;
mod story;

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// How many seeds are told when nothing else is asked for.
const SEEDS: u64 = 200;

/// Every command is spoilt in every way.
const WAYS: usize = fault::Fault::ALL.len();

/// Every so manieth seed is told twice, and must end the same way.
const TWICE_EVERY: u64 = 10;

/// After so many bad seeds more would say nothing new.
const BAD_MAX: usize = 20;

/// How often a long run says how far it is, in seeds.
const TELL_EVERY: u64 = 50;

/// What was done in all seeds.
#[derive(Default)]
struct Sum {
    commands: usize,
    spoilt: usize,
    spoilt_again: usize,
    bad: Vec<u64>,
}

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
    eprintln!("Give --seeds and how many changes to spoil, or --seed and the number of one.");
    ExitCode::FAILURE
}

/// One seed, line by line.
fn one(seed: u64) -> ExitCode {
    match story::tell(seed, WAYS) {
        Ok(told) => {
            told.trace.iter().for_each(|line| println!("{line}"));
            println!("{:?}: {} moves, {} steps", told.kinds, told.moves, told.steps);
            ExitCode::SUCCESS
        }
        Err(wrong) => {
            println!("WRONG: {wrong}");
            ExitCode::FAILURE
        }
    }
}

/// Tells a seed, now and then twice.
fn tell(seed: u64) -> Result<story::Told, String> {
    let told = story::tell(seed, WAYS)?;
    if seed.is_multiple_of(TWICE_EVERY) && story::tell(seed, WAYS)?.trace != told.trace {
        return Err("it does not end the same way twice".to_owned());
    }
    Ok(told)
}

fn many(seeds: u64) -> ExitCode {
    let (began, next, sum) = (Instant::now(), AtomicU64::new(0), Mutex::new(Sum::default()));
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds || sum.lock().expect("not poisoned").bad.len() >= BAD_MAX {
                break;
            }
            let told = tell(seed);
            let mut sum = sum.lock().expect("not poisoned");
            match told {
                Ok(told) => {
                    sum.commands += told.commands;
                    sum.spoilt += told.spoilt;
                    sum.spoilt_again += told.spoilt_again;
                }
                Err(wrong) => {
                    println!("seed {seed}: {wrong}");
                    sum.bad.push(seed);
                }
            }
            if (seed + 1) % TELL_EVERY == 0 {
                println!("{} seeds, {} s", seed + 1, began.elapsed().as_secs());
            }
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    let Sum { commands, spoilt, spoilt_again, bad } = sum.into_inner().expect("not poisoned");
    println!(
        "{seeds} changes of {commands} commands, spoilt {spoilt} times, {spoilt_again} of them once more while taken \
         back, in {:.1} s on {threads} threads; {} went wrong",
        began.elapsed().as_secs_f64(),
        bad.len()
    );
    if bad.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
