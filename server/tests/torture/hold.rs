//! A gate that holds one command of a switch for as long as it is told to.

use patchbay_softswitch::{CommandEvent, Gate, Passing, Phase, Verdict};
use std::sync::{Mutex, PoisonError};
use tokio::sync::watch;

/// Which command is held: the n-th that comes after arming, of whatever kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Counted from 1.
    pub nth: u64,
    /// Before its work, or between its work and its answer.
    pub phase: Phase,
}

/// How far the armed command is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    /// It has not come.
    Awaited,
    /// It has come and is held.
    Held,
    /// It may go on like this.
    Released(Verdict),
    /// Its work is done, or never will be.
    Over,
}

/// Holds a command.
pub struct Hold {
    armed: Mutex<Option<Armed>>,
    progress: watch::Sender<Progress>,
}

#[derive(Clone, Copy)]
struct Armed {
    moment: Moment,
    arrived: u64,
}

impl Hold {
    /// Holds nothing yet.
    pub fn new() -> Self {
        Self { armed: Mutex::new(None), progress: watch::Sender::new(Progress::Awaited) }
    }

    /// Holds this command from now on.
    pub fn arm(&self, moment: Moment) {
        self.progress.send_replace(Progress::Awaited);
        *self.armed() = Some(Armed { moment, arrived: 0 });
    }

    /// Holds no command that has not come yet.
    pub fn disarm(&self) {
        *self.armed() = None;
    }

    /// Returns when the command is held.
    pub async fn held(&self) {
        self.reached(|progress| *progress == Progress::Held).await;
    }

    /// Lets the held command go on like this, and returns when its work is done or dropped.
    pub async fn let_go(&self, verdict: Verdict) {
        self.progress.send_replace(Progress::Released(verdict));
        self.reached(|progress| *progress == Progress::Over).await;
    }

    async fn reached(&self, wanted: impl FnMut(&Progress) -> bool) {
        // The sender lives as long as the gate, so waiting cannot fail.
        let _ = self.progress.subscribe().wait_for(wanted).await;
    }

    fn armed(&self) -> std::sync::MutexGuard<'_, Option<Armed>> {
        self.armed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this is the command, counting it when it arrives.
    fn is_meant(&self, event: CommandEvent) -> bool {
        let mut armed = self.armed();
        let Some(Armed { moment, arrived }) = armed.as_mut() else { return false };
        // Commands of one connection come one at a time, so the last that arrived is the one that is done next.
        *arrived += u64::from(event.phase == Phase::Before);
        let meant = *arrived == moment.nth && event.phase == moment.phase;
        if meant {
            *armed = None;
        }
        meant
    }

    async fn pass_slowly(&self, phase: Phase) -> Verdict {
        self.progress.send_replace(Progress::Held);
        let mut watched = self.progress.subscribe();
        let released = watched.wait_for(|progress| matches!(progress, Progress::Released(_))).await;
        let verdict = match released.map(|progress| *progress) {
            Ok(Progress::Released(verdict)) => verdict,
            _ => Verdict::Hang,
        };
        if phase == Phase::After || verdict != Verdict::Proceed {
            self.progress.send_replace(Progress::Over);
        }
        verdict
    }

    /// What was held before its work comes by when that is done.
    fn is_over(&self) {
        self.progress.send_if_modified(|progress| {
            let released = matches!(progress, Progress::Released(_));
            if released {
                *progress = Progress::Over;
            }
            released
        });
    }
}

impl Gate for Hold {
    fn pass(&self, event: CommandEvent) -> Passing<'_> {
        if self.is_meant(event) {
            return Box::pin(self.pass_slowly(event.phase));
        }
        if event.phase == Phase::After {
            self.is_over();
        }
        Box::pin(std::future::ready(Verdict::Proceed))
    }
}
