//! The build tool behind the two commands: `cargo xtask run` and `cargo xtask test`.
//!
//! Each command does all of its own set-up and says what it does and why. What it needs beyond Rust (the WASM
//! target, Chromium, packages from npm) it installs when absent, or says plainly what to install.

mod bench;
mod browser;
mod checks;
mod compress;
mod front;
mod fuzz;
mod process;
mod serve;
mod setup;
mod sizes;
mod steps;
mod style;
mod torture;
mod workspace;

use std::env;
use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::steps::Steps;
use crate::workspace::Workspace;

const HELP: &str = "\
The build tool of Patchbay.

  cargo xtask run [-- ARGS]           build the release server and its front end, then serve the lab board;
                                      ARGS go to `patchbay serve`
  cargo xtask test                    everything: format, clippy, tests, front end, browser tests
  cargo xtask test rust               the part of it that needs no browser
  cargo xtask test browser [-- ARGS]  the browser tests; ARGS go to Playwright
  cargo xtask build                   the release server with its front end inside: one file to copy
  cargo xtask wasm                    only the front end
  cargo xtask sizes                   what a browser loads for the first page, compressed
  cargo xtask bench softswitch        what the emulated switch costs: latency, discovery, memory
  cargo xtask bench engine [--rows A,B] [--rounds N] [--entries N | --long] [--program PATH]
                                      what the engine costs over HTTP: changes, plans, starts, growth
  cargo xtask torture kill [--kills N] [--seed S]
                                      kill -9 at every command and at random instants, and what is left
  cargo xtask torture faults [--seeds N | --seed S]
                                      changes over two switches, spoilt at every command; one seed prints its story
  cargo xtask bench store [ENTRIES]   what a durable change costs, on ledgers that have grown so far too
  cargo xtask torture sim [--seeds N | --seed S]
                                      the engine in a simulated world that a seed decides; one seed prints its story
  cargo xtask fuzz [--seconds N] [TARGET]
                                      random bytes for the packet codec and the emulated switch
  cargo xtask help                    this text
";

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    match dispatch(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nxtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(words: &[String]) -> Result<()> {
    let split = words.iter().position(|word| word == "--").unwrap_or(words.len());
    let (own, passed) = (&words[..split], words.get(split + 1..).unwrap_or_default());
    let own: Vec<&str> = own.iter().map(String::as_str).collect();
    let workspace = Workspace::find()?;
    let mut steps = Steps::begin();
    match own.as_slice() {
        ["run", rest @ ..] => {
            let passed: Vec<&str> = rest.iter().copied().chain(passed.iter().map(String::as_str)).collect();
            serve::run(&workspace, &mut steps, &passed)
        }
        ["test"] => checks::everything(&workspace, &mut steps),
        ["test", "rust"] => checks::rust(&workspace, &mut steps),
        ["test", "browser"] => checks::browser(&workspace, &mut steps, passed),
        ["build"] => serve::build(&workspace, &mut steps),
        ["wasm"] => front::build(&workspace, &mut steps).and_then(|()| sizes::print(&workspace)),
        ["bench", "softswitch"] => bench::softswitch(&workspace, &mut steps),
        ["bench", "engine", rest @ ..] => bench::engine(&workspace, &mut steps, rest),
        ["torture", "kill", rest @ ..] => torture::kill(&workspace, &mut steps, rest),
        ["torture", "sim", rest @ ..] => torture::sim(&workspace, &mut steps, rest),
        ["torture", "faults", rest @ ..] => torture::faults(&workspace, &mut steps, rest),
        ["bench", "store", sizes @ ..] => bench::store(&workspace, &mut steps, sizes),
        ["fuzz", rest @ ..] => fuzz::fuzz(&workspace, &mut steps, rest),
        ["sizes"] => sizes::print(&workspace),
        [] | ["help" | "--help" | "-h"] => {
            print!("{HELP}");
            Ok(())
        }
        unknown => bail!("there is no command `{}`\n\n{HELP}", unknown.join(" ")),
    }
}
