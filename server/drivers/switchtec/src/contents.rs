//! What logical ports hold: the HVD section of one host at a time, instead of the whole database.
//!
//! The section is asked for by instance, and which instance a host port has is known from the last reading of
//! everything. Whoever configures ports anew changes that, so a section about another port is not believed.

use crate::SwitchtecDriver;
use patchbay_domain::{Contents, LogicalPort, Pdfid, PhysicalPort};
use patchbay_driver::DriverError;
use patchbay_switchtec::command::sections::Hvd;
use patchbay_switchtec::{Client, ClientError};
use std::collections::BTreeSet;
use std::sync::PoisonError;

/// What is asked, inside a sentence.
pub(crate) const READING: &str = "tell what is bound";

impl SwitchtecDriver {
    pub(crate) async fn read_contents(
        &self,
        ports: &BTreeSet<PhysicalPort>,
    ) -> Result<Contents, DriverError> {
        let failed = |error| self.failed(READING, error);
        let mut held = Vec::new();
        if ports.is_empty() {
            return Ok(Contents::default());
        }
        let client = self.client().await.map_err(failed)?;
        for &port in ports {
            let hvd = self.hvd(&client, port).await.map_err(failed)?;
            held.extend(contents(&hvd.ok_or_else(|| no_host_port(READING, port))?));
        }
        Ok(held.into_iter().collect())
    }

    /// What one host port carries; none when it is no host port.
    pub(crate) async fn hvd(&self, client: &Client, port: PhysicalPort) -> Result<Option<Hvd>, ClientError> {
        if let Some(instance) = self.instance_of(port)
            && let Some(hvd) = self.hvd_at(client, instance, port).await?
        {
            return Ok(Some(hvd));
        }
        // Not read before, or numbered anew since.
        let all = client.pax_all().await?;
        self.remember_instances(&all.hvds.hvds);
        Ok(all.hvds.hvds.into_iter().find(|hvd| hvd.port.get() == port.0))
    }

    /// The host of an instance, if it is the one at this port.
    async fn hvd_at(
        &self,
        client: &Client,
        instance: u8,
        port: PhysicalPort,
    ) -> Result<Option<Hvd>, ClientError> {
        match client.hvd(instance).await {
            Ok(section) => Ok(section.hvds.into_iter().find(|hvd| hvd.port.get() == port.0)),
            Err(error) => {
                // An instance that is gone is refused: the next reading asks for its new number.
                self.instances.lock().unwrap_or_else(PoisonError::into_inner).remove(&port);
                Err(error)
            }
        }
    }

    fn instance_of(&self, port: PhysicalPort) -> Option<u8> {
        self.instances.lock().unwrap_or_else(PoisonError::into_inner).get(&port).copied()
    }

    /// Keeps which instance each host port has.
    pub(crate) fn remember_instances(&self, hvds: &[Hvd]) {
        let now = hvds.iter().map(|hvd| (PhysicalPort(hvd.port.get()), hvd.instance)).collect();
        *self.instances.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }
}

/// The refusal of a port that carries no host.
pub(crate) fn no_host_port(operation: &str, port: PhysicalPort) -> DriverError {
    DriverError::Refused {
        operation: operation.to_owned(),
        reason: format!("port {port} is not a host port"),
    }
}

/// Logical ports that hold something. A PDFID of 0xFFFF is a name for nothing.
fn contents(hvd: &Hvd) -> impl Iterator<Item = ((PhysicalPort, LogicalPort), Vec<Pdfid>)> {
    let port = PhysicalPort(hvd.port.get());
    hvd.logical_ports.iter().map(move |logical| {
        let pdfids = logical.slots.iter().flatten().filter_map(|pdfid| Pdfid::new(pdfid.get()).ok());
        ((port, LogicalPort(logical.id.get())), pdfids.collect())
    })
}
