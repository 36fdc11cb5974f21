//! What must hold of an entry, of the end of a change, and of everything when all is quiet.

use crate::judge::{Judge, Opened, Spot, index, spot};
use crate::switch::{Switch, pdfids};
use chrono::SecondsFormat;
use patchbay_domain::chain::EntryText;
use patchbay_domain::*;
use patchbay_engine::Snapshot;
use std::collections::BTreeMap;

/// Whether an entry continues the ledger.
pub fn chained(last: Option<(Seq, Hash)>, entry: &Entry) -> Result<(), String> {
    let (seq, prev) = last.unwrap_or((Seq::new(0), Hash::ZERO));
    let at = entry.at.to_rfc3339_opts(SecondsFormat::Millis, true);
    let (actor, event) = (serde_json::to_string(&entry.actor), serde_json::to_string(&entry.event));
    let (actor, event) = (actor.expect("an actor is JSON"), event.expect("an event is JSON"));
    let text = EntryText { seq: entry.seq, at: &at, actor: &actor, event: &event };
    if entry.seq != seq.next() || entry.prev != prev || entry.hash != text.hash(&prev) {
        return Err(format!("entry {} does not follow from entry {seq}", entry.seq));
    }
    Ok(())
}

/// What is wrong with how a change ended.
pub fn ended(open: &Opened, outcome: Outcome, cancelled: bool, switches: &[Switch]) -> Vec<String> {
    let mut wrong = Vec::new();
    let after: BTreeMap<Spot, Vec<Pdfid>> =
        open.plan.steps.iter().map(|step| (spot(step), pdfids(&step.after))).collect();
    let differs = |wanted: &BTreeMap<Spot, Vec<Pdfid>>| {
        let here = |(switch, at): &Spot| switches[*switch].held.get(at).cloned().unwrap_or_default();
        wanted
            .iter()
            .find(|(spot, held)| here(spot) != **held)
            .map(|(spot, held)| format!("{spot:?} holds {:?} and not {held:?}", here(spot)))
    };
    let unless = open.disturbed;
    match outcome {
        Outcome::Applied => wrong.extend(differs(&after).filter(|_| !unless)),
        Outcome::RolledBack => {
            wrong.extend(differs(&open.before).filter(|_| !unless));
            if !cancelled && !unless && !open.faulted {
                wrong.push("nothing had gone wrong".to_owned());
            }
        }
        Outcome::Stuck if !unless && !open.faulted => wrong.push("nothing had gone wrong".to_owned()),
        Outcome::Stuck => {}
    }
    if cancelled && (open.begun || outcome != Outcome::RolledBack) {
        wrong.push("it was cancelled after it began".to_owned());
    }
    wrong
}

/// The fold of the ledger, with the readings that are in no entry as they are at the switches.
fn told(folded: &Topology, switches: &[Switch], shown: &Snapshot) -> Topology {
    let mut told = folded.clone();
    for id in folded.switches.keys().copied() {
        let links = reconcile::changed_links(folded, id, &switches[index(id)].observe());
        told.set_links(id, &links);
        told.set_switch_state(id, SwitchState::Ready);
    }
    for (subject, raised) in &shown.topology.health {
        told.count_trouble(*subject, raised.times);
    }
    told
}

/// What is bad since long enough is a trouble, unless it was never good; and what is good is none.
fn health(judge: &mut Judge, shown: &Snapshot) {
    for switch in shown.topology.switches.keys().copied() {
        let once: BTreeMap<_, _> = judge.topology.signs(switch).collect();
        for (subject, sign) in shown.topology.signs(switch) {
            let raised = shown.topology.health.contains_key(&subject);
            let wrong = match sign {
                Some(Sign::Bad) => !raised && once.get(&subject) == Some(&Some(Sign::Good)),
                Some(Sign::Good) => raised,
                None => false,
            };
            judge.check(!wrong, || format!("{subject} is {sign:?}, raised: {raised}"));
        }
    }
    let gone: Vec<_> =
        shown.topology.health.keys().filter(|subject| !shown.topology.shows(**subject)).collect();
    judge.check(gone.is_empty(), || format!("{gone:?} are gone and in trouble"));
}

/// What is wrong when everything is healed and quiet.
pub fn quiet(judge: &mut Judge, switches: &[Switch], shown: &Snapshot) {
    judge.check(shown.topology.open.is_empty() && judge.open.is_empty(), || "a change is open".to_owned());
    let (seq, last) = (shown.seq, judge.seq());
    judge.check(seq == last, || format!("the picture is of entry {seq}, the ledger ends at {last}"));
    judge.check(shown.begun.is_empty(), || format!("{:?} are shown as begun", shown.begun));
    judge.check(shown.trouble.is_none(), || format!("trouble is shown: {:?}", shown.trouble));
    health(judge, shown);
    let told = told(&judge.topology, switches, shown);
    if shown.topology != told {
        let both = format!("{:#?}\n{told:#?}", shown.topology);
        judge.violated(format!("the picture is not the fold of the ledger with what is read:\n{both}"));
    }
    for function in shown.topology.functions.values() {
        let Some(switch) = shown.topology.switch_of(function) else { continue };
        let bound = switches[index(switch)].bound(function.pdfid);
        let host = |at: Assignment| shown.topology.hosts.get(&at.host).map(|h| h.port);
        let recorded = function.assigned.map(|at| (host(at), at.logical_port, at.number));
        let holds = bound.map(|at| (Some(at.port), at.logical_port, at.number)) == recorded;
        judge.check(holds, || {
            format!("{:?} is recorded at {recorded:?} and is bound at {bound:?}", function.id)
        });
    }
    let (requests, turned_down) = (&judge.requests, &judge.turned_down);
    let came: Vec<_> = turned_down
        .iter()
        .filter_map(|(request, why)| {
            Some(format!("{request} was refused ({why}) and is change {}", requests.get(request)?))
        })
        .collect();
    judge.violations.extend(came);
}
