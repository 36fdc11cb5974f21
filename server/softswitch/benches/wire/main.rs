//! What the emulated switch costs over TCP loopback, with the real client and the server in a process of its own:
//! the latency of bind and unbind on one connection, the same with reading a host back for one client and for many,
//! the time to read the large rack whole, and the memory of idle clients.
//!
//! `cargo xtask bench softswitch` runs it. The measures take turns, so that a busy moment of the machine meets all of
//! them, and the median of the rounds counts.

mod child;
mod measures;
mod steps;
mod table;

use std::error::Error;
use std::process::ExitCode;

use child::Child;
use measures::Figures;
use table::{Aim, Row, print};

/// How often each measure is taken.
const ROUNDS: usize = 5;
/// File descriptors for a thousand clients of two connections, and some for everything else.
const OPEN_FILES: u64 = 4096;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let ran = match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["serve", rack] => child::serve(rack),
        // Cargo passes `--bench`; without it, somebody runs all targets as tests.
        words if words.contains(&"--bench") => measure(),
        _ => Ok(()),
    };
    match ran {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure() -> Result<(), Box<dyn Error>> {
    let allowed = rlimit::increase_nofile_limit(OPEN_FILES)?;
    if allowed < OPEN_FILES {
        return Err(
            format!("{OPEN_FILES} open files are needed, {allowed} are allowed: raise `ulimit -Hn`").into()
        );
    }
    println!("Load average before: {}", load_average()?);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let rounds = runtime.block_on(all_rounds())?;
    println!("Load average after:  {}", load_average()?);
    let row = |name, aim, of: fn(&Figures) -> f64| Row { name, aim, values: rounds.iter().map(of).collect() };
    print(&[
        row("bind and unbind, p50, µs", Aim::AtMost(100.0), |figures| figures.changes.p50_us),
        row("bind and unbind, p99, µs", Aim::None, |figures| figures.changes.p99_us),
        row("bind and unbind, a second", Aim::AtLeast(10_000.0), |figures| figures.changes.per_second),
        row("bind, unbind, read a host, p50, µs", Aim::None, |figures| figures.alone.p50_us),
        row("requests of one such client a second", Aim::None, |figures| figures.alone.per_second),
        row("processor time of both ends each, µs", Aim::None, |figures| figures.alone.cpu_us),
        row("16 switches x 4 such clients, p50, µs", Aim::None, |figures| figures.crowd.p50_us),
        row("requests of all of them a second", Aim::None, |figures| figures.crowd.per_second),
        row("processor time of both ends each, µs", Aim::None, |figures| figures.crowd.cpu_us),
        row("discovery, 64 hosts, 2,048 functions, ms", Aim::AtMost(20.0), |figures| figures.discovery_ms),
        row("1,000 idle clients, MiB", Aim::AtMost(20.0), |figures| figures.idle_mib),
    ]);
    Ok(())
}

async fn all_rounds() -> Result<Vec<Figures>, Box<dyn Error>> {
    let server = Child::start("large")?;
    let many = Child::start(steps::MANY_NAME)?;
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let changes = measures::changes(&server).await?;
        let alone = steps::alone(&server).await?;
        let crowd = steps::crowd(&many).await?;
        let discovery_ms = measures::discovery(&server).await?;
        let idle_mib = measures::idle().await?;
        rounds.push(Figures { changes, alone, crowd, discovery_ms, idle_mib });
    }
    Ok(rounds)
}

fn load_average() -> std::io::Result<String> {
    let text = std::fs::read_to_string("/proc/loadavg")?;
    Ok(text.split_whitespace().take(3).collect::<Vec<_>>().join(" "))
}
