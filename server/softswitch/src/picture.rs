//! The switch's state in the shapes of the dumps (sections 5.3, 5.5 and 5.9).

use patchbay_switchtec::command::link_status::LinkRecord;
use patchbay_switchtec::command::port_config::PortConfig;
use patchbay_switchtec::command::sections::{
    Attachment, BoundTo, DetailPort, DetailSlot, Endpoint, EndpointFunction, EndpointPort,
    EndpointPortSection, FabricPortSection, FabricSection, Hvd, HvdDetail, HvdDetailSection, HvdSection,
    IdRange, LogicalPortState, PaxAll, PaxSection, Reach, SectionOwner,
};
use patchbay_switchtec::command::topology::{Gpio, PortRecord, Topology};
use patchbay_switchtec::{LogicalPort, LtssmState, Pdfid, PhysicalPort, PortType, SwitchIndex};

use crate::rack::{Function, Link, MAX_PORTS, Slot};
use crate::switch::{HostInstance, Port, Switch};

/// Ids are handed out from these (the scenario of the recorded conversations).
const FIDS: IdRange = IdRange { start: 0, end: 0x1FFF };
/// Ids of hosts; as many more as there are hosts beyond sixteen.
const HFIDS: IdRange = IdRange { start: 0x100, end: 0x10F };
const VDFIDS: IdRange = IdRange { start: 0x200, end: 0xFFF };
/// PDFIDs, which a rack file must keep to.
pub(crate) const PDFIDS: IdRange = IdRange { start: 0x1000, end: 0x1FFF };
/// Most host instances: every port may lead to a host.
pub(crate) const MAX_HOST_INSTANCES: u8 = MAX_PORTS as u8;
pub(crate) const PORTS_PER_STACK: u8 = 8;
const NO_ROUTE: u8 = 0xFF;
/// Partition of a port that belongs to none.
const NO_PARTITION: u8 = 0xFF;

impl Switch {
    fn owner(&self) -> SectionOwner {
        let index = self.rack.index;
        SectionOwner { switch: index, swfid: 0x10 * (u16::from(index.get()) + 1) }
    }

    pub(crate) fn topology(&self) -> Topology {
        let mut bifurcation = vec![0; 8];
        for (port, state) in self.ports() {
            let (stack, place) = (port.get() / PORTS_PER_STACK, port.get() % PORTS_PER_STACK);
            bifurcation[usize::from(stack)] |= bifurcation_code(state.lanes.width) << (4 * place);
        }
        let record = |(connector, (port, state)): (usize, (PhysicalPort, &Port))| {
            let trained = state.link().trained();
            PortRecord {
                port,
                port_type: state.config.port_type,
                clock_channel: state.config.clock_source,
                connector: connector as u8,
                gpios: [Gpio::UNUSED; 5],
                configured_width: state.lanes.width,
                negotiated_width: trained.width,
                configured_rate: state.lanes.rate,
                negotiated_rate: trained.rate,
                ltssm: ltssm(state.link()),
            }
        };
        let ports = self.ports().enumerate().map(record).collect();
        Topology { switch: self.rack.index, bifurcation, routes: [NO_ROUTE; 16], ports }
    }

    /// Hosts upstream with their instance as logical id, slots downstream counted from 1 (section 5.9).
    pub(crate) fn link_records(&self) -> Vec<LinkRecord> {
        let mut downstream = 0;
        let mut record = |(port, state): (PhysicalPort, &Port)| {
            let port_type = state.config.port_type;
            downstream += u8::from(port_type == PortType::Endpoint);
            let (link, trained) = (state.link(), state.link().trained());
            let partition = match port_type {
                PortType::Host | PortType::Endpoint => 0,
                PortType::FabricLink | PortType::Unused | PortType::Other(_) => NO_PARTITION,
            };
            LinkRecord {
                port,
                partition,
                logical_id: if port_type == PortType::Host { state.config.hvd } else { downstream },
                stack: port.get() / PORTS_PER_STACK,
                stack_port: port.get() % PORTS_PER_STACK,
                configured_width: state.lanes.width,
                negotiated_width: trained.width,
                upstream: port_type == PortType::Host,
                up: matches!(link, Link::Up(_)),
                rate: trained.rate,
                ltssm: ltssm(link),
                lane_reversal: 0,
                first_lane: 0,
            }
        };
        self.ports().map(&mut record).collect()
    }

    /// A port's configuration, `None` for a port that does not exist.
    pub(crate) fn port_config(&self, port: PhysicalPort) -> Option<PortConfig> {
        self.port(port).map(|port| port.config)
    }

    pub(crate) fn fabric_section(&self) -> FabricSection {
        let switches = std::array::from_fn(|at| {
            let index = SwitchIndex::new(at as u8);
            (index, if index == self.rack.index { Reach::Unicast } else { Reach::Unreachable })
        });
        FabricSection { owner: self.owner(), switches }
    }

    pub(crate) fn pax_section(&self) -> PaxSection {
        let map = |port_type| {
            let of_type = self.ports().filter(|(_, state)| state.config.port_type == port_type);
            of_type.fold(0, |map: u64, (port, _)| map | 1 << port.get())
        };
        let attached: Vec<_> = self.rack.slots.iter().filter(|slot| self.is_attached(slot)).collect();
        let host_ports: u64 = map(PortType::Host);
        PaxSection {
            owner: self.owner(),
            physical_ports: self.ports().count() as u8,
            hvds: host_ports.count_ones() as u8,
            endpoints: attached.len() as u16,
            functions: attached.iter().map(|slot| slot.adapter.functions.len() as u16).sum(),
            fids: FIDS,
            hfids: self.hfids(),
            vdfids: VDFIDS,
            pdfids: PDFIDS,
            host_ports,
            endpoint_ports: map(PortType::Endpoint),
            fabric_ports: map(PortType::FabricLink),
            free_ports: map(PortType::Unused),
        }
    }

    fn hfids(&self) -> IdRange {
        let hosts = self.rack.hosts.len() as u16;
        IdRange { end: HFIDS.end.max(HFIDS.start + hosts.saturating_sub(1)), ..HFIDS }
    }

    fn is_attached(&self, slot: &Slot) -> bool {
        self.link(slot.port).is_attached()
    }

    /// `None` for a port that is no link to another switch.
    pub(crate) fn fabric_port_section(&self, port: PhysicalPort) -> Option<FabricPortSection> {
        let known = self.port_type(port) == PortType::FabricLink;
        known.then(|| FabricPortSection { owner: self.owner(), port, peer: None })
    }

    fn hvd(&self, host: HostInstance) -> Hvd {
        let state = |number| {
            let id = LogicalPort::new(number);
            let functions = self.functions_on(host.port, id);
            LogicalPortState { id, slots: std::array::from_fn(|slot| functions.get(slot).copied()) }
        };
        Hvd {
            instance: host.instance,
            port: host.port,
            hfid: HFIDS.start + u16::from(host.instance),
            logical_ports: (0..host.logical_ports).map(state).collect(),
        }
    }

    fn host_instance(&self, instance: u8) -> Option<HostInstance> {
        self.host_instances().into_iter().find(|host| host.instance == instance)
    }

    /// `None` for an instance that does not exist.
    pub(crate) fn hvd_section(&self, instance: u8) -> Option<HvdSection> {
        let host = self.host_instance(instance)?;
        Some(HvdSection { owner: self.owner(), hvds: vec![self.hvd(host)] })
    }

    /// As [`Switch::hvd_section`], with bus numbers as a host would hand them out: bus 1 is the upstream port, bus 2
    /// holds the logical ports, and every logical port has a bus of its own behind it.
    pub(crate) fn hvd_detail_section(&self, instance: u8) -> Option<HvdDetailSection> {
        let host = self.host_instance(instance)?;
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

    /// `None` for a port that is no adapter port by configuration.
    pub(crate) fn endpoint_port_section(&self, port: PhysicalPort) -> Option<EndpointPortSection> {
        let known = self.port_type(port) == PortType::Endpoint;
        known.then(|| EndpointPortSection { owner: self.owner(), ports: vec![self.endpoint_port(port)] })
    }

    fn endpoint_port(&self, port: PhysicalPort) -> EndpointPort {
        let attachment = match self.slot(port).filter(|slot| self.is_attached(slot)) {
            Some(slot) => {
                let one = |known: &Function| function(known, self.bound_to(known.pdfid));
                let functions = slot.adapter.functions.iter().map(one).collect();
                Attachment::Endpoint(Endpoint { downstream_id: None, functions })
            }
            None => Attachment::Nothing,
        };
        EndpointPort { port, attachment }
    }

    pub(crate) fn pax_all(&self) -> PaxAll {
        let owner = self.owner();
        let hvds = self.host_instances().into_iter().map(|host| self.hvd(host)).collect();
        let slots = self.ports().filter(|(_, state)| state.config.port_type == PortType::Endpoint);
        let ports = slots.map(|(port, _)| self.endpoint_port(port)).collect();
        PaxAll {
            pax: self.pax_section(),
            hvds: HvdSection { owner, hvds },
            endpoint_ports: EndpointPortSection { owner, ports },
        }
    }
}

fn function(function: &Function, bound: Option<BoundTo>) -> EndpointFunction {
    let used = function.bars.iter().rposition(|bar| bar.log2_size != 0);
    EndpointFunction {
        id: function.index.into(),
        pdfid: function.pdfid,
        physical: function.index == 0,
        sriov: function.sriov,
        vf_number: function.index,
        bound,
        vendor: function.vendor,
        device: function.device,
        subsystem_vendor: function.subsystem_vendor,
        subsystem_device: function.subsystem_device,
        class: function.class,
        bar_count: used.map_or(0, |last| last as u8 + 1),
        bars: function.bars,
    }
}

/// What the training machine does while a link is in a state.
fn ltssm(link: Link) -> LtssmState {
    match link {
        Link::Up(_) => LtssmState::L0,
        Link::Down => LtssmState::DETECT_QUIET,
        Link::Disabled => LtssmState::DISABLED,
        Link::Reset => LtssmState::HOT_RESET,
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
