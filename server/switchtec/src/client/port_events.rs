//! What port functions report in their event registers (section 3.1).

use std::sync::atomic::Ordering;

use super::Client;
use super::error::ClientError;
use super::line::{AskError, Line};
use crate::packet::GasAccess;
use crate::registers::{
    EventHeader, MAX_PORT_FUNCTIONS, PORT_EVENT_SUMMARY, PORT_FUNCTION_VENDOR, PortEvent, PortFunction,
};

/// The port events [`Client::arm_port_events`] asks to be notified of: what tells that a cable, an adapter or its
/// link is in trouble.
pub const ARMED_PORT_EVENTS: [PortEvent; 6] = [
    PortEvent::LinkState,
    PortEvent::AerInP2p,
    PortEvent::Uec,
    PortEvent::Hotplug,
    PortEvent::Dpc,
    PortEvent::Thresh,
];

/// An event that has occurred at a port function since it was last cleared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PortEventRecord {
    /// Where.
    pub function: PortFunction,
    /// What.
    pub event: PortEvent,
    /// Whether, how often, and who is told.
    pub header: EventHeader,
}

impl Line {
    /// The port functions that exist: the scan stops at the first that does not. They are looked for once in a
    /// connection's life, because events are read every few seconds.
    async fn port_functions(&mut self) -> Result<Vec<PortFunction>, AskError> {
        if let Some(known) = &self.port_functions {
            return Ok(known.clone());
        }
        let mut functions = Vec::new();
        for function in (0..MAX_PORT_FUNCTIONS).filter_map(PortFunction::new) {
            if self.register_u32(function.base()).await? as u16 != PORT_FUNCTION_VENDOR {
                break;
            }
            functions.push(function);
        }
        self.port_functions = Some(functions.clone());
        Ok(functions)
    }

    async fn port_events(&mut self) -> Result<Vec<PortEventRecord>, AskError> {
        let mut records = Vec::new();
        for function in self.port_functions().await? {
            let summary = self.register_u32(function.base() + PORT_EVENT_SUMMARY).await?;
            for event in PortEvent::ALL.into_iter().filter(|event| summary & event.bit() != 0) {
                let header = EventHeader(self.register_u32(event.header(function)).await?);
                records.push(PortEventRecord { function, event, header });
            }
        }
        Ok(records)
    }

    /// Asks to be notified of [`ARMED_PORT_EVENTS`] wherever that has not been asked yet; clears nothing.
    pub(super) async fn arm_port_events(&mut self) -> Result<(), AskError> {
        for function in self.port_functions().await? {
            for event in ARMED_PORT_EVENTS {
                let offset = event.header(function);
                let header = EventHeader(self.register_u32(offset).await?);
                if !header.notifies() {
                    let data = header.armed().0.to_le_bytes().to_vec();
                    self.access(GasAccess::Write { offset, data }).await?;
                }
            }
        }
        Ok(())
    }
}

impl Client {
    /// The events that have occurred at any port function. Clears nothing: the next call tells them again, with how
    /// often they have occurred by then.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn port_events(&self) -> Result<Vec<PortEventRecord>, ClientError> {
        const ASKS: &str = "tell what has happened at its ports";
        let mut turn = self.turn().await?;
        let (line, before) = turn.begin(ASKS)?;
        let records = line.port_events().await;
        turn.end(ASKS, before, records)
    }

    /// Asks the switch to notify this client of [`ARMED_PORT_EVENTS`] at every port function, now and after every
    /// reconnection. What has occurred before stays.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn arm_port_events(&self) -> Result<(), ClientError> {
        const ASKS: &str = "arm its ports' events";
        let mut turn = self.turn().await?;
        let (line, before) = turn.begin(ASKS)?;
        let armed = line.arm_port_events().await;
        turn.end(ASKS, before, armed)?;
        self.port_events_armed.store(true, Ordering::Release);
        Ok(())
    }
}
