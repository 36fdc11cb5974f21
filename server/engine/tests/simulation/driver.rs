//! The driver of a simulated switch: every call takes its time, may fail, and may be the engine's last.

use crate::cards::Knows;
use crate::switch::{at, pdfids};
use crate::world::{State, World, now};
use async_trait::async_trait;
use patchbay_domain::*;
use patchbay_driver::{Applied, Capabilities, DriverError, SwitchDriver};
use std::collections::BTreeSet;
use std::future::pending;
use std::io;
use tokio::sync::watch;

pub struct SimulatedDriver {
    pub world: World,
    pub switch: usize,
}

/// How a call goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Unreachable,
    Refused,
    Interrupted,
    Hangs,
}

/// How a call goes wrong, and whether it has taken effect by then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Before(Fate),
    After(Fate),
}

/// A step on its way to a switch: while this lives nobody else may send one there.
struct Sending {
    world: World,
    switch: usize,
}

impl Drop for Sending {
    fn drop(&mut self) {
        self.world.with(|state| state.judge.sent(self.switch));
    }
}

impl SimulatedDriver {
    /// One call. A step that is given up may still be done, but before the switch answers anything else: a connection
    /// that was lost is closed, and a switch ends what it was told over one connection before it listens to the next.
    async fn call<T>(
        &self,
        operation: &str,
        step: Option<&Step>,
        work: impl FnOnce(&mut State) -> Result<T, DriverError>,
    ) -> Result<T, DriverError> {
        self.world.pause().await;
        self.world.with(|state| state.switches[self.switch].on_its_way = step.cloned());
        self.world.point().await;
        let fault = self.world.with(|state| {
            state.switches[self.switch].on_its_way = None;
            let fault = self.fault(state, operation);
            if fault != Some(Fault::Before(Fate::Unreachable))
                && now() >= state.switches[self.switch].away_until
            {
                self.end_late_work(state);
            }
            if let (Some(Fault::Before(Fate::Interrupted | Fate::Hangs)), Some(step)) = (fault, step) {
                self.may_be_late(state, step);
            }
            fault
        });
        if let Some(Fault::Before(fate)) = fault {
            return Err(suffer(fate, operation).await);
        }
        let result = self.world.with(work);
        self.world.point().await;
        self.world.pause().await;
        match fault {
            Some(Fault::After(fate)) => Err(suffer(fate, operation).await),
            _ => result,
        }
    }

    fn fault(&self, state: &mut State, operation: &str) -> Option<Fault> {
        let switch = &state.switches[self.switch];
        let fault = if now() < switch.away_until {
            Fault::Before(if switch.hangs { Fate::Hangs } else { Fate::Unreachable })
        } else if !state.calm && state.dice.chance(state.habits.driver_fault) {
            let fates = [Fate::Unreachable, Fate::Refused, Fate::Interrupted, Fate::Hangs];
            let fate = state.dice.pick(&fates).expect("four");
            // A driver that says that nothing was sent has sent nothing.
            let after = fate != Fate::Unreachable && state.dice.chance(500);
            if after { Fault::After(fate) } else { Fault::Before(fate) }
        } else {
            return None;
        };
        state.judge.faulted(self.switch);
        state.note(format!("switch {} {fault:?}: {operation}", self.switch + 1));
        Some(fault)
    }

    /// A step that reached the switch, whose caller will not hear of it.
    fn may_be_late(&self, state: &mut State, step: &Step) {
        let switch = &state.switches[self.switch];
        if now() >= switch.away_until && switch.fits(step) && state.dice.chance(500) {
            state.switches[self.switch].late = Some(step.clone());
        }
    }

    fn end_late_work(&self, state: &mut State) {
        if let Some(step) = state.switches[self.switch].late.take() {
            let result = state.switches[self.switch].program(&step);
            state.note(format!("switch {}, late:", self.switch + 1));
            self.done(state, &step, &result);
        }
    }

    /// Notes a step for the judge before anything else.
    fn sending(&self, step: &Step) -> Sending {
        self.world.with(|state| state.judge.sends(self.switch, step));
        Sending { world: self.world.clone(), switch: self.switch }
    }

    fn done(&self, state: &mut State, step: &Step, result: &Result<(), DriverError>) {
        let outcome = result.as_ref().map_or_else(ToString::to_string, |()| "done".to_owned());
        state.note(format!("switch {} {step}: {outcome}", self.switch + 1));
        state.hint(self.switch);
    }
}

async fn suffer(fate: Fate, operation: &str) -> DriverError {
    let (address, operation) = ("the simulated switch".to_owned(), operation.to_owned());
    let source = Box::new(io::Error::other("the seed wants it"));
    match fate {
        Fate::Hangs => pending().await,
        Fate::Refused => DriverError::Refused { operation, reason: "the seed wants it".to_owned() },
        Fate::Unreachable => DriverError::Unreachable { address, source },
        Fate::Interrupted => DriverError::Interrupted { address, operation, source },
    }
}

#[async_trait]
impl SwitchDriver for SimulatedDriver {
    fn capabilities(&self) -> Capabilities {
        Capabilities { kind: "simulated", functions_per_logical_port_max: 8, hints: true }
    }

    async fn observe(&self) -> Result<Observation, DriverError> {
        let work = |state: &mut State| {
            state.judge.looked(self.switch, state.switches[self.switch].swaps);
            Ok(state.switches[self.switch].observe())
        };
        self.call("observe", None, work).await
    }

    async fn contents(&self, ports: &BTreeSet<PhysicalPort>) -> Result<Contents, DriverError> {
        let read = |state: &mut State| {
            let held = &state.switches[self.switch].held;
            let asked = held.iter().filter(|((port, _), _)| ports.contains(port));
            Ok(asked.map(|(at, there)| (*at, there.clone())).collect())
        };
        self.call("read", None, read).await
    }

    async fn vitals(&self) -> Result<Vitals, DriverError> {
        self.call("feel", None, |_| Ok(Vitals::default())).await
    }

    async fn apply(&self, step: &Step) -> Result<Applied, DriverError> {
        let _sending = self.sending(step);
        let work = |state: &mut State| {
            let switch = &mut state.switches[self.switch];
            let now = switch.held.get(&at(step)).cloned().unwrap_or_default();
            if now == pdfids(&step.after) {
                return Ok(Applied::Before);
            }
            if now != pdfids(&step.before) {
                let (place, expected) = (format!("port {}", step.port), format!("{:?}", step.before));
                return Err(DriverError::Conflict { place, expected, found: format!("{now:?}") });
            }
            state.judge.reaches(self.switch, switch, step, Knows::AsLooked);
            let result = switch.program(step);
            self.done(state, step, &result);
            result.map(|()| Applied::Now)
        };
        self.call(&step.to_string(), Some(step), work).await
    }

    async fn program(&self, step: &Step) -> Result<(), DriverError> {
        let _sending = self.sending(step);
        let work = |state: &mut State| {
            let switch = &mut state.switches[self.switch];
            state.judge.reaches(self.switch, switch, step, Knows::AsRecorded);
            let result = switch.program(step);
            self.done(state, step, &result);
            result
        };
        self.call(&step.to_string(), Some(step), work).await
    }

    fn hints(&self) -> watch::Receiver<u64> {
        self.world.with(|state| state.switches[self.switch].hints.subscribe())
    }
}
