//! Patchbay: a manager for I/O virtualization switches.

// A page is one deeply nested type; laying it out takes more than the default 128 steps.
#![recursion_limit = "256"]

use clap::Parser;
use mimalloc::MiMalloc;
use patchbay::config::{Cli, Command};
use std::error::Error;
use std::io::IsTerminal;
use std::process::ExitCode;
use std::thread::available_parallelism;
use tokio::runtime::Builder;
use tracing_subscriber::EnvFilter;

/// A change makes thousands of small things in one thread and lets go of them in another, which the system's own
/// allocator is slow at.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    log(&cli.log);
    let runtime = Builder::new_multi_thread().worker_threads(workers()).enable_all().build();
    let ran = match runtime {
        Ok(runtime) => runtime.block_on(run(cli.command)),
        Err(error) => Err(error.into()),
    };
    match ran {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(error.as_ref());
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> Result<(), Box<dyn Error>> {
    match command {
        Command::Serve(options) => patchbay::serve::run(options).await,
        Command::Softswitch(options) => patchbay::softswitch::run(options).await,
        Command::Verify(options) => patchbay::verify::run(options).await,
    }
}

/// One processor is left to the threads of the engine and of the database: a worker more would only be woken to find
/// nothing to do.
fn workers() -> usize {
    available_parallelism().map_or(1, |all| all.get().saturating_sub(1).max(1))
}

/// Logs go to standard error; standard output is for what a script may want to read.
fn log(filter: &str) {
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|error| {
        eprintln!("patchbay: the log filter {filter:?} cannot be read ({error}); using \"info\"");
        EnvFilter::new("info")
    });
    let colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colours).init();
}

/// The error and its causes, one a line.
fn complain(error: &(dyn Error + 'static)) {
    eprintln!("patchbay: {error}");
    let mut said = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let text = next.to_string();
        if text != said {
            eprintln!("  because: {text}");
        }
        said = text;
        cause = next.source();
    }
}
