//! What must be true whenever nothing is on its way, however often anything was killed.

use crate::checks::promises::Unkept;
use crate::checks::{Asked, Heard, Story};
use crate::rig::{Board, Door, switches};
use anyhow::{Context, Result, ensure};
use patchbay_domain::Outcome;
use std::collections::BTreeSet;
use std::net::{SocketAddr, SocketAddrV4};

/// Remembers the ledger and what clients were told.
#[derive(Default)]
pub struct Inspector {
    story: Story,
    asked: Vec<Asked>,
}

/// How the requests so far have ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Answered as applied.
    pub applied: usize,
    /// Answered with another end.
    pub undone: usize,
    /// Not accepted.
    pub refused: usize,
    /// Not answered, and yet applied.
    pub unanswered_applied: usize,
    /// Not answered, and without effect.
    pub unanswered_undone: usize,
}

impl Inspector {
    /// Looks at everything: the ledger's new entries, the promises, the picture, and the switches themselves.
    ///
    /// # Errors
    /// The first thing that cannot be.
    pub async fn inspect(
        &mut self,
        server: SocketAddr,
        addresses: &[SocketAddrV4],
        asked: Vec<Asked>,
    ) -> Result<()> {
        let mut door = Door::open(server).await?;
        for entry in door.ledger(self.story.seq()).await? {
            self.story.read(&entry).with_context(|| format!("at entry {}", entry.seq))?;
        }
        self.story.settled()?;
        for one in asked {
            one.check(&self.story)?;
            self.asked.push(one);
        }
        let board = Board(door.topology().await?);
        self.compare(&board)?;
        for &address in addresses {
            let (said, shown) = (switches::said(address).await?, switches::shown(&board, address)?);
            ensure!(said == shown, "{address} has {said:?}, the board shows {shown:?}");
            let functions: BTreeSet<_> = said.iter().map(|(_, _, pdfid)| pdfid).collect();
            ensure!(functions.len() == said.len(), "a function has two owners: {said:?}");
        }
        Ok(())
    }

    /// The picture is what the ledger's changes made, no more and no less.
    fn compare(&self, board: &Board) -> Result<()> {
        let in_flight = board.in_flight();
        ensure!(in_flight.is_empty(), "changes {in_flight:?} are shown in flight and closed in the ledger");
        let owners = board.owners();
        for (function, shown) in &owners {
            let told = self.story.place(*function);
            let same = shown.map(|spot| (spot.host, spot.logical_port))
                == told.map(|place| (place.host, place.logical_port));
            ensure!(same, "function {function} is shown at {shown:?}, the ledger has it at {told:?}");
        }
        let known = self.story.functions().count();
        ensure!(owners.len() == known, "{} of {known} functions are shown", owners.len());
        Ok(())
    }

    /// Holds every promise ever made against the ledger once more.
    ///
    /// # Errors
    /// The first that is not kept any more.
    pub fn check_all(&self) -> Result<(), Unkept> {
        self.asked.iter().try_for_each(|asked| asked.check(&self.story))
    }

    /// How the requests so far have ended.
    pub fn count(&self) -> Count {
        let mut count = Count::default();
        for asked in &self.asked {
            let closed = self.story.of_reason(&asked.reason).and_then(|(_, told)| told.closed);
            let applied = closed.is_some_and(|(_, outcome)| outcome == Outcome::Applied);
            let place = match asked.heard {
                Heard::Ended { .. } if applied => &mut count.applied,
                Heard::Ended { .. } => &mut count.undone,
                Heard::Refused => &mut count.refused,
                Heard::Nothing if applied => &mut count.unanswered_applied,
                Heard::Nothing => &mut count.unanswered_undone,
            };
            *place += 1;
        }
        count
    }
}
