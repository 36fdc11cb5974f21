//! The rows of the table.

use crate::load::{self, Tally};
use crate::rig::figures::percentile;
use crate::site::{Racks, Site};
use crate::table::{Aim, Figure};
use crate::wish::Wish;
use crate::{floor, growth, plans, start};
use anyhow::{Context, Result};
use patchbay_softswitch::Shape;
use std::fmt;
use std::time::Duration;

/// How long load is measured in a round, after it has warmed up.
const MEASURED: Duration = Duration::from_secs(4);
/// Clients of the crowd, and their switches.
const CROWD: usize = 64;
const CROWD_SWITCHES: usize = 16;
/// The racks of the crowd.
pub const CROWD_SHAPE: Shape = Shape {
    hosts: 4 * CROWD_SWITCHES,
    adapters: 2 * CROWD_SWITCHES,
    functions: 1024,
    seed: 1,
    switches: Some(CROWD_SWITCHES),
};

/// One row or a few that are measured together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Row {
    /// The least that one move can take.
    Floor,
    /// One client, one move.
    One,
    /// 64 clients on 16 switches.
    Crowd,
    /// One plan of 512 moves, carried out.
    Plan,
    /// One plan of 512 moves, only planned.
    Dry,
    /// Start and recover.
    Start,
    /// One move as functions grow.
    Functions,
    /// One move as switches grow.
    Switches,
    /// One move as the ledger grows.
    Ledger,
}

impl Row {
    /// All of them, in the order in which they take turns.
    pub const ALL: [Self; 9] = [
        Self::Floor,
        Self::One,
        Self::Crowd,
        Self::Plan,
        Self::Dry,
        Self::Functions,
        Self::Switches,
        Self::Ledger,
        Self::Start,
    ];

    const fn word(self) -> &'static str {
        match self {
            Self::Floor => "floor",
            Self::One => "one",
            Self::Crowd => "crowd",
            Self::Plan => "plan",
            Self::Dry => "dry",
            Self::Start => "start",
            Self::Functions => "functions",
            Self::Switches => "switches",
            Self::Ledger => "ledger",
        }
    }

    /// The row with this name.
    ///
    /// # Errors
    /// A word that is none.
    pub fn parse(word: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|row| row.word() == word).with_context(|| {
            format!("there is no row `{word}`; there are {}", Self::ALL.map(Self::word).join(", "))
        })
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Measures a row once.
///
/// # Errors
/// When something does not work; a figure that misses its aim is none.
pub async fn measure(row: Row, wish: &Wish) -> Result<Vec<Figure>> {
    match row {
        Row::Floor => floor::measure(wish).await,
        Row::One => one(wish).await,
        Row::Crowd => crowd(wish).await,
        Row::Plan => plans::carried_out(wish).await,
        Row::Dry => plans::only_planned(wish).await,
        Row::Start => start::measure(wish).await,
        Row::Functions => growth::functions(wish).await,
        Row::Switches => growth::switches(wish).await,
        Row::Ledger => growth::ledger(wish).await,
    }
}

async fn one(wish: &Wish) -> Result<Vec<Figure>> {
    let site = Site::open(&wish.program, &Racks::new(&[floor::SHAPE])?).await?;
    let tally = load::run(&site, 1, MEASURED).await?;
    site.close().await?;
    Ok(vec![
        Figure::new("one client, one move: p50, ms", tally.p50_ms()?, Aim::AtMost(1.0)),
        Figure::new("one client, one move: p99, ms", tally.p99_ms()?, Aim::AtMost(3.0)),
        Figure::new("one client, one move: a second", tally.per_second(), Aim::AtLeast(1000.0)),
    ])
}

async fn crowd(wish: &Wish) -> Result<Vec<Figure>> {
    let site = Site::open(&wish.program, &Racks::new(&[CROWD_SHAPE])?).await?;
    let tally = load::run(&site, CROWD, MEASURED).await?;
    site.close().await?;
    let again = tally.refusals as f64 / tally.took_ms.len().max(1) as f64;
    Ok(vec![
        Figure::new("64 clients, 16 switches: a second", tally.per_second(), Aim::AtLeast(10_000.0)),
        Figure::new("64 clients, 16 switches: p99, ms", tally.p99_ms()?, Aim::AtMost(20.0)),
        Figure::new("64 clients, 16 switches: refusals a change", again, Aim::None),
    ])
}

impl Tally {
    /// The median of what moves took.
    ///
    /// # Errors
    /// When there was none.
    pub fn p50_ms(&self) -> Result<f64> {
        percentile(&self.took_ms, 50).context("no move was made")
    }

    fn p99_ms(&self) -> Result<f64> {
        percentile(&self.took_ms, 99).context("no move was made")
    }

    fn per_second(&self) -> f64 {
        self.took_ms.len() as f64 / self.lasted.as_secs_f64()
    }
}
