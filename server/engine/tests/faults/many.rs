//! Spoils as many changes as one likes, or the one of a seed: `--seeds N`, `--seed S`.

#[path = "../simulation/dice.rs"]
mod dice;
mod fault;
mod intents;
mod proof;
mod rig;
#[path = "../common/seeds.rs"]
mod seeds;
mod story;

use seeds::Run;
use std::process::ExitCode;
use std::sync::Mutex;

const CHANGES: Run = Run { what: "changes to spoil", usual: 200, tell_every: 50 };

/// Every command is spoilt in every way.
const WAYS: usize = fault::Fault::ALL.len();

/// Every so manieth seed is told twice, and must end the same way.
const TWICE_EVERY: u64 = 10;

/// What was done in all seeds.
#[derive(Default)]
struct Sum {
    commands: usize,
    spoilt: usize,
    spoilt_again: usize,
}

fn main() -> ExitCode {
    CHANGES.by_words(many, one)
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
    let sum = Mutex::new(Sum::default());
    let done = CHANGES.each(seeds, |seed| {
        let told = tell(seed)?;
        let mut sum = sum.lock().expect("not poisoned");
        sum.commands += told.commands;
        sum.spoilt += told.spoilt;
        sum.spoilt_again += told.spoilt_again;
        Ok(())
    });
    let Sum { commands, spoilt, spoilt_again } = sum.into_inner().expect("not poisoned");
    println!(
        "{seeds} changes of {commands} commands, spoilt {spoilt} times, {spoilt_again} of them once more while taken \
         back, in {}; {} went wrong",
        done.took, done.bad
    );
    done.exit()
}
