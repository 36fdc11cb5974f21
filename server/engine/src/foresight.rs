//! Reading a change's logical ports while it is made durable.
//!
//! Making a change durable and reading what its logical ports hold take about as long, and neither needs the other. So when
//! nobody uses its switches or waits for them, a change gets its turn as soon as it is planned, and is read while it is being
//! written. Nothing is sent before it is durable. That is as good as reading afterwards: no two open changes share a function
//! or a logical port, and what somebody else does between the reading and the first step goes unseen either way.

use crate::crew::Crew;
use crate::execute::read_ports;
use crate::lanes::Queued;
use patchbay_domain::{ChangeId, Held, Plan};
use patchbay_driver::DriverError;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// How long ago a reading may have ended when its change begins: as long as for a company of which the first was carried out
/// since. Writing takes longer than that only on a disk in trouble.
const AGE_MAX: Duration = Duration::from_millis(50);

/// What is being read, of changes that are being written.
#[derive(Default)]
pub(crate) struct Foresight(Mutex<BTreeMap<ChangeId, (Queued, Foreseen)>>);

/// What the logical ports of a change hold.
pub(crate) struct Foreseen(JoinHandle<(Result<Held, DriverError>, Instant)>);

impl Foresight {
    fn all(&self) -> MutexGuard<'_, BTreeMap<ChangeId, (Queued, Foreseen)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes out what was begun for a change that is durable now.
    pub(crate) fn take(&self, change: ChangeId) -> Option<(Queued, Foreseen)> {
        self.all().remove(&change)
    }

    /// Lets go of everything that was begun for changes that could not be written.
    pub(crate) fn clear(&self) {
        let all = std::mem::take(&mut *self.all());
        // Outside of the lock: their turns go to whoever waits.
        drop(all);
    }
}

impl Crew {
    /// Gives a change that is about to be written its turn, and begins to read its logical ports, if its switches are free
    /// and nothing that was read of them is in doubt.
    pub(crate) fn foresee(&self, change: ChangeId, person: &str, plan: &Arc<Plan>) {
        if plan.steps.is_empty() || plan.switches.iter().any(|switch| self.is_in_doubt(*switch)) {
            return;
        }
        let Some(queued) = self.lanes.at_once(change, person, &plan.switches) else { return };
        let (crew, plan) = (self.clone(), Arc::clone(plan));
        let reading = async move { (read_ports(&crew, &plan.steps).await, Instant::now()) };
        self.foresight.all().insert(change, (queued, Foreseen(self.tasks.spawn(reading))));
    }
}

impl Foreseen {
    /// What was read, or why that failed; none when what was read is too old, or in doubt since.
    pub(crate) async fn held(self, crew: &Crew, plan: &Plan) -> Option<Result<Held, String>> {
        let (held, ended) = match self.0.await.ok()? {
            (Ok(held), ended) => (held, ended),
            (Err(error), _) => return Some(Err(error.to_string())),
        };
        let good = ended.elapsed() <= AGE_MAX && !plan.switches.iter().any(|s| crew.is_in_doubt(*s));
        good.then_some(Ok(held))
    }
}
