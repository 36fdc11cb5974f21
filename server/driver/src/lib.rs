//! What every kind of switch must do, and nothing more: say what it can, say what it sees, and do one step.
//!
//! A driver holds one switch. It is the only code that talks to it, and only the engine may call [`SwitchDriver::apply`]
//! and [`SwitchDriver::program`].

pub mod conformance;
mod error;
mod faulty;

pub use error::DriverError;
pub use faulty::{Fault, FaultPoint, Faults, Faulty, When};

use async_trait::async_trait;
use patchbay_domain::{Contents, Observation, PhysicalPort, Step, Vitals};
use std::collections::BTreeSet;
use tokio::sync::watch;

/// What a kind of switch can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// What the kind is called, as in "Switchtec PAX".
    pub kind: &'static str,
    /// The most functions that fit on one logical port.
    pub functions_per_logical_port_max: u8,
    /// Whether the switch says by itself that something changed. The hints are only hints: the switch is always read.
    pub hints: bool,
}

/// Whether a step had anything left to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// The switch was reprogrammed and read back.
    Now,
    /// The logical port already held what the step wants.
    Before,
}

/// One switch, behind whatever protocol it speaks.
#[async_trait]
pub trait SwitchDriver: Send + Sync {
    /// What this kind of switch can do.
    fn capabilities(&self) -> Capabilities;

    /// Reads everything: ports, links, adapters, functions and bindings, as one consistent picture.
    ///
    /// # Errors
    /// [`DriverError`] when the switch does not answer or answers nonsense.
    async fn observe(&self) -> Result<Observation, DriverError>;

    /// Reads what the logical ports of these host ports hold now, with as little asking as the protocol allows.
    ///
    /// # Errors
    /// [`DriverError`] when the switch does not answer or answers nonsense, or when one of them is not a host port.
    async fn contents(&self, ports: &BTreeSet<PhysicalPort>) -> Result<Contents, DriverError>;

    /// Reads how the switch is: heat, port states, errors, traffic. Asks and clears nothing on the way.
    ///
    /// # Errors
    /// [`DriverError`] when the switch does not answer or answers nonsense.
    async fn vitals(&self) -> Result<Vitals, DriverError>;

    /// Does one step as a compare-and-set: the logical port must hold `step.before`, and holds `step.after` when this
    /// returns, which the driver has read back. Done twice it is the same as done once.
    ///
    /// # Errors
    /// [`DriverError::Conflict`] when the port holds neither, with the switch untouched; otherwise whatever stopped
    /// it. After [`DriverError::Interrupted`] nobody knows whether the step took effect: read first.
    async fn apply(&self, step: &Step) -> Result<Applied, DriverError>;

    /// Sends the bare bind or unbind of one step, and reads nothing before or after it: for a caller that has just read
    /// that the logical port holds `step.before`, and that reads back before it believes anything. Done twice it is
    /// refused or worse.
    ///
    /// # Errors
    /// [`DriverError::Unreachable`] when surely nothing was sent; after [`DriverError::Interrupted`] nobody knows
    /// whether the step took effect: read first. Otherwise whatever the switch said.
    async fn program(&self, step: &Step) -> Result<(), DriverError>;

    /// A counter that moves when the switch hints that something changed. Never relied on.
    fn hints(&self) -> watch::Receiver<u64>;
}
