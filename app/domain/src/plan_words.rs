//! What a plan is called, and what it warns of.

use crate::ids::{FunctionId, SwitchId};
use crate::intent::Origin;
use crate::places::Places;
use crate::plan::PlannedMove;
use crate::topology::{AdapterKind, Topology};
use crate::words::list;
use std::collections::BTreeMap;

/// The title of a plan: what it does, and what it was made from.
pub(crate) fn title(moves: &[PlannedMove], adoptions: &[PlannedMove], origin: Option<Origin>) -> String {
    let asked: Vec<_> = moves.iter().filter(|m| m.asked).collect();
    let moving: Vec<_> = asked.iter().copied().filter(|m| m.changes_host()).collect();
    let base = match (if moving.is_empty() { &asked } else { &moving }.as_slice(), adoptions) {
        ([], adopted) => adoptions_title(adopted),
        (some, _) => moves_title(some),
    };
    let prefix = match origin {
        None => return base,
        Some(Origin::Undo(change)) => format!("Undo change {change}"),
        Some(Origin::Retry(change)) => format!("Finish change {change}"),
        Some(Origin::Accept(change)) => format!("Accept the end of change {change}"),
        Some(Origin::Restore(seq)) => format!("Restore entry {seq}"),
        Some(Origin::Revert) => "Revert".to_owned(),
    };
    format!("{prefix}: {}", lower_first(&base))
}

/// "Accept eth16v5 on db-02", or a count.
fn adoptions_title(adopted: &[PlannedMove]) -> String {
    match adopted {
        [one] => match &one.to_name {
            Some(host) => format!("Accept {} on {host}", one.name),
            None => format!("Accept {} in the pool", one.name),
        },
        many => format!("Accept {} functions where they are", many.len()),
    }
}

/// The first letter only: the rest holds names.
fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_lowercase().collect::<String>() + chars.as_str()).unwrap_or_default()
}

/// "Move eth16v5 to web-03", "Swap …", or a count.
fn moves_title(moves: &[&PlannedMove]) -> String {
    match moves {
        [one] => match (&one.from_name, &one.to_name) {
            (None, Some(to)) => format!("Assign {} to {to}", one.name),
            (Some(from), Some(to)) if from == to => format!("Move {} on {to}", one.name),
            (Some(_), Some(to)) => format!("Move {} to {to}", one.name),
            (Some(from), None) => format!("Release {} from {from}", one.name),
            (None, None) => format!("Leave {} in the pool", one.name),
        },
        [a, b] if is_swap(a, b) => format!("Swap {} and {}", a.name, b.name),
        many => {
            let first = many.first().and_then(|m| m.to_name.clone());
            match first.filter(|to| many.iter().all(|m| m.to_name.as_ref() == Some(to))) {
                Some(to) => format!("Move {} functions to {to}", many.len()),
                None if many.iter().all(|m| m.to.is_none()) => format!("Release {} functions", many.len()),
                None => format!("Move {} functions", many.len()),
            }
        }
    }
}

/// By name: two functions of different switches change servers by different cables.
fn is_swap(a: &PlannedMove, b: &PlannedMove) -> bool {
    a.from.is_some() && b.from.is_some() && a.from_name == b.to_name && b.from_name == a.to_name
}

/// What the plan takes away or interrupts, one sentence for each host and kind.
pub(crate) fn warnings(topology: &Topology, places: &Places, moves: &[PlannedMove]) -> Vec<String> {
    let (mut losses, mut gains) = (BTreeMap::<_, Vec<Lost<'_>>>::new(), Gains::new());
    for one in moves.iter().filter(|m| m.changes_host()) {
        let function = topology.functions.get(&one.function);
        let Some(adapter) = function.and_then(|f| topology.adapter_of(f)) else { continue };
        if let Some(host) = one.from_name.as_deref() {
            let lost = Lost { one, switch: adapter.switch };
            losses.entry((host, adapter.kind)).or_default().push(lost);
        }
        if let Some(host) = one.to_name.as_deref() {
            *gains.entry((host, adapter.kind)).or_default() += 1;
        }
    }
    let lost = losses.iter().map(|((host, kind), lost)| loss(topology, places, host, *kind, lost, &gains));
    let shared = moves.iter().filter(|m| m.from.is_some() && !m.asked).map(|m| {
        let host = m.from_name.as_deref().unwrap_or("its host");
        format!("{host} loses {} for a moment: it shares a logical port with a function that leaves.", m.name)
    });
    lost.chain(shared).collect()
}

/// How many functions of each kind come to each server.
type Gains<'a> = BTreeMap<(&'a str, AdapterKind), usize>;

/// A function that a server loses.
struct Lost<'a> {
    one: &'a PlannedMove,
    switch: SwitchId,
}

fn kind_of(topology: &Topology, function: FunctionId) -> Option<AdapterKind> {
    topology.functions.get(&function).and_then(|f| topology.adapter_of(f)).map(|a| a.kind)
}

/// What is lost, each with its switch where there are several: two switches may have functions of the same label.
fn names(topology: &Topology, lost: &[Lost<'_>]) -> Vec<String> {
    let one = lost.windows(2).all(|pair| pair[0].switch == pair[1].switch);
    let name = |m: &PlannedMove| if one { m.name.clone() } else { topology.label_with_switch(m.function) };
    lost.iter().map(|lost| name(lost.one)).collect()
}

fn loss(
    topology: &Topology,
    places: &Places,
    host: &str,
    kind: AdapterKind,
    lost: &[Lost<'_>],
    gains: &Gains<'_>,
) -> String {
    let names = names(topology, lost);
    // A server has what any of its cables brings.
    let cables = topology.hosts.values().filter(|h| h.name == host);
    let had =
        cables.flat_map(|cable| places.of_host(cable.id)).filter(|&f| kind_of(topology, f) == Some(kind));
    let gained = gains.get(&(host, kind)).copied().unwrap_or(0);
    let left = (had.count() + gained).saturating_sub(lost.len());
    let names = list(&names);
    match left {
        0 => format!("{host} loses {names} and has no {kind} function left."),
        1 => format!("{host} loses {names} and keeps one {kind} function."),
        n => format!("{host} loses {names} and keeps {n} {kind} functions."),
    }
}
