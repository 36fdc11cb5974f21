//! What logical ports hold: one host, or some hosts out of the whole database, instead of all of it.
//!
//! Which instance a host port has, and where it stands in the database, is known from the last reading of everything.
//! Whoever configures ports anew changes that, so what is said about another port is not believed.

use crate::SwitchtecDriver;
use patchbay_domain::{Contents, LogicalPort, Pdfid, PhysicalPort};
use patchbay_driver::DriverError;
use patchbay_switchtec::command::sections::{Hvd, Layout, PaxAll};
use patchbay_switchtec::{self as wire, Client, ClientError};
use std::collections::BTreeSet;
use std::sync::{Arc, MutexGuard, PoisonError};

/// What is asked, inside a sentence.
pub(crate) const READING: &str = "tell what is bound";

/// From which part of its hosts on a switch is asked for a snapshot of everything, to read some of it: every fourth. For
/// fewer, a conversation for each is less than what the switch has to gather for the snapshot.
const WORTH_ALL: usize = 4;

impl SwitchtecDriver {
    pub(crate) async fn read_contents(
        &self,
        ports: &BTreeSet<PhysicalPort>,
    ) -> Result<Contents, DriverError> {
        if ports.is_empty() {
            return Ok(Contents::default());
        }
        let hosts = self.hvds(ports).await.map_err(|error| self.failed(READING, error))?;
        if let Some(&port) = ports.iter().find(|port| !hosts.iter().any(|hvd| hvd.port.get() == port.0)) {
            return Err(no_host_port(READING, port));
        }
        Ok(hosts.iter().flat_map(contents).collect())
    }

    /// What host ports carry; those that are none are left out.
    async fn hvds(&self, ports: &BTreeSet<PhysicalPort>) -> Result<Vec<Hvd>, ClientError> {
        let client = self.client().await?;
        let layout = Arc::clone(&self.layout());
        if ports.len() == 1 || ports.len() * WORTH_ALL < layout.hosts() {
            let mut hosts = Vec::with_capacity(ports.len());
            for &port in ports {
                hosts.extend(self.hvd(&client, port).await?);
            }
            return Ok(hosts);
        }
        let wanted: BTreeSet<_> = ports.iter().map(|port| wire::PhysicalPort::new(port.0)).collect();
        if let Some(hosts) = client.hvds(&layout, &wanted).await? {
            return Ok(hosts);
        }
        let all = client.pax_all().await?;
        self.remember(&all);
        Ok(all.hvds.hvds.into_iter().filter(|hvd| wanted.contains(&hvd.port)).collect())
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
        self.remember(&all);
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
                // An instance that is gone is refused: the next reading asks for all of them anew.
                *self.layout() = Arc::default();
                Err(error)
            }
        }
    }

    fn instance_of(&self, port: PhysicalPort) -> Option<u8> {
        self.layout().instance_of(wire::PhysicalPort::new(port.0))
    }

    /// Keeps which instance each host port has, and where it stands.
    pub(crate) fn remember(&self, all: &PaxAll) {
        *self.layout() = Arc::new(all.layout());
    }

    fn layout(&self) -> MutexGuard<'_, Arc<Layout>> {
        self.layout.lock().unwrap_or_else(PoisonError::into_inner)
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
