//! A driver that fails on request, around any other.

use crate::{Applied, Capabilities, DriverError, SwitchDriver};
use async_trait::async_trait;
use patchbay_domain::{Contents, Observation, PhysicalPort, Step, Vitals};
use std::collections::BTreeSet;
use std::future;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The switch says no.
    Refuse,
    /// The connection is gone before anything is sent.
    Unreachable,
    /// The connection breaks while the answer is awaited.
    Interrupt,
    /// The call never returns; whoever waits for it has a time limit of its own.
    Hang,
}

/// Whether the step takes effect all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// It fails before the step took effect.
    Before,
    /// The step takes effect, and then its call fails.
    After,
}

/// One planned failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaultPoint {
    /// Which call of [`SwitchDriver::apply`] or [`SwitchDriver::program`] fails, counted together from 1 since the faults
    /// were last set.
    pub nth: u32,
    /// Before or after its work.
    pub when: When,
    /// How.
    pub fault: Fault,
    /// Whether every later call, reading included, fails too: the switch is gone.
    pub for_good: bool,
}

#[derive(Debug, Default)]
struct Script {
    point: Option<FaultPoint>,
    calls: u32,
    gone: bool,
}

/// The remote control of a [`Faulty`] driver.
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<Mutex<Script>>);

impl Faults {
    /// Plans one failure, and forgets earlier ones.
    pub fn set(&self, point: FaultPoint) {
        *self.script() = Script { point: Some(point), ..Script::default() };
    }

    /// From now on everything works.
    pub fn clear(&self) {
        *self.script() = Script::default();
    }

    /// How many times a step was applied or programmed since the faults were last set.
    pub fn calls(&self) -> u32 {
        self.script().calls
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a call and says what it must suffer.
    fn next(&self) -> Option<(When, Fault)> {
        let mut script = self.script();
        script.calls += 1;
        if script.gone {
            return Some((When::Before, Fault::Unreachable));
        }
        let point = script.point.filter(|point| point.nth == script.calls)?;
        script.gone = point.for_good;
        Some((point.when, point.fault))
    }
}

/// Any driver, with failures on request.
pub struct Faulty<D> {
    inner: D,
    faults: Faults,
}

impl<D> Faulty<D> {
    /// Wraps a driver.
    pub fn new(inner: D, faults: Faults) -> Self {
        Self { inner, faults }
    }
}

/// What a call comes to that suffers this fault.
async fn suffer(fault: Fault, step: &Step) -> DriverError {
    let (address, operation) = ("the faulty switch".to_owned(), step.to_string());
    let source = || Box::new(io::Error::other("a fault was asked for"));
    match fault {
        Fault::Hang => future::pending().await,
        Fault::Refuse => DriverError::Refused { operation, reason: "a fault was asked for".to_owned() },
        Fault::Unreachable => DriverError::Unreachable { address, source: source() },
        Fault::Interrupt => DriverError::Interrupted { address, operation, source: source() },
    }
}

/// A switch that is away.
fn gone() -> DriverError {
    let source = Box::new(io::Error::other("a fault was asked for"));
    DriverError::Unreachable { address: "the faulty switch".to_owned(), source }
}

#[async_trait]
impl<D: SwitchDriver> SwitchDriver for Faulty<D> {
    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    async fn observe(&self) -> Result<Observation, DriverError> {
        if self.faults.script().gone {
            return Err(gone());
        }
        self.inner.observe().await
    }

    async fn contents(&self, ports: &BTreeSet<PhysicalPort>) -> Result<Contents, DriverError> {
        if self.faults.script().gone {
            return Err(gone());
        }
        self.inner.contents(ports).await
    }

    async fn vitals(&self) -> Result<Vitals, DriverError> {
        if self.faults.script().gone {
            return Err(gone());
        }
        self.inner.vitals().await
    }

    async fn apply(&self, step: &Step) -> Result<Applied, DriverError> {
        match self.faults.next() {
            None => self.inner.apply(step).await,
            Some((When::Before, fault)) => Err(suffer(fault, step).await),
            Some((When::After, fault)) => {
                self.inner.apply(step).await?;
                Err(suffer(fault, step).await)
            }
        }
    }

    async fn program(&self, step: &Step) -> Result<(), DriverError> {
        match self.faults.next() {
            None => self.inner.program(step).await,
            Some((When::Before, fault)) => Err(suffer(fault, step).await),
            Some((When::After, fault)) => {
                self.inner.program(step).await?;
                Err(suffer(fault, step).await)
            }
        }
    }

    fn hints(&self) -> watch::Receiver<u64> {
        self.inner.hints()
    }
}
