//! The driver for Switchtec PAX switches, over MRPC.
//!
//! Connects when it is first used and reconnects by itself. A step is done as a compare-and-set from reads: the wire's
//! bind is not idempotent (protocol sheet, section 7), so the logical port is read before and after.

mod apply;
mod contents;
mod errors;
mod observe;
mod pci;
mod vitals;

use async_trait::async_trait;
use patchbay_domain::{Contents, FirmwareImage, Observation, PhysicalPort, Step, Vitals};
use patchbay_driver::{Applied, Capabilities, DriverError, SwitchDriver};
use patchbay_switchtec::command::binding::MAX_SLOTS;
use patchbay_switchtec::command::firmware::FirmwareTable;
use patchbay_switchtec::command::sections::Layout;
use patchbay_switchtec::{Client, ClientError, ClientOptions};
use std::collections::BTreeSet;
use std::net::SocketAddrV4;
use std::sync::{Arc, Mutex as SyncMutex};
use tokio::sync::{Mutex, watch};

/// Whose refusal numbers the driver may put into words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reasons {
    /// A real switch: no reason for a fabric error is public (protocol sheet, section 6.2), so only the number is
    /// shown.
    #[default]
    NumberOnly,
    /// The softswitch, whose numbers are our own.
    Softswitch,
}

/// Where a switch is and how to talk to it.
#[derive(Clone, Copy, Debug)]
pub struct SwitchtecConfig {
    /// Its IPv4 address and port.
    pub address: SocketAddrV4,
    /// The service instance, 0 or 1 (protocol sheet, section 1.1).
    pub instance: u8,
    /// Time limits and pauses.
    pub options: ClientOptions,
    /// Whose refusal numbers these are.
    pub reasons: Reasons,
}

/// One Switchtec PAX.
pub struct SwitchtecDriver {
    config: SwitchtecConfig,
    client: Mutex<Option<Arc<Client>>>,
    /// Which host ports there are and where they stand in the database, as last read: needed to read some of them.
    layout: SyncMutex<Arc<Layout>>,
    hints: Arc<watch::Sender<u64>>,
    /// The images in the flash, with the table they were read for.
    firmware: Mutex<Option<(FirmwareTable, Vec<FirmwareImage>)>>,
}

impl SwitchtecDriver {
    /// A driver for the switch at an address. Nothing is sent yet.
    pub fn new(config: SwitchtecConfig) -> Self {
        Self {
            config,
            client: Mutex::new(None),
            layout: SyncMutex::default(),
            hints: Arc::new(watch::Sender::new(0)),
            firmware: Mutex::new(None),
        }
    }

    /// The client, connected on first use. Hints go on through this driver's own channel, which exists before the
    /// first connection.
    async fn client(&self) -> Result<Arc<Client>, ClientError> {
        let mut slot = self.client.lock().await;
        if let Some(client) = slot.as_ref() {
            return Ok(Arc::clone(client));
        }
        let SwitchtecConfig { address, instance, options, .. } = self.config;
        let client = Arc::new(Client::connect(address, instance, options).await?);
        client.arm_events().await?;
        client.arm_port_events().await?;
        let (mut notified, hints) = (client.notifications(), Arc::clone(&self.hints));
        tokio::spawn(async move {
            while notified.changed().await.is_ok() {
                hints.send_modify(|count| *count += 1);
            }
        });
        *slot = Some(Arc::clone(&client));
        Ok(client)
    }
}

#[async_trait]
impl SwitchDriver for SwitchtecDriver {
    fn capabilities(&self) -> Capabilities {
        let functions_per_logical_port_max = u8::try_from(MAX_SLOTS).unwrap_or(u8::MAX);
        Capabilities { kind: "Switchtec PAX", functions_per_logical_port_max, hints: true }
    }

    async fn observe(&self) -> Result<Observation, DriverError> {
        self.read_all().await
    }

    async fn contents(&self, ports: &BTreeSet<PhysicalPort>) -> Result<Contents, DriverError> {
        self.read_contents(ports).await
    }

    async fn vitals(&self) -> Result<Vitals, DriverError> {
        self.read_vitals().await
    }

    async fn apply(&self, step: &Step) -> Result<Applied, DriverError> {
        self.compare_and_set(step).await
    }

    async fn program(&self, step: &Step) -> Result<(), DriverError> {
        self.reprogram(step).await
    }

    fn hints(&self) -> watch::Receiver<u64> {
        self.hints.subscribe()
    }
}
