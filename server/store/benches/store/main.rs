//! What a durable write costs: one change at a time, groups of 64, on new databases and on ones that have grown.
//!
//! `cargo xtask bench store` runs it; numbers after `--` are how many entries the grown ledgers have (a million unless
//! given). The measures take turns, so that a busy moment of the machine meets all of them, and the median of the
//! rounds counts.

mod rig;

use rig::{Figures, Rig};
use std::error::Error;
use std::process::ExitCode;

/// How often each measure is taken.
const ROUNDS: usize = 5;
/// Functions of the small rack and of the large one.
const FUNCTIONS: [usize; 2] = [64, 2_048];
/// Entries of a grown ledger, unless the command line says otherwise.
const ENTRIES: u64 = 1_000_000;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    // Cargo passes `--bench`; without it, somebody runs all targets as tests.
    if !words.iter().any(|word| word == "--bench") {
        return ExitCode::SUCCESS;
    }
    let entries: Vec<u64> = words.iter().filter_map(|word| word.parse().ok()).collect();
    match measure(if entries.is_empty() { &[ENTRIES] } else { &entries }) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(grown: &[u64]) -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    println!("Load average before: {}", load_average()?);
    let mut rigs = Vec::new();
    for functions in FUNCTIONS {
        rigs.push((runtime.block_on(Rig::new(functions, 0))?, Vec::new()));
    }
    for &entries in grown {
        rigs.push((runtime.block_on(Rig::new(FUNCTIONS[1], entries))?, Vec::new()));
    }
    for _ in 0..ROUNDS {
        for (rig, rounds) in &mut rigs {
            rounds.push(runtime.block_on(rig.measure())?);
        }
    }
    println!("Load average after:  {}", load_average()?);
    println!(
        "\n{:<34}{}",
        "",
        row(&[
            "open, ms",
            "p99",
            "close, ms",
            "p99",
            "changes/s in groups",
            "load, ms",
            "moment, ms",
            "at the end"
        ])
    );
    for (rig, rounds) in &rigs {
        let of = |figure: fn(&Figures) -> f64| median(rounds.iter().map(figure).collect());
        let cells = [
            format!("{:.3}", of(|f| f.open_ms[0])),
            format!("{:.3}", of(|f| f.open_ms[1])),
            format!("{:.3}", of(|f| f.close_ms[0])),
            format!("{:.3}", of(|f| f.close_ms[1])),
            format!("{:.0}", of(|f| f.changes_per_second)),
            format!("{:.1}", of(|f| f.load_ms)),
            format!("{:.1}", of(|f| f.moment_ms[0])),
            format!("{:.1}", of(|f| f.moment_ms[1])),
        ];
        println!("{:<34}{}", rig.name, row(&cells.each_ref().map(String::as_str)));
    }
    println!(
        "\nAims: one open at most 0.350 ms, at least 20000 changes/s in groups of {}, and both flat.",
        rig::GROUP
    );
    Ok(())
}

fn row(cells: &[&str]) -> String {
    cells.iter().map(|cell| format!("{cell:>21}")).collect()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn load_average() -> std::io::Result<String> {
    let text = std::fs::read_to_string("/proc/loadavg")?;
    Ok(text.split_whitespace().take(3).collect::<Vec<_>>().join(" "))
}
