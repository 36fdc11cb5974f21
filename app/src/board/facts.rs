//! What the plan sheet says about a plan, line by line.

use patchbay_domain::{Plan, PlannedMove, Step, Topology};

use super::layout::{count, place};

/// One line: "From", "db-02, logical port 2".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// What it is about.
    pub name: String,
    /// What it says.
    pub value: String,
}

impl Fact {
    fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into() }
    }
}

/// What moves, from where, to where, and what it keeps.
pub fn facts(topology: &Topology, plan: &Plan) -> Vec<Fact> {
    let several = plan.switches.len() > 1;
    let moving: Vec<_> = plan.moves.iter().filter(|m| m.from != m.to).collect();
    let moves = match moving.as_slice() {
        [] => Vec::new(),
        [one] => facts_of_one(topology, one),
        many => {
            let line = |m: &&PlannedMove| {
                let (from, to) = (place(topology, m.from), place(topology, m.to));
                let name = if several { topology.label_with_switch(m.function) } else { m.name.clone() };
                Fact::new(name, format!("{} from {from} to {to}", pdfid(topology, m)))
            };
            let kept = Fact::new("Keep", "their PDFIDs and everything on the adapters");
            let all = Fact::new("Moves", count(many.len(), "function", "functions"));
            std::iter::once(all).chain(many.iter().map(line)).chain(std::iter::once(kept)).collect()
        }
    };
    let untouched = plan.only_adopts().then(|| Fact::new("Switch", "is not touched"));
    moves.into_iter().chain(adopted(topology, plan)).chain(untouched).collect()
}

/// What stays where it was found, and the history follows.
fn adopted(topology: &Topology, plan: &Plan) -> impl Iterator<Item = Fact> {
    let only = if plan.only_adopts() { "" } else { "; only the history changes" };
    plan.adoptions.iter().map(move |m| {
        let (wished, found) = (place(topology, m.from), place(topology, m.to));
        Fact::new(m.name.clone(), format!("{found}, instead of {wished}{only}"))
    })
}

fn facts_of_one(topology: &Topology, one: &PlannedMove) -> Vec<Fact> {
    vec![
        Fact::new("Function", format!("{}, {}", one.name, topology.description(one.function))),
        Fact::new("From", place(topology, one.from)),
        Fact::new("To", place(topology, one.to)),
        Fact::new("Keeps", format!("PDFID {}", pdfid(topology, one))),
    ]
}

fn pdfid(topology: &Topology, planned: &PlannedMove) -> String {
    topology.functions.get(&planned.function).map(|f| f.pdfid.to_string()).unwrap_or_default()
}

/// Where a step works: "port 8, logical port 2", and on which switch where the plan has several.
pub fn step_detail(topology: &Topology, plan: &Plan, step: &Step) -> String {
    let place = format!("port {}, logical port {}", step.port, step.place.logical_port);
    let several = plan.switches.len() > 1;
    let switch = topology.switches.get(&step.switch).filter(|_| several);
    switch.map_or_else(|| place.clone(), |switch| format!("{}, {place}", switch.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::fixture::{self, *};
    use crate::board::offer::{Target, intent_for};
    use patchbay_domain::{Drift, Intent, Seq, plan};

    #[test]
    fn one_function_is_told_in_four_lines() {
        let t = fixture::topology();
        let made = plan(&t, &Intent::single(NIC_VF1, Some(HOST_B))).expect("allowed");
        assert_eq!(
            facts(&t, &made),
            [
                Fact::new("Function", "eth16v1, VF 1, 25 GbE NIC in slot 16"),
                Fact::new("From", "web-01, logical port 0"),
                Fact::new("To", "db-02, logical port 0"),
                Fact::new("Keeps", "PDFID 0x1001"),
            ]
        );
        assert_eq!(step_detail(&t, &made, &made.steps[0]), "port 0, logical port 0");
    }

    #[test]
    fn a_plan_over_two_switches_says_which_is_which() {
        let t = fixture::pair();
        let both = intent_for(&t, &[NIC_VF1, FAR_VF1], Target::Host(TWIN_B));
        let made = plan(&t, &both).expect("allowed");
        let names: Vec<_> = facts(&t, &made).into_iter().map(|f| f.name).collect();
        assert_eq!(names, ["Moves", "eth16v1 of rack-12-pax", "eth16v1 of rack-13-pax", "Keep"]);
        let places: Vec<_> = made.steps.iter().map(|step| step_detail(&t, &made, step)).collect();
        assert_eq!(
            (places[0].as_str(), places[3].as_str()),
            ("rack-12-pax, port 0, logical port 0", "rack-13-pax, port 4, logical port 0")
        );
    }

    #[test]
    fn what_is_only_adopted_is_told_too() {
        let mut t = fixture::topology();
        t.drift.insert(NIC_VF2, Drift { wished: t.functions[&NIC_VF1].assigned, since: Seq::new(1) });
        let adopting = Intent::adopting([NIC_VF2]);
        let told = |intent| {
            let made = plan(&t, &intent).expect("allowed");
            facts(&t, &made).into_iter().map(|f| format!("{}: {}", f.name, f.value)).collect::<Vec<_>>()
        };
        let adopted = "eth16v2: the pool, instead of web-01, logical port 0";
        assert_eq!(told(adopting.clone()), [adopted, "Switch: is not touched"]);
        let both = Intent { adopt: adopting.adopt, ..Intent::single(NIC_VF1, None) };
        assert_eq!(told(both).last(), Some(&format!("{adopted}; only the history changes")));
    }

    #[test]
    fn several_functions_get_a_line_each() {
        let t = fixture::topology();
        let swap = intent_for(&t, &[NIC_VF1], Target::Swap(HOST_FULL, HBA_VF1));
        let made = plan(&t, &swap).expect("allowed");
        let names: Vec<_> = facts(&t, &made).into_iter().map(|f| f.name).collect();
        assert_eq!(names, ["Moves", "eth16v1", "fc20v1", "Keep"]);
    }
}
