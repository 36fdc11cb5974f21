//! Ports: their lanes, their links, and what is behind them.

use patchbay_switchtec::{DeviceId, PhysicalPort, Rate};
use toml::Spanned;

use super::{Ground, Parts};
use crate::rack::error::{RackError, RackProblem};
use crate::rack::file::LinkWord;
use crate::rack::{FabricPort, Host, LANES_PER_PORT_ID, Lanes, Link, MAX_LOGICAL_PORTS, MAX_PORTS, Slot};

/// Fields of a port that hosts and slots share.
struct PortFields<'a> {
    prefix: &'static str,
    port: &'a Spanned<u8>,
    width: &'a Spanned<u8>,
    rate: &'a Spanned<u8>,
    link: Option<&'a Spanned<LinkWord>>,
    link_width: Option<&'a Spanned<u8>>,
    link_gen: Option<&'a Spanned<u8>>,
}

impl Ground<'_> {
    pub(super) fn hosts(&mut self, parts: &Parts<'_>) -> Result<Vec<Host>, RackError> {
        let mut hosts = Vec::new();
        for part in &parts.hosts {
            let name = self.name("host.name", &part.name)?;
            if !self.names.insert(name.clone()) {
                return Err(self.fault(part.name.span(), "host.name", RackProblem::NameTaken));
            }
            let (port, lanes, link) = self.port(&PortFields {
                prefix: "host",
                port: &part.port,
                width: &part.width,
                rate: &part.rate,
                link: part.link.as_ref(),
                link_width: part.link_width.as_ref(),
                link_gen: part.link_gen.as_ref(),
            })?;
            let max = MAX_LOGICAL_PORTS.into();
            let logical_ports = self.range("host.logical_ports", &part.logical_ports, 1, max)?;
            hosts.push(Host { name, port, lanes, link, logical_ports });
        }
        hosts.sort_by_key(|host| host.port);
        Ok(hosts)
    }

    pub(super) fn slots(&mut self, parts: &Parts<'_>) -> Result<Vec<Slot>, RackError> {
        let mut slots = Vec::new();
        for part in &parts.slots {
            let (port, lanes, link) = self.port(&PortFields {
                prefix: "slot",
                port: &part.port,
                width: &part.width,
                rate: &part.rate,
                link: part.link.as_ref(),
                link_width: part.link_width.as_ref(),
                link_gen: part.link_gen.as_ref(),
            })?;
            slots.push(Slot { port, lanes, link, adapter: self.adapter(&part.adapter)? });
        }
        slots.sort_by_key(|slot| slot.port);
        Ok(slots)
    }

    pub(super) fn fabric_ports(&mut self, parts: &Parts<'_>) -> Result<Vec<FabricPort>, RackError> {
        let mut ports = Vec::new();
        for part in &parts.fabric_ports {
            let (port, lanes, _) = self.port(&PortFields {
                prefix: "fabric_port",
                port: &part.port,
                width: &part.width,
                rate: &part.rate,
                link: None,
                link_width: None,
                link_gen: None,
            })?;
            ports.push(FabricPort { port, lanes });
        }
        ports.sort_by_key(|fabric| fabric.port);
        Ok(ports)
    }

    fn port(&mut self, fields: &PortFields<'_>) -> Result<(PhysicalPort, Lanes, Link), RackError> {
        let field = |name: &str| format!("{}.{name}", fields.prefix);
        let width = *fields.width.get_ref();
        if ![1, 2, 4, 8, 16].contains(&width) {
            return Err(self.fault(fields.width.span(), field("width"), RackProblem::Width(width)));
        }
        let rate = Rate::from_code(self.range(&field("gen"), fields.rate, 1, 6)?);
        let lanes = Lanes { width, rate };
        let ids = width.div_ceil(LANES_PER_PORT_ID);
        let max = i64::from(device_lanes(self.device) / LANES_PER_PORT_ID) - i64::from(ids);
        let first = self.range(&field("port"), fields.port, 0, max)?;
        let port = PhysicalPort::new(first);
        for id in first..first + ids {
            if let Some(other) = self.ports.insert(id, port) {
                let problem = RackProblem::PortTaken { port, other };
                return Err(self.fault(fields.port.span(), field("port"), problem));
            }
        }
        self.port_count += 1;
        if self.port_count > MAX_PORTS {
            return Err(self.fault(fields.port.span(), field("port"), RackProblem::TooManyPorts));
        }
        Ok((port, lanes, self.link(fields, lanes)?))
    }

    fn link(&self, fields: &PortFields<'_>, lanes: Lanes) -> Result<Link, RackError> {
        let trained = fields.link_width.or(fields.link_gen);
        let field = |name: &str| format!("{}.{name}", fields.prefix);
        let not_up = match fields.link.map(Spanned::get_ref) {
            None | Some(LinkWord::Up) => None,
            Some(LinkWord::Down) => Some(Link::Down),
            Some(LinkWord::Disabled) => Some(Link::Disabled),
        };
        match (not_up, trained) {
            (Some(_), Some(trained)) => {
                Err(self.fault(trained.span(), field("link"), RackProblem::LinkNotUp))
            }
            (Some(link), None) => Ok(link),
            (None, _) => {
                let width = fields.link_width.map_or(lanes.width, |width| *width.get_ref());
                let code = fields.link_gen.map_or(lanes.rate.code(), |rate| *rate.get_ref());
                let fits = (1..=lanes.width).contains(&width) && (1..=lanes.rate.code()).contains(&code);
                if let (false, Some(trained)) = (fits, trained) {
                    return Err(self.fault(trained.span(), field("link"), RackProblem::LinkBeyondPort));
                }
                Ok(Link::Up(Lanes { width, rate: Rate::from_code(code) }))
            }
        }
    }
}

/// Number of lanes, which a PAX has in the last two digits of its device id; 00 stands for 100 (section 2).
fn device_lanes(device: DeviceId) -> u8 {
    match (device.0 & 0xFF) as u8 {
        0 => 100,
        digits => (digits >> 4) * 10 + (digits & 0xF),
    }
}
