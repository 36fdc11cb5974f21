//! One step: read the logical port, reprogram it when it is as expected, and believe only what is read back.

use crate::SwitchtecDriver;
use patchbay_domain::{BoundFunction, Step, StepKind};
use patchbay_driver::{Applied, DriverError};
use patchbay_switchtec::{Client, ClientError, HostPort, LogicalPort, Pdfid, PhysicalPort};

impl SwitchtecDriver {
    pub(crate) async fn compare_and_set(&self, step: &Step) -> Result<Applied, DriverError> {
        let operation = in_a_sentence(step);
        let failed = |error| self.failed(&operation, error);
        let instance = self.hvd_instance(step).await?;
        let client = self.client().await.map_err(failed)?;
        // Nothing was sent that changes anything, so a reading that breaks off here leaves no doubt.
        let found = contents(&client, instance, step).await.map_err(|error| self.unread(error))?;
        if found == pdfids(&step.after) {
            return Ok(Applied::Before);
        }
        if found != pdfids(&step.before) {
            return Err(conflict(step, &found));
        }
        reprogram(&client, step).await.map_err(failed)?;
        let now = contents(&client, instance, step).await.map_err(failed)?;
        if now == pdfids(&step.after) {
            Ok(Applied::Now)
        } else {
            Err(DriverError::NotBelieved { operation, found: in_words(&now) })
        }
    }

    /// The instance of the step's host, from the last reading of the switch or, before the first, from a new one.
    async fn hvd_instance(&self, step: &Step) -> Result<u8, DriverError> {
        if let Some(instance) = self.instance_of(step.port) {
            return Ok(instance);
        }
        self.read_all().await?;
        self.instance_of(step.port).ok_or_else(|| DriverError::Refused {
            operation: in_a_sentence(step),
            reason: format!("port {} is not a host port", step.port),
        })
    }

    /// A failure of the reading that comes before a step: the step was not sent, whatever happened to the reading.
    fn unread(&self, error: ClientError) -> DriverError {
        match error {
            ClientError::Interrupted { address, .. } => {
                DriverError::Unreachable { address: address.to_string(), source: Box::new(error) }
            }
            other => self.failed("tell what is bound", other),
        }
    }
}

/// What a step's logical port holds, by function number.
async fn contents(client: &Client, instance: u8, step: &Step) -> Result<Vec<Pdfid>, ClientError> {
    let section = client.hvd(instance).await?;
    let wanted = (PhysicalPort::new(step.port.0), LogicalPort::new(step.place.logical_port.0));
    let host = section.hvds.into_iter().find(|hvd| hvd.port == wanted.0);
    let port = host.and_then(|hvd| hvd.logical_ports.into_iter().find(|p| p.id == wanted.1));
    Ok(port.map(|p| p.slots.into_iter().flatten().collect()).unwrap_or_default())
}

async fn reprogram(client: &Client, step: &Step) -> Result<(), ClientError> {
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
