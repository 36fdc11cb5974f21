//! Reading how a PAX is: its temperature, the training of its links, what its ports count.

use crate::SwitchtecDriver;
use patchbay_domain::{
    FirmwareImage, FirmwarePart, LinkPhase, PhysicalPort, PortEvent, PortEventCount, PortVitals, Temperature,
    Traffic, Vitals,
};
use patchbay_driver::DriverError;
use patchbay_switchtec::client::PortEventRecord;
use patchbay_switchtec::command::firmware::{FirmwarePartition, ImageKind};
use patchbay_switchtec::command::link_status::LinkRecord;
use patchbay_switchtec::command::performance::BandwidthRecord;
use patchbay_switchtec::registers;
use patchbay_switchtec::{self as wire, Client, ClientError, LtssmState};
use std::collections::BTreeMap;

/// What the ports have carried, by port.
type Carried = BTreeMap<wire::PhysicalPort, Traffic>;

impl SwitchtecDriver {
    pub(crate) async fn read_vitals(&self) -> Result<Vitals, DriverError> {
        self.vital_signs().await.map_err(|error| self.failed("tell how it is", error))
    }

    /// Heat and counters are left out where a firmware refuses to tell them.
    async fn vital_signs(&self) -> Result<Vitals, ClientError> {
        let client = self.client().await?;
        let heat = unless_refused(client.die_temperature().await)?;
        let mut links = client.link_status().await?;
        links.sort_by_key(|link| link.port);
        let events = client.port_events().await?;
        let numbers: Vec<_> = links.iter().map(|link| link.port).collect();
        let carried = unless_refused(client.bandwidth(&numbers).await)?.unwrap_or_default();
        let carried: Carried = carried.iter().map(|(port, record)| (*port, traffic(record))).collect();
        let firmware = self.firmware(&client).await?;
        Ok(Vitals {
            firmware,
            temperature: heat.and_then(|values| values.into_iter().max()).map(Temperature),
            ports: (0..)
                .zip(&links)
                .map(|(function, link)| port(link, function, &events, &carried))
                .collect(),
        })
    }

    /// The images in the flash. They change with an update only, so the table is read and the images if it has changed.
    async fn firmware(&self, client: &Client) -> Result<Vec<FirmwareImage>, ClientError> {
        let Some(table) = unless_refused(client.firmware_table().await)? else { return Ok(Vec::new()) };
        let mut known = self.firmware.lock().await;
        if let Some((of, images)) = known.as_ref()
            && *of == table
        {
            return Ok(images.clone());
        }
        let mut images = Vec::new();
        for partition in FirmwarePartition::ALL {
            let record = table.partition(partition);
            // The log has no image (protocol sheet, section 5.2).
            if !record.valid || partition.kind() == ImageKind::NvLog {
                continue;
            }
            let Some(image) = unless_refused(client.firmware_image(partition).await)? else { continue };
            images.push(FirmwareImage {
                part: part(partition.kind()),
                version: image.version.to_string(),
                active: record.active,
                running: record.running,
            });
        }
        *known = Some((table, images.clone()));
        Ok(images)
    }
}

const fn part(kind: ImageKind) -> FirmwarePart {
    match kind {
        ImageKind::Map => FirmwarePart::Map,
        ImageKind::Key => FirmwarePart::Keys,
        ImageKind::BootLoader => FirmwarePart::BootLoader,
        ImageKind::Config => FirmwarePart::Configuration,
        ImageKind::Image => FirmwarePart::Firmware,
        ImageKind::NvLog | ImageKind::Other(_) => FirmwarePart::Other,
    }
}

/// A refusal is an answer: this firmware does not tell.
fn unless_refused<T>(read: Result<T, ClientError>) -> Result<Option<T>, ClientError> {
    match read {
        Ok(value) => Ok(Some(value)),
        Err(ClientError::Refused(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Port functions are numbered in the order of the ports (protocol sheet, section 3, our reading of it).
fn port(link: &LinkRecord, function: u8, events: &[PortEventRecord], carried: &Carried) -> PortVitals {
    let here = events.iter().filter(|record| record.function.get() == function);
    let counted = |record: &PortEventRecord| PortEventCount {
        event: event(record.event),
        // A count of zero beside "has occurred" is a firmware that does not count.
        count: record.header.count().max(1),
    };
    PortVitals {
        port: PhysicalPort(link.port.get()),
        phase: phase(link.ltssm),
        events: here.map(counted).collect(),
        traffic: carried.get(&link.port).copied(),
    }
}

fn traffic(record: &BandwidthRecord) -> Traffic {
    Traffic { sent_bytes: record.egress.total_bytes(), received_bytes: record.ingress.total_bytes() }
}

const fn event(event: registers::PortEvent) -> PortEvent {
    use registers::PortEvent as Wire;

    match event {
        Wire::AerInP2p => PortEvent::ErrorReported,
        Wire::AerInVep => PortEvent::EndpointErrorReported,
        Wire::Dpc => PortEvent::Contained,
        Wire::Cts => PortEvent::CompletionTimeout,
        Wire::Uec => PortEvent::Uncorrectable,
        Wire::Hotplug => PortEvent::HotPlug,
        Wire::Ier => PortEvent::InternalError,
        Wire::Thresh => PortEvent::Threshold,
        Wire::PowerMgmt => PortEvent::Power,
        Wire::TlpThrottling => PortEvent::Throttled,
        Wire::ForceSpeed => PortEvent::SpeedForced,
        Wire::CreditTimeout => PortEvent::CreditTimeout,
        Wire::LinkState => PortEvent::LinkState,
    }
}

/// The major state of a link's training (protocol sheet, section 5.3).
const fn phase(state: LtssmState) -> LinkPhase {
    match state.major {
        0 => LinkPhase::Detect,
        1 => LinkPhase::Polling,
        2 => LinkPhase::Configuration,
        3 => LinkPhase::L0,
        4 => LinkPhase::Recovery,
        5 => LinkPhase::Disabled,
        6 => LinkPhase::Loopback,
        7 => LinkPhase::HotReset,
        8 => LinkPhase::TxL0s,
        9 => LinkPhase::L1,
        10 => LinkPhase::L2,
        _ => LinkPhase::Unknown,
    }
}
