//! Orders: everything a lab can do to a rack and its switch while they run, and how everything is.

mod carry;
mod check;
mod condition;
mod door;
mod error;
mod order;
mod script;
mod send;

pub use condition::{
    BindingCondition, Causes, Condition, Configured, EventsCondition, LinkCondition, LinkLanes,
    PortCondition, Role, WaitingFault,
};
pub(crate) use door::Door;
pub use door::MAX_ORDER_BYTES;
pub use error::OrderError;
pub use order::{FunctionName, NotAPdfid, Order, PortName, Severity};

pub(crate) use script::Script;
pub use script::Timed;
pub use send::{SendError, send};

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use crate::fault::{Effect, FaultId};
use crate::kind::CommandKind;
use crate::restart::{Restart, Retention};
use crate::shared::Shared;

/// What has become of an order that was carried out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Done {
    /// The sentence says what has changed.
    Changed(String),
    /// The fault waits for its command; see [`Order::CancelFault`].
    Waiting(FaultId),
    /// How everything is.
    Condition(Box<Condition>),
}

/// Gives orders to a running softswitch; clones give orders to the same one.
#[derive(Clone)]
pub struct Controls {
    shared: Arc<Shared>,
}

impl Controls {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// How everything is.
    pub fn condition(&self) -> Condition {
        Condition::of(&self.shared)
    }

    /// Carries out an order. Returns when its events have been raised; a reboot, when the switch listens again.
    ///
    /// # Errors
    /// An order that cannot be carried out; nothing has changed then.
    pub async fn order(&self, order: Order) -> Result<Done, OrderError> {
        order.check(&self.shared.switch())?;
        match order {
            Order::Status {} => Ok(Done::Condition(Box::new(self.condition()))),
            Order::Slow { command, ms } => self.fault(command, 1, Effect::Slow(Duration::from_millis(ms))),
            Order::Hang { command, nth } => self.fault(command, nth, Effect::Hang),
            Order::Refuse { command, nth, code } => self.fault(command, nth, Effect::Refuse(code)),
            Order::DropConnection { command, nth, when } => self.fault(command, nth, Effect::Drop(when)),
            Order::CancelFault { id } if self.shared.faults.cancel(id) => {
                Ok(Done::Changed(format!("fault {} is forgotten", id.0)))
            }
            Order::CancelFault { id } => Err(OrderError::NoSuchFault(id)),
            Order::Reboot { bindings } => self.reboot(bindings).await,
            Order::Heal {} => self.heal(),
            order => self.change(&order),
        }
    }

    fn fault(&self, command: Option<CommandKind>, nth: u64, effect: Effect) -> Result<Done, OrderError> {
        self.shared.faults.add(command, nth, effect).map(Done::Waiting).ok_or(OrderError::TooManyFaults)
    }

    fn change(&self, order: &Order) -> Result<Done, OrderError> {
        let time_us = self.shared.time_us();
        let nothing = || Ok(("nothing has changed".to_owned(), Vec::new()));
        let work = |switch: &mut _| carry::carry_out(switch, order, time_us).unwrap_or_else(nothing);
        self.shared.change_and_tell(work).map_err(|_| OrderError::NotSaved)?.map(Done::Changed)
    }

    fn heal(&self) -> Result<Done, OrderError> {
        let healed = self.shared.change_and_tell(|switch| Ok::<_, Infallible>(((), switch.heal())));
        healed.map_err(|_| OrderError::NotSaved)?.unwrap_or_else(|never| match never {});
        let forgotten = self.shared.faults.clear();
        Ok(Done::Changed(format!("the rack is whole; {forgotten} waiting faults are forgotten")))
    }

    async fn reboot(&self, bindings: Retention) -> Result<Done, OrderError> {
        let (done, listening) = oneshot::channel();
        let restart = Restart { bindings, done: Some(done) };
        self.shared.restarts().send(restart).await.map_err(|_| OrderError::Stopped)?;
        let saved = listening.await.map_err(|_| OrderError::Stopped)?;
        saved.map_err(|_| OrderError::NotSaved)?;
        Ok(Done::Changed("the switch has restarted".to_owned()))
    }
}
