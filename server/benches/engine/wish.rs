//! What is asked for on the command line.

use crate::rig::Program;
use crate::rows::Row;
use anyhow::{Context, Result, bail};

/// Rounds unless asked otherwise.
const ROUNDS: usize = 3;
/// Entries of the ledger that a start is measured with, and the last but one that the cost of a change is.
const ENTRIES: u64 = 1_000_000;
/// The last one with `--long`.
const ENTRIES_LONG: u64 = 10_000_000;

/// What is asked for.
pub struct Wish {
    /// The rows, in their order.
    pub rows: Vec<Row>,
    /// How often each is taken.
    pub rounds: usize,
    /// The program that is measured.
    pub program: Program,
    /// How long the longest ledger is.
    pub entries: u64,
}

impl Wish {
    /// Reads `[--rows A,B] [--rounds N] [--entries N | --long] [--program PATH]`.
    ///
    /// # Errors
    /// A word that is none of these.
    pub fn parse<'a>(mut words: impl Iterator<Item = &'a str>) -> Result<Self> {
        let mut wish =
            Self { rows: Row::ALL.to_vec(), rounds: ROUNDS, program: Program::built(), entries: ENTRIES };
        while let Some(word) = words.next() {
            let mut value = || words.next().with_context(|| format!("name a value after {word}"));
            match word {
                "--bench" => {}
                "--rows" => wish.rows = value()?.split(',').map(Row::parse).collect::<Result<_>>()?,
                "--rounds" => wish.rounds = number(value()?)?,
                "--entries" => wish.entries = number(value()?)?,
                "--long" => wish.entries = ENTRIES_LONG,
                "--program" => wish.program = Program::at(value()?),
                other => bail!(
                    "`{other}` is not understood; there are --rows, --rounds, --entries, --long and --program"
                ),
            }
        }
        Ok(wish)
    }
}

fn number<T: std::str::FromStr>(word: &str) -> Result<T> {
    word.parse().ok().with_context(|| format!("`{word}` is no number"))
}
