//! What clients ask for: every kind of change, drawn from what they see.

use crate::rig::Board;
use crate::rig::door::Wanted;
use fastrand::Rng;
use patchbay_domain::{FunctionId, HostId, SwitchId};

/// One function, and the host that shall have it.
type Wish = (FunctionId, Option<HostId>);

/// Most functions of a request for several at once.
const SEVERAL_MAX: usize = 5;

/// A wish that makes sense on the board, or seems to: rules may still refuse it.
pub fn draw(rng: &mut Rng, board: &Board) -> Wanted {
    let switches = board.switches();
    let Some(&switch) = rng.choice(&switches) else { return Wanted::new() };
    match rng.u8(0..10) {
        0..=4 => one(rng, board, switch).into_iter().collect(),
        5..=6 => swap(rng, board, switch),
        7..=8 => several(rng, board, &[switch]),
        _ => several(rng, board, &switches),
    }
}

/// Assigns, moves or releases one function.
fn one(rng: &mut Rng, board: &Board, switch: SwitchId) -> Option<Wish> {
    let (function, at) = *rng.choice(&board.movable(switch))?;
    let hosts: Vec<_> = board.hosts(switch).into_iter().filter(|host| Some(*host) != at).collect();
    let released = at.is_some() && rng.u8(0..4) == 0;
    let to = if released { None } else { rng.choice(&hosts).copied() };
    Some((function, to))
}

/// Exchanges two functions of two hosts.
fn swap(rng: &mut Rng, board: &Board, switch: SwitchId) -> Wanted {
    let assigned = |(function, host): (FunctionId, Option<HostId>)| Some((function, host?));
    let mut assigned: Vec<_> = board.movable(switch).into_iter().filter_map(assigned).collect();
    rng.shuffle(&mut assigned);
    let Some(&(first, here)) = assigned.first() else { return Wanted::new() };
    let other = assigned.iter().find(|(_, host)| *host != here);
    let moves = other.map(|&(second, there)| vec![(first, Some(there)), (second, Some(here))]);
    moves.unwrap_or_default()
}

fn several(rng: &mut Rng, board: &Board, switches: &[SwitchId]) -> Wanted {
    let mut moves = Wanted::new();
    for nth in 0..rng.usize(2..=SEVERAL_MAX) {
        if let Some(next) = one(rng, board, switches[nth % switches.len()])
            && moves.iter().all(|(known, _)| *known != next.0)
        {
            moves.push(next);
        }
    }
    moves
}
