//! Accepting a change: checked, planned, durable, queued. The switch is not touched here.

use crate::Engine;
use crate::error::SubmitError;
use patchbay_domain::{Actor, ChangeId, Generation, Intent, Plan, Reason, Topology};
use tokio::sync::mpsc;

impl Engine {
    /// Accepts a change. It is durable when this returns, and its switch's task carries it out.
    ///
    /// # Errors
    /// [`SubmitError`]: nothing was recorded then, and nothing will happen.
    pub async fn submit(
        &self,
        actor: &Actor,
        intent: &Intent,
        reason: &Reason,
        seen: Generation,
    ) -> Result<ChangeId, SubmitError> {
        let (engine, actor, intent, reason) = (self.clone(), actor.clone(), intent.clone(), reason.clone());
        // A task of its own: a caller that goes away in the middle must not leave a change that is recorded and never
        // carried out.
        let accepting = tokio::spawn(async move { engine.accept(&actor, &intent, &reason, seen).await });
        accepting.await.unwrap_or(Err(SubmitError::Stopping))
    }

    async fn accept(
        &self,
        actor: &Actor,
        intent: &Intent,
        reason: &Reason,
        seen: Generation,
    ) -> Result<ChangeId, SubmitError> {
        let pen = self.book.pen().await;
        let topology = &pen.snapshot().topology;
        if self.is_stopping() {
            return Err(SubmitError::Stopping);
        }
        if seen != topology.generation {
            return Err(SubmitError::Stale { seen, current: topology.generation });
        }
        let plan = patchbay_domain::plan(topology, intent)?;
        let place_in_queue = self.place_in_queue(topology, &plan)?;
        let id = pen.open_change(actor, intent, &plan, reason, seen).await?;
        place_in_queue.send(id);
        Ok(id)
    }

    /// Reserved before the change is recorded, so that an accepted change always has its place.
    fn place_in_queue(
        &self,
        topology: &Topology,
        plan: &Plan,
    ) -> Result<mpsc::Permit<'_, ChangeId>, SubmitError> {
        let queue = self.queues.get(&plan.switch).ok_or(SubmitError::Stopping)?;
        queue.try_reserve().map_err(|error| match error {
            mpsc::error::TrySendError::Full(()) => SubmitError::QueueFull {
                switch_name: topology.switches.get(&plan.switch).map(|s| s.name.clone()).unwrap_or_default(),
                waiting: queue.max_capacity(),
            },
            mpsc::error::TrySendError::Closed(()) => SubmitError::Stopping,
        })
    }
}
