//! Those who act at the switches, past Patchbay: other people, cables, cards, power.

use crate::switch::HOSTS;
use crate::world::{State, World, now, skew, time_of_day};
use patchbay_domain::{LogicalPort, Pdfid};
use std::time::Duration;
use tokio::time::sleep;

/// Something happens at the switches now and then, until this is dropped.
pub async fn outside(world: World) {
    loop {
        let pause = world.with(|state| state.dice.between(20, 600));
        sleep(Duration::from_millis(pause.into())).await;
        world.with(|state| {
            if state.dice.chance(state.habits.outsiders) {
                happen(state);
            }
        });
    }
}

/// What is done at the switches while no engine runs. A card that is replaced then is what an engine has to find out before
/// it goes on.
pub fn while_away(state: &mut State) {
    while state.dice.chance(state.habits.outsiders) {
        happen(state);
    }
    if state.dice.chance(state.habits.replaced) {
        at_some(state, another_card);
    }
}

fn happen(state: &mut State) {
    match state.dice.below(23) {
        20 => set_the_clock(state),
        which => at_some(state, |state, switch| on(state, switch, which)),
    }
}

/// Does something to one of the switches, and says so.
fn at_some(state: &mut State, something: impl FnOnce(&mut State, usize) -> String) {
    let many = u32::try_from(state.switches.len()).expect("few");
    let switch = usize::try_from(state.dice.below(many)).expect("few");
    let before = state.switches[switch].held.clone();
    let what = something(state, switch);
    let after = state.switches[switch].held.clone();
    state.judge.outsider(switch, &before, &after);
    state.note(format!("outside, switch {}: {what}", switch + 1));
    state.hint(switch);
}

fn on(state: &mut State, switch: usize, which: u32) -> String {
    match which {
        0..=5 => bind(state, switch),
        6..=10 => unbind(state, switch),
        11..=13 => leave(state, switch, false),
        14 => reboot(state, switch),
        15 | 16 => card(state, switch),
        17 | 18 => cable(state, switch),
        19 => another_card(state, switch),
        _ => move_one(state, switch),
    }
}

fn somewhere(state: &mut State, switch: usize) -> (patchbay_domain::PhysicalPort, LogicalPort) {
    let port = state.dice.pick(&HOSTS).expect("some");
    let ports = state.switches[switch].size.logical_ports.into();
    (port, LogicalPort(u8::try_from(state.dice.below(ports)).expect("small")))
}

fn bind(state: &mut State, switch: usize) -> String {
    let at = somewhere(state, switch);
    let free: Vec<Pdfid> = state.switches[switch]
        .pdfids()
        .into_iter()
        .filter(|p| state.switches[switch].bound(*p).is_none())
        .collect();
    let Some(pdfid) = state.dice.pick(&free) else { return "nothing to bind".to_owned() };
    if state.switches[switch].held.contains_key(&at) {
        return "no place to bind to".to_owned();
    }
    state.switches[switch].held.insert(at, vec![pdfid]);
    format!("bind {pdfid} to {at:?}")
}

fn unbind(state: &mut State, switch: usize) -> String {
    let at = somewhere(state, switch);
    format!("unbind {at:?}: {:?}", state.switches[switch].held.remove(&at))
}

fn move_one(state: &mut State, switch: usize) -> String {
    let (from, to) = (somewhere(state, switch), somewhere(state, switch));
    let held = &mut state.switches[switch].held;
    if held.contains_key(&to) {
        return "no place to move to".to_owned();
    }
    if let Some(there) = held.remove(&from) {
        held.insert(to, there);
    }
    format!("move {from:?} to {to:?}")
}

/// The switch does not answer for a while.
fn leave(state: &mut State, switch: usize, hangs: bool) -> String {
    let long = Duration::from_millis(state.dice.between(50, 6_000).into());
    let hangs = hangs || state.dice.chance(300);
    state.switches[switch].away_until = now() + long;
    state.switches[switch].hangs = hangs;
    format!("away for {long:?}, hangs: {hangs}")
}

/// The switch is gone for a while and comes back empty.
fn reboot(state: &mut State, switch: usize) -> String {
    state.switches[switch].held.clear();
    state.switches[switch].late = None;
    state.judge.upheaval(switch);
    format!("rebooted, {}", leave(state, switch, false))
}

fn card(state: &mut State, switch: usize) -> String {
    let card = usize::try_from(state.dice.below(2)).expect("0 or 1");
    let bindings = state.dice.chance(500);
    state.judge.upheaval(switch);
    if state.switches[switch].cards[card].present {
        state.switches[switch].pull(card);
        format!("card {card} pulled")
    } else {
        state.switches[switch].plug(card, bindings);
        format!("card {card} plugged in, with bindings: {bindings}")
    }
}

/// A card is pulled, if it is in, and another one takes its slot: at once, or before the old one is back.
fn another_card(state: &mut State, switch: usize) -> String {
    let card = usize::try_from(state.dice.below(2)).expect("0 or 1");
    let renumbered = state.dice.chance(500);
    state.judge.upheaval(switch);
    if state.switches[switch].cards[card].present {
        state.switches[switch].pull(card);
    }
    state.switches[switch].replace(card, renumbered);
    state.switches[switch].plug(card, false);
    format!("card {card} replaced, renumbered: {renumbered}")
}

/// Somebody sets the clock of the machine, forwards or backwards, by up to two years.
fn set_the_clock(state: &mut State) {
    let most = state.dice.pick(&[1_000, 3_600_000, 63_072_000_000_i64]).expect("three");
    let by = i64::from(state.dice.below(2_001)) * most / 1_000 - most;
    state.judge.clock_showed(time_of_day());
    skew(by);
    state.judge.clock_showed(time_of_day());
    state.note(format!("outside: the clock is put forward by {by} ms"));
}

fn cable(state: &mut State, switch: usize) -> String {
    let port = state.dice.pick(&HOSTS).expect("some");
    let out = &mut state.switches[switch].unplugged;
    match out.iter().position(|p| *p == port) {
        Some(index) => {
            out.remove(index);
        }
        None => out.push(port),
    }
    format!("cables out: {out:?}")
}
