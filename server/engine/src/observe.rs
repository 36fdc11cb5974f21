//! Reading a switch, and recording what differs from the picture. Nothing is repaired here.

use crate::worker::Worker;
use patchbay_domain::reconcile::{Reconciliation, reconcile};
use patchbay_domain::{Event, Observation, SwitchState};
use patchbay_driver::DriverError;
use patchbay_store::StoreError;
use tracing::{debug, info, warn};

impl Worker {
    /// Reads the switch, recovers open changes the first time it answers, and records differences. Returns whether
    /// the switch answered and everything could be recorded.
    pub(crate) async fn observe(&self, recovered: &mut bool) -> bool {
        let read = self.driver.observe().await;
        let recorded = match read {
            Ok(seen) => self.reached(&seen, recovered).await,
            Err(error) => self.lost(&error).await.map(|()| false),
        };
        recorded.unwrap_or_else(|failure| {
            self.log_store(&failure);
            false
        })
    }

    /// The first time the switch answers, open changes are closed. That may move functions, so then only a reading made
    /// afterwards may be compared with the picture.
    async fn reached(&self, seen: &Observation, recovered: &mut bool) -> Result<bool, StoreError> {
        if !std::mem::replace(recovered, true) && self.recover(seen).await {
            return match self.driver.observe().await {
                Ok(fresh) => self.note(&fresh).await.map(|()| true),
                Err(error) => self.lost(&error).await.map(|()| false),
            };
        }
        self.note(seen).await.map(|()| true)
    }

    /// Records what a reading shows that the picture does not, and that the switch answers.
    async fn note(&self, seen: &Observation) -> Result<(), StoreError> {
        let pen = self.book.pen().await;
        let found = reconcile(&pen.snapshot().topology, self.switch, seen);
        match self.state() {
            Some(SwitchState::Unreachable) => {
                info!(switch = %self.name, "the switch answers again");
                pen.record(Event::SwitchReached { switch: self.switch }).await?;
            }
            Some(SwitchState::Connecting) => info!(switch = %self.name, "the switch was read"),
            Some(SwitchState::Ready) | None => {}
        }
        let Reconciliation { structure, links, differences } = found;
        if structure {
            pen.discovered(self.switch, seen, &self.names).await?;
        }
        if !links.is_empty() {
            pen.record(Event::LinksChanged { switch: self.switch, links }).await?;
        }
        if !differences.is_empty() {
            warn!(switch = %self.name, count = differences.len(), "the switch was changed by somebody else");
            pen.record(Event::BindingsFound { switch: self.switch, differences }).await?;
        }
        pen.set_switch_state(self.switch, SwitchState::Ready);
        Ok(())
    }

    /// Reads how the switch is. One that does not answer is not asked: observing finds out when it is back.
    pub(crate) async fn read_vitals(&self) {
        if self.state() != Some(SwitchState::Ready) {
            return;
        }
        match self.driver.vitals().await {
            Ok(vitals) => self.book.set_vitals(self.switch, Some(vitals)),
            Err(error) => debug!(switch = %self.name, %error, "how the switch is could not be read"),
        }
    }

    /// Records once that a switch does not answer.
    async fn lost(&self, error: &DriverError) -> Result<(), StoreError> {
        self.book.set_vitals(self.switch, None);
        let pen = self.book.pen().await;
        if self.state() == Some(SwitchState::Unreachable) {
            return Ok(());
        }
        warn!(switch = %self.name, %error, cause = ?std::error::Error::source(error), "the switch does not answer");
        pen.record(Event::SwitchLost { switch: self.switch, why: error.to_string() }).await
    }
}
