//! The rules: which intents can become plans.
//!
//! The same code decides which hosts light up under a dragged function and what the server accepts.

pub(crate) use crate::choose::Target;
use crate::choose::choose;
use crate::ids::{FunctionId, HostId};
use crate::intent::{Intent, MOVES_MAX, Move};
use crate::places::Places;
use crate::refusal::Refusal;
use crate::topology::{Adapter, Function, Host, Place, SwitchState, Topology};
use crate::words::function_label;
use crate::{LogicalPort, SwitchId};
use std::collections::BTreeSet;

/// Whether an intent can become a plan on this topology.
///
/// # Errors
/// The first rule it breaks, with the names for the sentence.
pub fn check(topology: &Topology, intent: &Intent) -> Result<(), Refusal> {
    check_with(topology, &Places::of(topology), intent)
}

/// The same on a topology whose places are known already: for asking several times.
///
/// # Errors
/// The first rule it breaks, with the names for the sentence.
pub fn check_with(topology: &Topology, places: &Places, intent: &Intent) -> Result<(), Refusal> {
    resolve(topology, places, intent).map(|_| ())
}

/// An intent that passed every rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Resolution<'a> {
    pub(crate) moves: Vec<Resolved<'a>>,
    pub(crate) adoptions: Vec<FunctionId>,
    pub(crate) switches: BTreeSet<SwitchId>,
}

/// A move that breaks no rule by itself, with what it names.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Checked<'a> {
    pub(crate) function: &'a Function,
    pub(crate) adapter: &'a Adapter,
    /// The host that the function's switch reaches; none for the pool.
    pub(crate) host: Option<&'a Host>,
    /// The logical port that the move names there.
    pub(crate) at: Option<LogicalPort>,
}

/// A move with its logical port chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Resolved<'a> {
    pub(crate) function: &'a Function,
    pub(crate) adapter: &'a Adapter,
    pub(crate) to: Option<Target>,
}

impl Resolved<'_> {
    /// The label of its function.
    pub(crate) fn label(&self) -> String {
        function_label(self.adapter, self.function)
    }
}

/// Checks every rule and chooses a logical port for every move, in the order of the intent.
pub(crate) fn resolve<'a>(
    topology: &'a Topology,
    places: &Places,
    intent: &Intent,
) -> Result<Resolution<'a>, Refusal> {
    check_size(intent)?;
    check_each_once(topology, intent)?;
    let moves = intent.moves.iter().map(|wanted| check_move(topology, places, wanted));
    let moves = moves.collect::<Result<Vec<_>, _>>()?;
    let mut switches: BTreeSet<_> = moves.iter().map(|checked| checked.adapter.switch).collect();
    for &function in &intent.adopt {
        switches.insert(check_adoption(topology, places, function)?);
    }
    let moves = choose(topology, places, &moves)?;
    Ok(Resolution { moves, adoptions: intent.adopt.clone(), switches })
}

fn check_size(intent: &Intent) -> Result<(), Refusal> {
    match intent.functions().count() {
        0 => Err(Refusal::Empty),
        moves if moves > MOVES_MAX => Err(Refusal::TooMany { moves }),
        _ => Ok(()),
    }
}

fn check_each_once(topology: &Topology, intent: &Intent) -> Result<(), Refusal> {
    let mut seen = BTreeSet::new();
    match intent.functions().find(|function| !seen.insert(*function)) {
        Some(function) => Err(Refusal::Twice { function, name: topology.label(function) }),
        None => Ok(()),
    }
}

/// The rules that look at one move alone.
fn check_move<'a>(topology: &'a Topology, places: &Places, wanted: &Move) -> Result<Checked<'a>, Refusal> {
    let function = topology.function(wanted.function)?;
    let adapter =
        topology.adapter_of(function).ok_or(Refusal::UnknownFunction { function: wanted.function })?;
    check_switch_ready(topology, adapter.switch)?;
    check_not_in_flight(topology, places, function)?;
    let host = match wanted.to {
        None if function.assigned.is_none() => {
            return Err(Refusal::AlreadyFree { function: function.id, name: topology.label(function.id) });
        }
        None => None,
        Some(host) => {
            let host = reached(topology, function, adapter.switch, topology.host(host)?)?;
            check_assign(topology, function, adapter, host, wanted.at)?;
            Some(host)
        }
    };
    Ok(Checked { function, adapter, host, at: wanted.at })
}

/// The host by which the function's switch reaches the server of a host.
fn reached<'a>(
    topology: &'a Topology,
    function: &Function,
    switch: SwitchId,
    host: &'a Host,
) -> Result<&'a Host, Refusal> {
    if let Some(reached) = topology.reach(host, switch) {
        return Ok(reached);
    }
    let (function, name) = (function.id, topology.label(function.id));
    let (host_name, switch_name) = (host.name.clone(), switch_name(topology, switch));
    if topology.cables_to(host, switch).next().is_some() {
        return Err(Refusal::SeveralHosts { function, name, host_name, switch_name });
    }
    let host_switch_name = self::switch_name(topology, host.switch);
    Err(Refusal::OtherSwitch { function, name, switch_name, host_name, host_switch_name })
}

fn check_switch_ready(topology: &Topology, id: SwitchId) -> Result<(), Refusal> {
    let switch_name = || switch_name(topology, id);
    match topology.switches.get(&id).map(|switch| switch.state) {
        Some(SwitchState::Ready) => Ok(()),
        Some(SwitchState::Connecting) => Err(Refusal::SwitchUnread { switch_name: switch_name() }),
        Some(SwitchState::Unreachable) | None => Err(Refusal::SwitchAway { switch_name: switch_name() }),
    }
}

/// A function is part of a change too when it shares its logical port with one that moves: the port is unbound as a
/// whole. One that somebody else put on a logical port that an open change will use has to wait as well: both would
/// reprogram that port.
fn check_not_in_flight(topology: &Topology, places: &Places, function: &Function) -> Result<(), Refusal> {
    let (id, name) = (function.id, || topology.label(function.id));
    if let Some(change) = places.change_in_flight(id) {
        return Err(Refusal::InFlight { function: id, name: name(), change });
    }
    let Some(at) = function.assigned else { return Ok(()) };
    let sharer = places.on(at.place()).find_map(|sharer| Some((sharer, places.change_in_flight(sharer)?)));
    if let Some((sharer, change)) = sharer {
        return Err(Refusal::InFlight { function: sharer, name: topology.label(sharer), change });
    }
    match places.reserved(at.place()) {
        Some(change) => {
            let (host_name, logical_port) = (topology.host_name(at.host), at.logical_port.0);
            Err(Refusal::PortInFlight { function: id, name: name(), host_name, logical_port, change })
        }
        None => Ok(()),
    }
}

fn check_assign(
    topology: &Topology,
    function: &Function,
    adapter: &Adapter,
    host: &Host,
    at: Option<LogicalPort>,
) -> Result<(), Refusal> {
    let name = || topology.label(function.id);
    if at.is_none() && function.assigned.is_some_and(|a| a.host == host.id) {
        let host_name = host.name.clone();
        return Err(Refusal::AlreadyThere { function: function.id, name: name(), host_name });
    }
    // Putting a function back where the ledger wishes it takes nothing from anybody, and the host had it without a link.
    let back = || topology.wish(function.id).is_some_and(|wished| wished.host == host.id);
    if !host.link.up && !back() {
        return Err(Refusal::CableDown { host: host.id, host_name: host.name.clone(), port: host.port.0 });
    }
    let card = || (adapter.name.clone(), adapter.slot.0);
    if !adapter.present {
        let (adapter_name, slot) = card();
        return Err(Refusal::AdapterAbsent { function: function.id, name: name(), adapter_name, slot });
    }
    if !adapter.link.up {
        let (adapter_name, slot) = card();
        return Err(Refusal::SlotDown { function: function.id, name: name(), adapter_name, slot });
    }
    Ok(())
}

/// Adopting needs a difference to adopt, and a switch whose word is fresh. Gives the switch.
fn check_adoption(topology: &Topology, places: &Places, id: FunctionId) -> Result<SwitchId, Refusal> {
    let function = topology.function(id)?;
    let switch = topology.switch_of(function).ok_or(Refusal::UnknownFunction { function: id })?;
    check_switch_ready(topology, switch)?;
    check_not_in_flight(topology, places, function)?;
    match topology.drift.get(&id) {
        Some(_) => Ok(switch),
        None => Err(Refusal::NotDrifted { function: id, name: topology.label(id) }),
    }
}

fn switch_name(topology: &Topology, id: SwitchId) -> String {
    topology.switches.get(&id).map_or_else(|| format!("switch {id}"), |switch| switch.name.clone())
}

/// The place a single function would get on the server of a host, for showing it before the drop.
///
/// # Errors
/// The rule that refuses it.
pub fn place_for(
    topology: &Topology,
    places: &Places,
    function: FunctionId,
    host: HostId,
) -> Result<Place, Refusal> {
    let resolved = resolve(topology, places, &Intent::single(function, Some(host)))?;
    let target = resolved.moves.first().and_then(|r| r.to).ok_or(Refusal::Empty)?;
    Ok(target.place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{self, *};
    use crate::ledger::{Difference, Event};
    use crate::plan::plan;
    use crate::topology::Assignment;
    use crate::{AdapterId, ChangeId};

    fn refusal(topology: &Topology, moves: &[(FunctionId, Option<HostId>)]) -> &'static str {
        let intent = Intent::moving(moves.iter().map(|&(function, to)| Move::new(function, to)).collect());
        check(topology, &intent).expect_err("must be refused").code()
    }

    #[test]
    fn each_rule_refuses_with_its_own_code() {
        let t = fixture::topology();
        assert_eq!(refusal(&t, &[]), "empty");
        assert_eq!(refusal(&t, &[(FunctionId::new(999), Some(HOST_A))]), "unknown_function");
        assert_eq!(refusal(&t, &[(NIC_VF2, Some(HostId::new(999)))]), "unknown_host");
        assert_eq!(refusal(&t, &[(NIC_VF2, Some(HOST_A)), (NIC_VF2, Some(HOST_B))]), "twice");
        assert_eq!(refusal(&t, &[(NIC_VF1, Some(HOST_A))]), "already_there");
        assert_eq!(refusal(&t, &[(NIC_VF2, None)]), "already_free");
        assert_eq!(refusal(&t, &[(NIC_VF2, Some(HOST_DOWN))]), "cable_down");
        assert_eq!(refusal(&t, &[(NIC_VF2, Some(HOST_FULL))]), "host_full");
        assert_eq!(refusal(&t, &vec![(NIC_VF2, None); MOVES_MAX + 1]), "too_many");
    }

    #[test]
    fn an_absent_or_unlinked_adapter_refuses_assignment_but_not_release() {
        let mut t = fixture::topology();
        t.adapters.get_mut(&NIC).expect("in the fixture").link =
            crate::Link::full(8, crate::Rate::Gen4).lost();
        assert_eq!(refusal(&t, &[(NIC_VF2, Some(HOST_A))]), "slot_down");
        assert_eq!(check(&t, &Intent::single(NIC_VF1, None)), Ok(()));
        t.adapters.get_mut(&NIC).expect("in the fixture").present = false;
        assert_eq!(refusal(&t, &[(NIC_VF2, Some(HOST_A))]), "adapter_absent");
    }

    #[test]
    fn a_switch_that_is_away_or_unread_refuses() {
        let mut t = fixture::topology();
        t.switches.get_mut(&SWITCH).expect("in the fixture").state = SwitchState::Unreachable;
        assert_eq!(refusal(&t, &[(NIC_VF2, Some(HOST_A))]), "switch_away");
        t.switches.get_mut(&SWITCH).expect("in the fixture").state = SwitchState::Connecting;
        assert_eq!(refusal(&t, &[(NIC_VF1, None)]), "switch_unread");
    }

    #[test]
    fn functions_stay_on_their_switch() {
        let mut t = fixture::topology();
        let other = SwitchId::new(2);
        t.switches.insert(other, crate::Switch { id: other, ..t.switches[&SWITCH].clone() });
        t.hosts.get_mut(&HOST_B).expect("in the fixture").switch = other;
        assert_eq!(refusal(&t, &[(NIC_VF2, Some(HOST_B))]), "other_switch");
        let far = AdapterId::new(77);
        t.adapters.insert(far, Adapter { id: far, switch: other, ..t.adapters[&NIC].clone() });
        t.functions.get_mut(&NIC_VF3).expect("in the fixture").adapter = far;
        let both = Intent::moving(vec![Move::new(NIC_VF2, Some(HOST_A)), Move::new(NIC_VF3, Some(HOST_B))]);
        let made = plan(&t, &both).expect("one plan over two switches");
        assert_eq!(made.switches, [SWITCH, other]);
        assert_eq!(made.steps.iter().map(|s| s.switch).collect::<Vec<_>>(), [SWITCH, other]);
    }

    #[test]
    fn a_logical_port_can_be_named() {
        let t = fixture::topology();
        let named = |function, host, port| {
            Intent::moving(vec![Move { at: Some(LogicalPort(port)), ..Move::new(function, Some(host)) }])
        };
        let made = plan(&t, &named(NIC_VF2, HOST_A, 6)).expect("free");
        assert_eq!(made.moves[0].to.map(|a| a.logical_port), Some(LogicalPort(6)));
        let code = |intent: &Intent| check(&t, intent).expect_err("must be refused").code();
        assert_eq!(code(&named(NIC_VF2, HOST_A, 8)), "no_such_port");
        assert_eq!(code(&named(NIC_VF2, HOST_A, 0)), "place_taken");
        assert_eq!(code(&named(NIC_VF1, HOST_A, 0)), "already_there");
        let within = plan(&t, &named(NIC_VF1, HOST_A, 3)).expect("to another logical port of its host");
        assert_eq!(within.title, "Move eth16v1 on web-01");
        assert_eq!(within.steps.len(), 2);
    }

    #[test]
    fn a_function_in_flight_is_refused_and_its_new_port_is_reserved() {
        let mut t = fixture::topology();
        let first = plan(&t, &Intent::single(NIC_VF2, Some(HOST_B))).expect("allowed");
        let target = first.steps[0].place;
        let id = ChangeId::new(5);
        t.open.insert(id, fixture::open(id, first));
        assert_eq!(refusal(&t, &[(NIC_VF2, Some(HOST_A))]), "in_flight");
        let place = place_for(&t, &Places::of(&t), NIC_VF3, HOST_B).expect("another port is free");
        assert_ne!(place, target);
    }

    #[test]
    fn a_function_waits_for_what_is_adopted_beside_it_on_its_logical_port() {
        let mut t = fixture::topology();
        let shared = Assignment { host: HOST_A, logical_port: LogicalPort(0), number: 1 };
        let (function, name, recorded_name, found_name) = (NIC_VF2, "eth16v2".to_owned(), None, None);
        let found = Some(shared);
        let one =
            Difference { function, name, recorded: None, recorded_name, found, found_name, left_by: None };
        t.apply(&entry(Event::BindingsFound { switch: SWITCH, differences: vec![one] }));
        let adopting = plan(&t, &Intent::adopting([NIC_VF2])).expect("allowed");
        t.open.insert(ChangeId::new(5), fixture::open(ChangeId::new(5), adopting));
        let refused = check(&t, &Intent::single(NIC_VF1, None)).expect_err("it would unbind both");
        assert_eq!(refused.to_string(), "eth16v2 is part of change 5. Wait until that has ended.");
    }

    #[test]
    fn a_function_that_somebody_else_put_on_a_reserved_port_waits() {
        let mut t = fixture::topology();
        let first = plan(&t, &Intent::single(NIC_VF2, Some(HOST_B))).expect("allowed");
        let target = first.steps[0].place;
        let id = ChangeId::new(5);
        t.open.insert(id, fixture::open(id, first));
        assign(&mut t, NIC_VF3, target.host, target.logical_port.0, 0);
        assert_eq!(refusal(&t, &[(NIC_VF3, None)]), "in_flight");
        let words = |function| check(&t, &Intent::single(function, None)).expect_err("refused").to_string();
        let reserved =
            "eth16v3 is on logical port 0 of db-02, which change 5 will use. Wait until that has ended.";
        assert_eq!(words(NIC_VF3), reserved, "nothing moves it");
        assert_eq!(words(NIC_VF2), "eth16v2 is part of change 5. Wait until that has ended.");
    }

    #[test]
    fn two_full_hosts_can_swap() {
        let t = fixture::topology();
        let mine = t.functions_of_host(HOST_FULL)[0].id;
        let swap = Intent::moving(vec![Move::new(NIC_VF1, Some(HOST_FULL)), Move::new(mine, Some(HOST_A))]);
        let resolved = resolve(&t, &Places::of(&t), &swap).expect("the port freed by the swap is used");
        assert!(resolved.moves.iter().any(|r| r.to.is_some_and(|to| to.deferred)));
    }
}
