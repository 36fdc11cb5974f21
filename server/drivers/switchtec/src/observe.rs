//! Reading a PAX: the topology dump for ports and links, PAX_ALL for hosts, adapters and bindings.

use crate::{SwitchtecDriver, pci};
use patchbay_domain::{
    AdapterKind, BoundAt, Fingerprint, Link, LogicalPort, Observation, ObservedAdapter, ObservedFunction,
    ObservedHostPort, ObservedSlot, Pdfid, PhysicalPort, Rate, Role,
};
use patchbay_driver::DriverError;
use patchbay_switchtec::command::sections::{Attachment, Endpoint, EndpointFunction, Hvd, PaxAll};
use patchbay_switchtec::command::topology::{PortRecord, Topology};
use patchbay_switchtec::{self as wire, ClientError, FirmwareVersion, PortType};
use std::collections::BTreeMap;

/// LTSSM major states in which a link carries traffic or sleeps and wakes by itself (protocol sheet, section 5.3): L0,
/// Recovery, TxL0s, L1, L2.
const LINKED: [u8; 5] = [3, 4, 8, 9, 10];

/// Where every bound function is, by its name on the wire.
type Bindings = BTreeMap<u16, BoundAt>;

impl SwitchtecDriver {
    pub(crate) async fn read_all(&self) -> Result<Observation, DriverError> {
        let read = self.read().await.map_err(|error| self.failed("tell what is bound", error))?;
        let (topology, all, firmware) = read;
        self.remember(&all);
        Ok(observation(&topology, &all, firmware))
    }

    /// The event is acknowledged first: what happens after that hints anew. Its details are left in the switch's queue,
    /// because reading takes them away from people at the vendor's tool, and the database says more.
    async fn read(&self) -> Result<(Topology, PaxAll, FirmwareVersion), ClientError> {
        let client = self.client().await?;
        client.acknowledge_events().await?;
        Ok((client.topology().await?, client.pax_all().await?, client.firmware_version().await?))
    }
}

fn observation(topology: &Topology, all: &PaxAll, firmware: FirmwareVersion) -> Observation {
    let bindings = bindings(&all.hvds.hvds);
    let host_ports = all.hvds.hvds.iter().filter_map(|hvd| {
        let record = topology.ports.iter().find(|p| p.port == hvd.port)?;
        Some(ObservedHostPort {
            port: PhysicalPort(hvd.port.get()),
            link: link(record),
            logical_ports: u8::try_from(hvd.logical_ports.len()).unwrap_or(u8::MAX),
        })
    });
    let slots = topology.ports.iter().filter(|record| record.port_type == PortType::Endpoint);
    Observation {
        model: "Switchtec PAX".to_owned(),
        firmware: firmware.to_string(),
        host_ports: host_ports.collect(),
        slots: slots.map(|record| slot(record, all, &bindings)).collect(),
    }
}

/// The HVD section, and not the adapters' own records, says what is bound: only it knows the function numbers.
fn bindings(hvds: &[Hvd]) -> Bindings {
    let mut bindings = Bindings::new();
    for hvd in hvds {
        for logical in &hvd.logical_ports {
            for (number, pdfid) in (0..).zip(&logical.slots) {
                let (port, logical_port) = (PhysicalPort(hvd.port.get()), LogicalPort(logical.id.get()));
                if let Some(pdfid) = pdfid {
                    bindings.insert(pdfid.get(), BoundAt { port, logical_port, number });
                }
            }
        }
    }
    bindings
}

fn slot(record: &PortRecord, all: &PaxAll, bindings: &Bindings) -> ObservedSlot {
    let attached = all.endpoint_ports.ports.iter().find(|p| p.port == record.port).map(|p| &p.attachment);
    let adapter = match attached {
        Some(Attachment::Endpoint(endpoint)) => adapter(endpoint, bindings),
        Some(Attachment::Nothing | Attachment::Switch(_)) | None => None,
    };
    ObservedSlot { port: PhysicalPort(record.port.get()), link: link(record), adapter }
}

fn adapter(endpoint: &Endpoint, bindings: &Bindings) -> Option<ObservedAdapter> {
    let first = endpoint.functions.first()?;
    let kind = kind(first.class);
    let fingerprint = Fingerprint {
        vendor: first.vendor,
        device: first.device,
        subsystem_vendor: first.subsystem_vendor,
        subsystem_device: first.subsystem_device,
    };
    let functions = endpoint.functions.iter().filter_map(|f| function(f, bindings)).collect();
    Some(ObservedAdapter { kind, name: pci::name(kind, fingerprint), fingerprint, functions })
}

/// A function with PDFID 0xFFFF has no name and cannot be bound, so it is left out.
fn function(read: &EndpointFunction, bindings: &Bindings) -> Option<ObservedFunction> {
    let pdfid = Pdfid::new(read.pdfid.get()).ok()?;
    let role = if read.physical { Role::Pf } else { Role::Vf };
    Some(ObservedFunction { index: read.id, pdfid, role, bound: bindings.get(&pdfid.get()).copied() })
}

/// What a PCI class code (24 bits: base class, subclass, interface) stands for.
fn kind(class: u32) -> AdapterKind {
    match (class >> 16 & 0xff, class >> 8 & 0xff) {
        (0x02, _) => AdapterKind::Nic,
        (0x0c, 0x04) => AdapterKind::Hba,
        (0x01, 0x08) => AdapterKind::Nvme,
        (0x03 | 0x12, _) | (0x0b, 0x40) => AdapterKind::Accelerator,
        _ => AdapterKind::Other,
    }
}

fn link(record: &PortRecord) -> Link {
    let up = record.negotiated_width > 0 && LINKED.contains(&record.ltssm.major);
    Link {
        up,
        width: if up { record.negotiated_width } else { 0 },
        rate: rate(record.negotiated_rate).filter(|_| up),
        configured_width: record.configured_width,
        configured_rate: rate(record.configured_rate),
    }
}

const fn rate(rate: wire::Rate) -> Option<Rate> {
    match rate {
        wire::Rate::None => None,
        wire::Rate::Gen1 => Some(Rate::Gen1),
        wire::Rate::Gen2 => Some(Rate::Gen2),
        wire::Rate::Gen3 => Some(Rate::Gen3),
        wire::Rate::Gen4 => Some(Rate::Gen4),
        wire::Rate::Gen5 => Some(Rate::Gen5),
        wire::Rate::Gen6 => Some(Rate::Gen6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use patchbay_switchtec::LtssmState;
    use patchbay_switchtec::command::topology::Gpio;

    fn record(ltssm: LtssmState, negotiated_width: u8) -> PortRecord {
        PortRecord {
            port: wire::PhysicalPort::new(0),
            port_type: PortType::Host,
            clock_channel: 0,
            connector: 0,
            gpios: [Gpio::UNUSED; 5],
            configured_width: 8,
            negotiated_width,
            configured_rate: wire::Rate::Gen4,
            negotiated_rate: wire::Rate::Gen3,
            ltssm,
        }
    }

    #[test]
    fn a_class_code_tells_the_kind() {
        assert_eq!(kind(0x02_00_00), AdapterKind::Nic);
        assert_eq!(kind(0x0c_04_00), AdapterKind::Hba);
        assert_eq!(kind(0x01_08_02), AdapterKind::Nvme);
        assert_eq!(kind(0x12_00_00), AdapterKind::Accelerator);
        assert_eq!(kind(0x06_04_00), AdapterKind::Other);
    }

    #[test]
    fn a_port_in_l0_is_up_and_one_in_detect_shows_no_stale_width() {
        let up = link(&record(LtssmState::L0, 4));
        assert_eq!((up.up, up.width, up.rate), (true, 4, Some(Rate::Gen3)));
        let down = link(&record(LtssmState::DETECT_QUIET, 4));
        assert_eq!((down.up, down.width, down.rate), (false, 0, None));
        assert_eq!(down.configured_rate, Some(Rate::Gen4));
    }
}
