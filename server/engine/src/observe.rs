//! Reading a switch, and having recorded what differs from the picture. Nothing is repaired here.
//!
//! One task for each switch. It reads on hints, when a change has ended, and on a timer; never while a change is on that
//! switch.

use crate::asks::Reading;
use crate::crew::{Bench, Crew};
use patchbay_domain::{Observation, SwitchId, SwitchState};
use patchbay_store::{Names, StoreError};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info};

/// Who the engine is among those who wait for a switch.
const ENGINE: &str = "Patchbay";

/// The task that reads one switch.
pub(crate) struct Observer {
    pub(crate) crew: Crew,
    pub(crate) switch: SwitchId,
    pub(crate) names: Names,
}

/// What the task does next.
enum Next {
    Observe,
    Vitals,
    /// Something hints at a change.
    Hint,
    Stop,
}

/// When the switch is read next.
struct Due {
    observation: Instant,
    /// Not before this, whatever hints at it.
    observation_soonest: Instant,
    /// From when a switch that is away may be tried again.
    retry: Instant,
    vitals: Instant,
    /// Not before this, whatever hints at it.
    vitals_soonest: Instant,
}

impl Observer {
    pub(crate) async fn run(self) {
        let Some(bench) = self.crew.benches.get(&self.switch) else { return };
        let mut hints = bench.driver.hints();
        let now = Instant::now();
        let mut due =
            Due { observation: now, observation_soonest: now, retry: now, vitals: now, vitals_soonest: now };
        loop {
            match next(bench, &self.crew.stopping, &mut hints, &due).await {
                Next::Stop => break,
                Next::Hint => {
                    // Nobody may change anything at one that is shown as away: it is not left at that for long.
                    let soonest = due.observation_soonest;
                    let soonest = if self.is_away() { soonest.min(due.retry) } else { soonest };
                    due.observation = due.observation.min(soonest);
                    due.vitals = due.vitals.min(due.vitals_soonest);
                }
                Next::Observe => self.look(bench, &mut hints, &mut due).await,
                Next::Vitals => {
                    self.read_vitals(bench).await;
                    due.vitals = Instant::now() + self.crew.options.vitals_every;
                    due.vitals_soonest = Instant::now() + self.crew.options.vitals_pause;
                }
            }
        }
        info!(switch = %bench.name, "the switch is no longer looked at");
    }

    async fn look(&self, bench: &Bench, hints: &mut watch::Receiver<u64>, due: &mut Due) {
        hints.mark_unchanged();
        let options = self.crew.options;
        let read = self.observe(bench).await;
        let now = Instant::now();
        due.retry = now + options.retry_every;
        due.observation = if read { now + options.observe_every } else { due.retry };
        due.observation_soonest = now + options.observe_pause;
    }

    /// Reads the switch when it is its turn and has recorded what differs. Whether the switch answered and everything
    /// could be recorded.
    async fn observe(&self, bench: &Bench) -> bool {
        let turn = self.crew.lanes.queue(ENGINE, &[self.switch]).turn().await;
        let read = self.crew.limited(self.switch, "tell what is bound", bench.driver.observe()).await;
        let answered = read.is_ok();
        let recorded = match read {
            Ok(seen) => self.record(bench, seen).await,
            Err(error) => {
                debug!(switch = %bench.name, %error, cause = ?std::error::Error::source(&error), "no answer");
                self.crew.show_away(self.switch, error.to_string()).await
            }
        };
        // Until it is recorded nobody may change what was read.
        drop(turn);
        if let Some(Err(failure)) = &recorded {
            error!(switch = %bench.name, %failure, "what was read could not be recorded");
        }
        answered && matches!(recorded, Some(Ok(())))
    }

    /// Has recorded what differs, and notes what that says about the switch.
    async fn record(&self, bench: &Bench, seen: Observation) -> Option<Result<(), StoreError>> {
        let reading = Reading { switch: self.switch, seen, names: self.names.clone() };
        let recorded = self.crew.asks.note(reading).await;
        let done = matches!(recorded, Some(Ok(())));
        bench.trust.recorded(done);
        if done {
            self.crew.book.look(|now| bench.chart.read(&now.topology, None));
        }
        recorded
    }

    fn state(&self) -> Option<SwitchState> {
        self.crew.book.look(|now| now.topology.switches.get(&self.switch).map(|s| s.state))
    }

    fn is_away(&self) -> bool {
        self.state() == Some(SwitchState::Unreachable)
    }

    /// Reads how the switch is. One that does not answer is not asked: observing finds out when it is back.
    async fn read_vitals(&self, bench: &Bench) {
        if self.state() != Some(SwitchState::Ready) {
            return;
        }
        match self.crew.limited(self.switch, "tell how it is", bench.driver.vitals()).await {
            Ok(vitals) => self.crew.book.set_vitals(self.switch, Some(vitals)),
            Err(error) => debug!(switch = %bench.name, %error, "how the switch is could not be read"),
        }
    }
}

/// Stopping first; then hints, which only make readings due sooner.
async fn next(
    bench: &Bench,
    stopping: &CancellationToken,
    hints: &mut watch::Receiver<u64>,
    due: &Due,
) -> Next {
    tokio::select! {
        biased;
        () = stopping.cancelled() => Next::Stop,
        Ok(()) = hints.changed() => Next::Hint,
        () = bench.look.notified() => Next::Hint,
        () = sleep_until(due.observation) => Next::Observe,
        () = sleep_until(due.vitals) => Next::Vitals,
    }
}
