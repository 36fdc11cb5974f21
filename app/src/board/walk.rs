//! Walking over the board with the arrow keys.
//!
//! Each side of the board is a column of cards; each card is a row that starts with the card itself and goes on with
//! its functions. Left and right walk along a row, and at its end over to the other side; up and down go to the
//! card above or below.

use super::layout::{adapters_of, hosts_of};
use patchbay_domain::{AdapterId, FunctionId, HostId, SwitchId, Topology};
use std::fmt;

/// Something the focus can stand on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stop {
    /// A host's card.
    Host(HostId),
    /// A function in a host's card. One in flight stands in two.
    Chip(HostId, FunctionId),
    /// An adapter's card.
    Adapter(AdapterId),
    /// A function in its adapter's card.
    Cell(FunctionId),
}

impl Stop {
    /// The function that stands here, if it is one.
    pub const fn function(self) -> Option<FunctionId> {
        match self {
            Self::Chip(_, function) | Self::Cell(function) => Some(function),
            Self::Host(_) | Self::Adapter(_) => None,
        }
    }
}

/// The address of a stop in the page, as in `chip-3-12`.
impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host(host) => write!(f, "host-{host}"),
            Self::Chip(host, function) => write!(f, "chip-{host}-{function}"),
            Self::Adapter(adapter) => write!(f, "adapter-{adapter}"),
            Self::Cell(function) => write!(f, "cell-{function}"),
        }
    }
}

impl Stop {
    /// Reads the address of a stop; nothing when it is not one.
    pub fn of_address(text: &str) -> Option<Self> {
        let (kind, ids) = text.split_once('-')?;
        Some(match kind {
            "host" => Self::Host(ids.parse().ok()?),
            "chip" => {
                let (host, function) = ids.split_once('-')?;
                Self::Chip(host.parse().ok()?, function.parse().ok()?)
            }
            "adapter" => Self::Adapter(ids.parse().ok()?),
            "cell" => Self::Cell(ids.parse().ok()?),
            _ => return None,
        })
    }
}

/// One press of an arrow key, Home or End.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stride {
    /// Along the card, backwards.
    Left,
    /// Along the card.
    Right,
    /// To the card above.
    Up,
    /// To the card below.
    Down,
    /// To the first card of this side.
    Home,
    /// To the last card of this side.
    End,
}

impl Stride {
    /// The stride of a key, by the key's name in the browser.
    pub fn of_key(key: &str) -> Option<Self> {
        Some(match key {
            "ArrowLeft" => Self::Left,
            "ArrowRight" => Self::Right,
            "ArrowUp" => Self::Up,
            "ArrowDown" => Self::Down,
            "Home" => Self::Home,
            "End" => Self::End,
            _ => return None,
        })
    }
}

/// Both sides of the board, as rows of stops.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Walk {
    hosts: Vec<Vec<Stop>>,
    adapters: Vec<Vec<Stop>>,
}

impl Walk {
    /// The stops of one switch. `members` tells the chips of a host's card, in order.
    pub fn new(topology: &Topology, switch: SwitchId, members: impl Fn(HostId) -> Vec<FunctionId>) -> Self {
        let (hosts, adapters) = (hosts_of(topology, switch), adapters_of(topology, switch));
        let chips = |host| members(host).into_iter().map(move |f| Stop::Chip(host, f));
        Self {
            hosts: hosts
                .iter()
                .map(|h| std::iter::once(Stop::Host(h.id)).chain(chips(h.id)).collect())
                .collect(),
            adapters: adapters
                .iter()
                .map(|a| {
                    let cells = topology.functions_of_adapter(a.id).into_iter().map(|f| Stop::Cell(f.id));
                    std::iter::once(Stop::Adapter(a.id)).chain(cells).collect()
                })
                .collect(),
        }
    }

    /// Where the focus starts.
    pub fn first(&self) -> Option<Stop> {
        self.hosts.first().or(self.adapters.first())?.first().copied()
    }

    /// Whether a stop is still there.
    pub fn has(&self, stop: Stop) -> bool {
        self.find(stop).is_some()
    }

    /// Where a stride leads; nothing where there is nowhere to go.
    pub fn stride(&self, from: Stop, stride: Stride) -> Option<Stop> {
        let Some((side, row, column)) = self.find(from) else { return self.first() };
        let cards = self.side(side);
        let at = |cards: &[Vec<Stop>], row: usize, column: usize| {
            let card = cards.get(row)?;
            card.get(column).or(card.last()).copied()
        };
        match stride {
            Stride::Left if column > 0 => at(cards, row, column - 1),
            Stride::Right if column + 1 < cards[row].len() => at(cards, row, column + 1),
            Stride::Left if side == Side::Adapters => {
                at(&self.hosts, row.min(self.hosts.len().max(1) - 1), 0)
            }
            Stride::Right if side == Side::Hosts => {
                at(&self.adapters, row.min(self.adapters.len().max(1) - 1), 0)
            }
            Stride::Left | Stride::Right => None,
            Stride::Up => at(cards, row.checked_sub(1)?, column),
            Stride::Down => at(cards, row + 1, column),
            Stride::Home => at(cards, 0, 0),
            Stride::End => at(cards, cards.len() - 1, 0),
        }
    }

    fn side(&self, side: Side) -> &[Vec<Stop>] {
        match side {
            Side::Hosts => &self.hosts,
            Side::Adapters => &self.adapters,
        }
    }

    fn find(&self, stop: Stop) -> Option<(Side, usize, usize)> {
        [Side::Hosts, Side::Adapters].into_iter().find_map(|side| {
            let cards = self.side(side).iter().enumerate();
            cards.into_iter().find_map(|(row, card)| {
                card.iter().position(|s| *s == stop).map(|column| (side, row, column))
            })
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Hosts,
    Adapters,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::fixture::{self, *};

    fn walk() -> Walk {
        let topology = fixture::topology();
        Walk::new(&topology, SWITCH, |host| topology.functions_of_host(host).iter().map(|f| f.id).collect())
    }

    #[test]
    fn the_arrows_walk_along_a_card_and_over_to_the_other_side() {
        let walk = walk();
        let first = walk.first().expect("a rack has a first card");
        assert_eq!(first, Stop::Host(HOST_A));
        let chip = walk.stride(first, Stride::Right).expect("web-01 has a chip");
        assert_eq!(chip, Stop::Chip(HOST_A, NIC_VF1));
        assert_eq!(walk.stride(chip, Stride::Right), Some(Stop::Adapter(NIC)));
        assert_eq!(walk.stride(Stop::Adapter(NIC), Stride::Left), Some(Stop::Host(HOST_A)));
        assert_eq!(walk.stride(first, Stride::Left), None);
    }

    #[test]
    fn up_and_down_keep_the_column_where_the_card_is_long_enough() {
        let walk = walk();
        let chip = Stop::Chip(HOST_A, NIC_VF1);
        assert_eq!(walk.stride(chip, Stride::Down), Some(Stop::Host(HOST_B)));
        assert_eq!(walk.stride(Stop::Cell(NIC_VF1), Stride::Down), Some(Stop::Cell(HBA_VF1)));
        assert_eq!(walk.stride(chip, Stride::Up), None);
        assert_eq!(walk.stride(chip, Stride::End), Some(Stop::Host(HOST_FULL)));
        assert_eq!(walk.stride(Stop::Host(HOST_FULL), Stride::Home), Some(Stop::Host(HOST_A)));
    }

    #[test]
    fn a_stop_is_found_by_its_address() {
        for stop in [Stop::Host(HOST_A), Stop::Chip(HOST_B, NIC_VF1), Stop::Adapter(HBA), Stop::Cell(HBA_VF1)]
        {
            assert_eq!(Stop::of_address(&stop.to_string()), Some(stop));
        }
        for text in ["", "host", "host-", "chip-1", "port-1", "cell--1"] {
            assert_eq!(Stop::of_address(text), None, "{text}");
        }
    }

    #[test]
    fn a_stop_that_is_gone_leads_back_to_the_start() {
        let gone = Stop::Chip(HOST_B, NIC_VF1);
        assert!(!walk().has(gone));
        assert_eq!(walk().stride(gone, Stride::Down), Some(Stop::Host(HOST_A)));
    }
}
