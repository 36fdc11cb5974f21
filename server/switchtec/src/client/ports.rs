//! Changing ports: their links and what they are used for.

use super::Client;
use super::error::ClientError;
use crate::command::port_config::{PortConfig, PortConfigSet};
use crate::command::port_control::{PortControl, PortOperation};
use crate::units::PhysicalPort;

impl Client {
    /// Switches a port off or on, retrains its link, or resets what is at its other end. Never repeated by the client.
    ///
    /// # Errors
    /// As [`Client::bind`]; a port that does not exist is refused.
    pub async fn port_control(
        &self,
        port: PhysicalPort,
        operation: PortOperation,
    ) -> Result<(), ClientError> {
        self.ask(PortControl { port, operation }).await
    }

    /// Configures a port and tells its new state. Never repeated by the client.
    ///
    /// # Errors
    /// As [`Client::bind`]; a port or a use that does not exist is refused.
    pub async fn set_port_config(&self, config: PortConfigSet) -> Result<PortConfig, ClientError> {
        self.ask(config).await
    }
}
