//! One step: read the logical port, reprogram it when it is as expected, and believe only what is read back.

use crate::SwitchtecDriver;
use crate::contents::{READING, no_host_port};
use patchbay_domain::{BoundFunction, Step, StepKind};
use patchbay_driver::{Applied, DriverError};
use patchbay_switchtec::command::sections::Hvd;
use patchbay_switchtec::{Client, ClientError, HostPort, LogicalPort, Pdfid, PhysicalPort};

impl SwitchtecDriver {
    pub(crate) async fn compare_and_set(&self, step: &Step) -> Result<Applied, DriverError> {
        // Nothing was sent that changes anything, so a connection or reading that breaks off here leaves no doubt.
        let client = self.client().await.map_err(|error| self.unread(error))?;
        let hvd = self.hvd(&client, step.port).await.map_err(|error| self.unread(error))?;
        let hvd = hvd.ok_or_else(|| no_host_port(&in_a_sentence(step), step.port))?;
        let found = held(&hvd, step);
        if found == pdfids(&step.after) {
            return Ok(Applied::Before);
        }
        if found != pdfids(&step.before) {
            return Err(conflict(step, &found));
        }
        let failed = |error| self.failed(&in_a_sentence(step), error);
        send(&client, step).await.map_err(failed)?;
        let now = self.hvd(&client, step.port).await.map_err(|error| self.doubted(step, error))?;
        let now = now.map(|hvd| held(&hvd, step)).unwrap_or_default();
        if now == pdfids(&step.after) {
            Ok(Applied::Now)
        } else {
            Err(DriverError::NotBelieved { operation: in_a_sentence(step), found: in_words(&now) })
        }
    }

    /// The bare bind or unbind.
    pub(crate) async fn reprogram(&self, step: &Step) -> Result<(), DriverError> {
        let client = self.client().await.map_err(|error| self.unread(error))?;
        send(&client, step).await.map_err(|error| self.failed(&in_a_sentence(step), error))
    }

    /// A failure of the reading that comes after a step: the step was sent, so even a switch that cannot be reached
    /// may have done it.
    fn doubted(&self, step: &Step, error: ClientError) -> DriverError {
        let operation = in_a_sentence(step);
        match self.failed(&operation, error) {
            DriverError::Unreachable { address, source } => {
                DriverError::Interrupted { address, operation, source }
            }
            other => other,
        }
    }

    /// A failure of what comes before a step: the step was not sent, whatever happened to that.
    fn unread(&self, error: ClientError) -> DriverError {
        match error {
            ClientError::Interrupted { address, .. } => {
                DriverError::Unreachable { address: address.to_string(), source: Box::new(error) }
            }
            other => self.failed(READING, other),
        }
    }
}

/// What a step's logical port holds, by function number.
fn held(hvd: &Hvd, step: &Step) -> Vec<Pdfid> {
    let port = hvd.logical_ports.iter().find(|p| p.id.get() == step.place.logical_port.0);
    port.map(|p| p.slots.iter().flatten().copied().collect()).unwrap_or_default()
}

async fn send(client: &Client, step: &Step) -> Result<(), ClientError> {
    let host = HostPort { switch: client.identity().switch, port: PhysicalPort::new(step.port.0) };
    let logical_port = LogicalPort::new(step.place.logical_port.0);
    match (step.kind(), step.before.first()) {
        (StepKind::Unbind, Some(first)) => {
            client.unbind(host, logical_port, Pdfid::new(first.pdfid.get())).await
        }
        _ => client.bind(host, logical_port, &pdfids(&step.after)).await,
    }
}

fn pdfids(functions: &[BoundFunction]) -> Vec<Pdfid> {
    functions.iter().map(|f| Pdfid::new(f.pdfid.get())).collect()
}

/// "bind eth16v5 to web-03": a step inside a sentence.
fn in_a_sentence(step: &Step) -> String {
    let text = step.to_string();
    let mut chars = text.chars();
    chars.next().map(|first| first.to_lowercase().collect::<String>() + chars.as_str()).unwrap_or_default()
}

fn in_words(pdfids: &[Pdfid]) -> String {
    match pdfids {
        [] => "nothing".to_owned(),
        some => some.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    }
}

fn conflict(step: &Step, found: &[Pdfid]) -> DriverError {
    DriverError::Conflict {
        place: format!("Logical port {} of {} (port {})", step.place.logical_port, step.host_name, step.port),
        expected: in_words(&pdfids(&step.before)),
        found: in_words(found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Reasons, SwitchtecConfig};
    use patchbay_domain::{HostId, Place, SwitchId};
    use patchbay_switchtec::{ClientOptions, ReachError};
    use std::io;

    #[test]
    fn a_switch_that_is_gone_when_a_step_is_read_back_leaves_it_in_doubt() {
        let address = "127.0.0.1:54545".parse().expect("an address");
        let (options, reasons) = (ClientOptions::default(), Reasons::NumberOnly);
        let driver = SwitchtecDriver::new(SwitchtecConfig { address, instance: 0, options, reasons });
        let place = Place { host: HostId::new(1), logical_port: patchbay_domain::LogicalPort(0) };
        let (switch, port) = (SwitchId::new(1), patchbay_domain::PhysicalPort(0));
        let host_name = "web-01".to_owned();
        let step = Step { switch, port, place, host_name, before: Vec::new(), after: Vec::new() };
        let gone =
            ClientError::Unreachable { address, source: ReachError::Connect(io::Error::other("gone")) };
        let found = driver.doubted(&step, gone);
        assert!(matches!(found, DriverError::Interrupted { .. }), "{found:?}");
    }
}
