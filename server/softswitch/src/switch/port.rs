//! A port, and why its link is as it is.

use patchbay_switchtec::command::port_config::PortConfig;
use patchbay_switchtec::{PortType, Rate};

use crate::rack::{Lanes, Link};

/// What a port's cable or slot leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FarEnd {
    /// A host.
    Host,
    /// An adapter.
    Adapter,
    /// Another switch, which is not there.
    Switch,
}

/// A port. Its link follows from causes that come and go independently of each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Port {
    /// What the port is built for.
    pub(crate) lanes: Lanes,
    pub(crate) far_end: FarEnd,
    /// Type, clock and host instance; set by PORT_CONFIG.
    pub(crate) config: PortConfig,
    /// Whether the cable is plugged in, or the adapter is in its slot.
    pub(crate) plugged: bool,
    /// Set by PORT_CONTROL.
    pub(crate) enabled: bool,
    /// Whether a hot reset is held. It travels over the link, so it ends with it.
    pub(crate) reset_held: bool,
    /// What the link trains to: at most [`Self::lanes`].
    pub(crate) trains_to: Lanes,
}

impl Port {
    /// A port as a rack describes it.
    pub(crate) fn new(lanes: Lanes, far_end: FarEnd, hvd: u8, link: Link) -> Self {
        let port_type = match far_end {
            FarEnd::Host => PortType::Host,
            FarEnd::Adapter => PortType::Endpoint,
            FarEnd::Switch => PortType::FabricLink,
        };
        let config = PortConfig { port_type, clock_source: 0, sris: 0, hvd };
        let mut port = Self {
            lanes,
            far_end,
            config,
            plugged: far_end != FarEnd::Switch,
            enabled: true,
            reset_held: false,
            trains_to: lanes,
        };
        port.force(link);
        port
    }

    /// Sets the causes so that the link is as wanted, as far as the port's configuration allows it.
    pub(crate) fn force(&mut self, link: Link) {
        match link {
            Link::Up(lanes) => self.trains_to = lanes,
            Link::Down | Link::Disabled | Link::Reset => {}
        }
        self.plugged = self.far_end != FarEnd::Switch && link != Link::Down;
        self.enabled = link != Link::Disabled;
        self.reset_held = link == Link::Reset;
    }

    /// The link as its causes make it.
    pub(crate) fn link(&self) -> Link {
        let fits = matches!(
            (self.config.port_type, self.far_end),
            (PortType::Host, FarEnd::Host) | (PortType::Endpoint, FarEnd::Adapter)
        );
        match () {
            () if self.config.port_type == PortType::Unused => Link::Down,
            () if !self.enabled => Link::Disabled,
            () if !self.plugged || !fits => Link::Down,
            () if self.reset_held => Link::Reset,
            () => Link::Up(self.trains_to),
        }
    }

    /// Lets a reset end that has lost its link.
    pub(super) fn settle(&mut self) {
        self.reset_held &= self.link().is_attached();
    }
}

impl Link {
    /// Whether something answers at the other end, be it held in reset.
    pub(crate) fn is_attached(self) -> bool {
        matches!(self, Self::Up(_) | Self::Reset)
    }

    /// Width and rate; none when nothing can be sent.
    pub(crate) fn trained(self) -> Lanes {
        match self {
            Self::Up(lanes) => lanes,
            Self::Down | Self::Disabled | Self::Reset => Lanes { width: 0, rate: Rate::None },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: Lanes = Lanes { width: 8, rate: Rate::Gen4 };

    #[test]
    fn every_cause_takes_the_link_away_by_itself() {
        let whole = Port::new(FULL, FarEnd::Host, 0, Link::Up(FULL));
        assert_eq!(whole.link(), Link::Up(FULL));
        assert_eq!(Port { plugged: false, ..whole.clone() }.link(), Link::Down);
        assert_eq!(Port { enabled: false, ..whole.clone() }.link(), Link::Disabled);
        assert_eq!(Port { reset_held: true, ..whole.clone() }.link(), Link::Reset);
        for port_type in [PortType::Unused, PortType::Endpoint, PortType::FabricLink] {
            let config = PortConfig { port_type, ..whole.config };
            assert_eq!(Port { config, ..whole.clone() }.link(), Link::Down, "{port_type:?}");
        }
        let narrow = Lanes { width: 2, rate: Rate::Gen1 };
        assert_eq!(Port { trains_to: narrow, ..whole }.link(), Link::Up(narrow));
    }

    #[test]
    fn a_reset_ends_with_its_link() {
        let mut port = Port::new(FULL, FarEnd::Adapter, 0, Link::Reset);
        port.settle();
        assert_eq!(port.link(), Link::Reset);
        port.enabled = false;
        port.settle();
        port.enabled = true;
        assert_eq!(port.link(), Link::Up(FULL));
    }

    #[test]
    fn nothing_answers_on_a_link_to_a_switch_that_is_not_there() {
        for link in [Link::Up(FULL), Link::Down, Link::Reset] {
            assert_eq!(Port::new(FULL, FarEnd::Switch, 0, link).link(), Link::Down);
        }
    }
}
