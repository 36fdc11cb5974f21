//! The switch's state in the shapes of the dumps (sections 5.3, 5.5 and 5.9).

use patchbay_switchtec::command::link_status::LinkRecord;
use patchbay_switchtec::command::port_config::PortConfig;
use patchbay_switchtec::command::sections::{
    Attachment, DetailPort, DetailSlot, Endpoint, EndpointFunction, EndpointPort, EndpointPortSection,
    FabricPortSection, FabricSection, Hvd, HvdDetail, HvdDetailSection, HvdSection, IdRange,
    LogicalPortState, PaxAll, PaxSection, Reach, SectionOwner,
};
use patchbay_switchtec::command::topology::{Gpio, PortRecord, Topology};
use patchbay_switchtec::{LogicalPort, LtssmState, Pdfid, PhysicalPort, PortType, Rate, SwitchIndex};

use crate::rack::{Function, Host, Lanes, Link, Slot};
use crate::switch::Switch;

/// Ids are handed out from these (the scenario of the recorded conversations).
const FIDS: IdRange = IdRange { start: 0, end: 0x1FFF };
/// Ids of hosts; as many more as there are hosts beyond sixteen.
const HFIDS: IdRange = IdRange { start: 0x100, end: 0x10F };
const VDFIDS: IdRange = IdRange { start: 0x200, end: 0xFFF };
/// PDFIDs, which a rack file must keep to.
pub(crate) const PDFIDS: IdRange = IdRange { start: 0x1000, end: 0x1FFF };
const PORTS_PER_STACK: u8 = 8;
const NO_ROUTE: u8 = 0xFF;
/// Partition of a port that belongs to none.
const NO_PARTITION: u8 = 0xFF;

impl Switch {
    fn owner(&self) -> SectionOwner {
        let index = self.rack.index;
        SectionOwner { switch: index, swfid: 0x10 * (u16::from(index.get()) + 1) }
    }

    pub(crate) fn port_type(&self, port: PhysicalPort) -> PortType {
        if self.host(port).is_some() {
            PortType::Host
        } else if self.rack.slots.iter().any(|slot| slot.port == port) {
            PortType::Endpoint
        } else if self.rack.fabric_ports.iter().any(|fabric| fabric.port == port) {
            PortType::FabricLink
        } else {
            PortType::Unused
        }
    }

    pub(crate) fn topology(&self) -> Topology {
        let ports = self.rack.ports();
        let mut bifurcation = vec![0; 8];
        for (port, lanes) in &ports {
            let (stack, place) = (port.get() / PORTS_PER_STACK, port.get() % PORTS_PER_STACK);
            bifurcation[usize::from(stack)] |= bifurcation_code(lanes.width) << (4 * place);
        }
        let record = |(connector, (port, lanes)): (usize, &(PhysicalPort, Lanes))| {
            let trained = self.trained(*port);
            PortRecord {
                port: *port,
                port_type: self.port_type(*port),
                clock_channel: 0,
                connector: connector as u8,
                gpios: [Gpio::UNUSED; 5],
                configured_width: lanes.width,
                negotiated_width: trained.width,
                configured_rate: lanes.rate,
                negotiated_rate: trained.rate,
                ltssm: self.ltssm(*port),
            }
        };
        let ports = ports.iter().enumerate().map(record).collect();
        Topology { switch: self.rack.index, bifurcation, routes: [NO_ROUTE; 16], ports }
    }

    fn trained(&self, port: PhysicalPort) -> Lanes {
        match self.link(port) {
            Link::Up(lanes) => lanes,
            Link::Down | Link::Disabled => Lanes { width: 0, rate: Rate::None },
        }
    }

    fn ltssm(&self, port: PhysicalPort) -> LtssmState {
        match self.link(port) {
            Link::Up(_) => LtssmState::L0,
            Link::Down => LtssmState::DETECT_QUIET,
            Link::Disabled => LtssmState::DISABLED,
        }
    }

    /// Hosts upstream with their instance as logical id, slots downstream counted from 1 (section 5.9).
    pub(crate) fn link_records(&self) -> Vec<LinkRecord> {
        let mut downstream = 0;
        let mut record = |(port, lanes): &(PhysicalPort, Lanes)| {
            let host = self.rack.hosts.iter().position(|host| host.port == *port);
            let kind = self.port_type(*port);
            downstream += u8::from(kind == PortType::Endpoint);
            let trained = self.trained(*port);
            LinkRecord {
                port: *port,
                partition: if kind == PortType::FabricLink { NO_PARTITION } else { 0 },
                logical_id: host.map_or(downstream, |instance| instance as u8),
                stack: port.get() / PORTS_PER_STACK,
                stack_port: port.get() % PORTS_PER_STACK,
                configured_width: lanes.width,
                negotiated_width: trained.width,
                upstream: host.is_some(),
                up: matches!(self.link(*port), Link::Up(_)),
                rate: trained.rate,
                ltssm: self.ltssm(*port),
                lane_reversal: 0,
                first_lane: 0,
            }
        };
        self.rack.ports().iter().map(&mut record).collect()
    }

    /// A port's configuration, `None` for a port that does not exist.
    pub(crate) fn port_config(&self, port: PhysicalPort) -> Option<PortConfig> {
        let port_type = Some(self.port_type(port)).filter(|kind| *kind != PortType::Unused)?;
        let hvd = self.rack.hosts.iter().position(|host| host.port == port).unwrap_or(0) as u8;
        Some(PortConfig { port_type, clock_source: 0, sris: 0, hvd })
    }

    pub(crate) fn fabric_section(&self) -> FabricSection {
        let switches = std::array::from_fn(|at| {
            let index = SwitchIndex::new(at as u8);
            (index, if index == self.rack.index { Reach::Unicast } else { Reach::Unreachable })
        });
        FabricSection { owner: self.owner(), switches }
    }

    pub(crate) fn pax_section(&self) -> PaxSection {
        let map = |ports: &mut dyn Iterator<Item = PhysicalPort>| {
            ports.fold(0, |map: u64, port| map | 1 << port.get())
        };
        let attached: Vec<_> = self.rack.slots.iter().filter(|slot| self.is_attached(slot)).collect();
        PaxSection {
            owner: self.owner(),
            physical_ports: self.rack.ports().len() as u8,
            hvds: self.rack.hosts.len() as u8,
            endpoints: attached.len() as u16,
            functions: attached.iter().map(|slot| slot.adapter.functions.len() as u16).sum(),
            fids: FIDS,
            hfids: self.hfids(),
            vdfids: VDFIDS,
            pdfids: PDFIDS,
            host_ports: map(&mut self.rack.hosts.iter().map(|host| host.port)),
            endpoint_ports: map(&mut self.rack.slots.iter().map(|slot| slot.port)),
            fabric_ports: map(&mut self.rack.fabric_ports.iter().map(|fabric| fabric.port)),
            free_ports: 0,
        }
    }

    fn hfids(&self) -> IdRange {
        let hosts = self.rack.hosts.len() as u16;
        IdRange { end: HFIDS.end.max(HFIDS.start + hosts.saturating_sub(1)), ..HFIDS }
    }

    fn is_attached(&self, slot: &Slot) -> bool {
        matches!(self.link(slot.port), Link::Up(_))
    }

    /// `None` for a port that is no link to another switch.
    pub(crate) fn fabric_port_section(&self, port: PhysicalPort) -> Option<FabricPortSection> {
        let known = self.rack.fabric_ports.iter().any(|fabric| fabric.port == port);
        known.then(|| FabricPortSection { owner: self.owner(), port, peer: None })
    }

    fn hvd(&self, instance: usize, host: &Host) -> Hvd {
        let state = |number| {
            let id = LogicalPort::new(number);
            let functions = self.functions_on(host.port, id);
            LogicalPortState { id, slots: std::array::from_fn(|slot| functions.get(slot).copied()) }
        };
        Hvd {
            instance: instance as u8,
            port: host.port,
            hfid: HFIDS.start + instance as u16,
            logical_ports: (0..host.logical_ports).map(state).collect(),
        }
    }

    /// `None` for an instance that does not exist.
    pub(crate) fn hvd_section(&self, instance: u8) -> Option<HvdSection> {
        let host = self.rack.hosts.get(usize::from(instance))?;
        Some(HvdSection { owner: self.owner(), hvds: vec![self.hvd(instance.into(), host)] })
    }

    /// As [`Switch::hvd_section`], with bus numbers as a host would hand them out: bus 1 is the upstream port, bus 2
    /// holds the logical ports, and every logical port has a bus of its own behind it.
    pub(crate) fn hvd_detail_section(&self, instance: u8) -> Option<HvdDetailSection> {
        let host = self.rack.hosts.get(usize::from(instance))?;
        let link_up = matches!(self.link(host.port), Link::Up(_));
        let bdf = |bus: u16, device: u16, function: u16| {
            if link_up { bus << 8 | device << 3 | function } else { 0 }
        };
        let detail = |number: u8| {
            let id = LogicalPort::new(number);
            let functions = self.functions_on(host.port, id);
            let slots = std::array::from_fn(|slot| {
                let function = functions.get(slot).copied();
                let function_bdf = function.map_or(0, |_| bdf(3 + u16::from(number), 0, slot as u16));
                DetailSlot {
                    bound: function.is_some(),
                    port_bdf: bdf(2, number.into(), 0),
                    function: function.unwrap_or(Pdfid::new(0xFFFF)),
                    function_bdf,
                }
            });
            DetailPort { id, slots }
        };
        let hvd = HvdDetail {
            instance,
            port: host.port,
            hfid: HFIDS.start + u16::from(instance),
            link_up,
            upstream_bdf: bdf(1, 0, 0),
            veps: Vec::new(),
            ports: (0..host.logical_ports).map(detail).collect(),
            p2p_enabled: 0,
            p2p: Vec::new(),
        };
        Some(HvdDetailSection { owner: self.owner(), hvd })
    }

    /// `None` for a port that holds no adapter by configuration.
    pub(crate) fn endpoint_port_section(&self, port: PhysicalPort) -> Option<EndpointPortSection> {
        let slot = self.rack.slots.iter().find(|slot| slot.port == port)?;
        Some(EndpointPortSection { owner: self.owner(), ports: vec![self.endpoint_port(slot)] })
    }

    fn endpoint_port(&self, slot: &Slot) -> EndpointPort {
        let attachment = if self.is_attached(slot) {
            let functions = slot.adapter.functions.iter().map(|function| self.function(function)).collect();
            Attachment::Endpoint(Endpoint { downstream_id: None, functions })
        } else {
            Attachment::Nothing
        };
        EndpointPort { port: slot.port, attachment }
    }

    fn function(&self, function: &Function) -> EndpointFunction {
        let used = function.bars.iter().rposition(|bar| bar.log2_size != 0);
        EndpointFunction {
            id: function.index.into(),
            pdfid: function.pdfid,
            physical: function.index == 0,
            sriov: function.sriov,
            vf_number: function.index,
            bound: self.bound_to(function.pdfid),
            vendor: function.vendor,
            device: function.device,
            subsystem_vendor: function.subsystem_vendor,
            subsystem_device: function.subsystem_device,
            class: function.class,
            bar_count: used.map_or(0, |last| last as u8 + 1),
            bars: function.bars,
        }
    }

    pub(crate) fn pax_all(&self) -> PaxAll {
        let owner = self.owner();
        let hvds = self.rack.hosts.iter().enumerate().map(|(at, host)| self.hvd(at, host)).collect();
        let ports = self.rack.slots.iter().map(|slot| self.endpoint_port(slot)).collect();
        PaxAll {
            pax: self.pax_section(),
            hvds: HvdSection { owner, hvds },
            endpoint_ports: EndpointPortSection { owner, ports },
        }
    }
}

/// The nibble of a bifurcation word (section 5.3).
fn bifurcation_code(width: u8) -> u32 {
    match width {
        1 => 0xF,
        2 => 1,
        4 => 2,
        8 => 4,
        16 => 8,
        _ => 0,
    }
}
