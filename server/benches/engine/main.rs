//! What the engine costs, asked from outside: the server and the switches in processes of their own, every figure from
//! an HTTP request to its answer after the switch was read back, every commit synced.
//!
//! `cargo xtask bench engine` runs it. The rows take turns, so that a busy moment of the machine meets all of them, and
//! the median of the rounds counts; load and stolen time stand beside each round.

#[path = "../../tests/rig/mod.rs"]
mod rig;

mod floor;
mod growth;
mod history;
mod load;
mod plans;
mod rows;
mod site;
mod start;
mod table;
mod wish;

use anyhow::Result;
use mimalloc::MiMalloc;
use rig::machine::Moment;
use std::process::ExitCode;
use table::Table;
use wish::Wish;

/// As in the server: what is measured in this process must not be slower than there.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Clients' connections, and one for each switch of the largest rack.
const OPEN_FILES: u64 = 4096;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    // Cargo passes `--bench`; without it, somebody runs all targets as tests.
    if !words.iter().any(|word| word == "--bench") {
        return ExitCode::SUCCESS;
    }
    match Wish::parse(words.iter().map(String::as_str)).and_then(|wish| measure(&wish)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn measure(wish: &Wish) -> Result<()> {
    rlimit::increase_nofile_limit(OPEN_FILES)?;
    // One thread, so that the clients take at most one processor from what they measure.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut table = Table::default();
    println!("Program: {}", wish.program.path().display());
    for round in 1..=wish.rounds {
        for row in &wish.rows {
            let moment = Moment::now();
            let figures = runtime.block_on(rows::measure(*row, wish))?;
            let busy = moment.until_now();
            println!("round {round}, {row}: {busy}");
            for figure in figures {
                println!("    {figure}");
                table.add(figure, busy);
            }
        }
    }
    table.print();
    Ok(())
}
