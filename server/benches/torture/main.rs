//! The long run of what `server/tests/torture.rs` does a little of: as many kills as are asked for.
//!
//! `cargo xtask torture kill` runs it. It is no measure, but Cargo gives only tests and benches the program's path, and
//! only benches a command line of their own.

#[path = "../../tests/checks/mod.rs"]
mod checks;
#[path = "../../tests/rig/mod.rs"]
mod rig;
#[path = "../../tests/torture/mod.rs"]
mod torture;

use anyhow::{Context, Result, bail};
use rig::Program;
use rig::machine::Moment;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};
use torture::{boundaries, kills};

/// Kills unless asked otherwise.
const KILLS: usize = 2_000;
/// Moves of the change that is killed at every command.
const MOVES: usize = 8;

/// What is asked for.
struct Wish {
    kills: usize,
    seed: u64,
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    // Cargo passes `--bench`; without it, somebody runs all targets as tests.
    if !words.iter().any(|word| word == "--bench") {
        return ExitCode::SUCCESS;
    }
    match Wish::parse(words.iter().map(String::as_str)).and_then(|wish| run(&wish)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("torture: {error:#}");
            ExitCode::FAILURE
        }
    }
}

impl Wish {
    /// Reads `kill [--kills N] [--seed S]`.
    fn parse<'a>(mut words: impl Iterator<Item = &'a str>) -> Result<Self> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
        let mut wish = Self { kills: KILLS, seed: now.as_secs() };
        while let Some(word) = words.next() {
            let mut number = || {
                let word = words.next().with_context(|| format!("name a number after {word}"))?;
                word.parse::<u64>().with_context(|| format!("`{word}` is no number"))
            };
            match word {
                "--bench" | "kill" => {}
                "--kills" => wish.kills = usize::try_from(number()?)?,
                "--seed" => wish.seed = number()?,
                other => bail!("`{other}` is not understood; there is `kill [--kills N] [--seed S]`"),
            }
        }
        Ok(wish)
    }
}

fn run(wish: &Wish) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let moment = Moment::now();
    println!("At every command of a change of {MOVES} moves:");
    let boundaries = boundaries::Wish { moves: MOVES, every: 1 };
    println!("{}", runtime.block_on(boundaries::run(Program::built(), boundaries))?);
    println!("At {} random instants, seed {}:", wish.kills, wish.seed);
    let kills = kills::Wish { kills: wish.kills, seed: wish.seed, place: 0 };
    println!("{}", runtime.block_on(kills::run(Program::built(), kills))?);
    println!("Every promise was kept ({}).", moment.until_now());
    Ok(())
}
