//! What one move costs as everything around it grows.

use crate::load;
use crate::site::{Racks, Site};
use crate::table::{Aim, Figure};
use crate::wish::Wish;
use crate::{history, rig::places};
use anyhow::Result;
use patchbay_softswitch::Shape;
use std::time::Duration;

/// How long each point is measured in a round.
const MEASURED: Duration = Duration::from_secs(3);
/// Functions of the rack, with the hosts they need.
const FUNCTIONS: [(usize, usize); 4] = [(64, 8), (256, 8), (1024, 36), (2048, 36)];
/// Adapters that hold the functions of each of these racks, so that only the functions differ.
const ADAPTERS: usize = 8;
/// Switches of the rack, and the most in one file.
const SWITCHES: [usize; 4] = [1, 4, 16, 64];
const SWITCHES_A_FILE: usize = 16;
/// Hosts, adapters and functions of each of these switches.
const OF_A_SWITCH: (usize, usize, usize) = (4, 1, 16);
/// The shortest ledger, and how many times shorter than the longest the middle one is.
const FEW_ENTRIES: u64 = 1_000;
const MIDDLE_SHORTER: u64 = 30;

/// From 64 to 2,048 functions on one switch.
///
/// # Errors
/// When a move is not applied.
pub async fn functions(wish: &Wish) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for (functions, hosts) in FUNCTIONS {
        let shape = Shape { hosts, adapters: ADAPTERS, functions, seed: 1, switches: Some(1) };
        let site = Site::open(&wish.program, &Racks::new(&[shape])?).await?;
        figures.push(one_move(site, "functions", functions as f64).await?);
    }
    Ok(figures)
}

/// From one to 64 switches.
///
/// # Errors
/// When a move is not applied.
pub async fn switches(wish: &Wish) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for switches in SWITCHES {
        let in_file = switches.min(SWITCHES_A_FILE);
        let (hosts, adapters, functions) = OF_A_SWITCH;
        let shape = Shape {
            hosts: hosts * in_file,
            adapters: adapters * in_file,
            functions: functions * in_file,
            seed: 1,
            switches: Some(in_file),
        };
        let racks = Racks::new(&vec![shape; switches / in_file])?;
        let site = Site::open(&wish.program, &racks).await?;
        figures.push(one_move(site, "switches", switches as f64).await?);
    }
    Ok(figures)
}

/// From an almost empty ledger to the longest that was asked for.
///
/// # Errors
/// When a move is not applied.
pub async fn ledger(wish: &Wish) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for entries in [FEW_ENTRIES, wish.entries / MIDDLE_SHORTER, wish.entries] {
        let racks = Racks::at(&[history::SHAPE], places::for_ever)?;
        let data = history::folder(&wish.program, &racks, entries).await?;
        let site = Site::with_history(&wish.program, &racks, &data).await?;
        figures.push(one_move(site, "ledger entries", entries as f64).await?);
    }
    Ok(figures)
}

async fn one_move(site: Site, what: &'static str, size: f64) -> Result<Figure> {
    let tally = load::run(&site, 1, MEASURED).await?;
    site.close().await?;
    let name = format!("one move at {size:.0} {what}: p50, ms");
    Ok(Figure::new(name, tally.p50_ms()?, Aim::None).at(what, size))
}
