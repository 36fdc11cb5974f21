//! Ways back as a face is shown them: proposals, and what somebody else changed.

use patchbay_domain::{
    Assignment, DriftKind, FunctionId, Generation, Intent, Places, Plan, Refusal, Seq, SwitchId, Topology,
    plan_with,
};
use serde::{Deserialize, Serialize};

/// An intent that could be sent, with the plan it would become now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// To send with a change.
    pub intent: Intent,
    /// To send as `seen` with it.
    pub generation: Generation,
    /// What would happen; none when a rule refuses it.
    pub plan: Option<Plan>,
    /// The rule that refuses it.
    pub refusal: Option<Refusal>,
    /// Why it is refused, as a sentence.
    pub why: Option<String>,
    /// What it leaves out because it is no longer there, in sentences.
    pub left_out: Vec<String>,
}

impl Proposal {
    /// The proposal of an intent on a topology.
    pub fn new(topology: &Topology, places: &Places, intent: Intent, left_out: Vec<String>) -> Self {
        let (plan, refusal) = match plan_with(topology, places, &intent) {
            Ok(plan) => (Some(plan), None),
            Err(refusal) => (None, Some(refusal)),
        };
        let why = refusal.as_ref().map(|refusal| match refusal {
            Refusal::Empty if !left_out.is_empty() => left_out.join(" "),
            _ => refusal.to_string(),
        });
        Self { intent, generation: topology.generation, plan, refusal, why, left_out }
    }
}

/// One function that is not where the ledger wishes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DriftView {
    /// The function.
    pub function: FunctionId,
    /// Its label.
    pub name: String,
    /// Its switch.
    pub switch: Option<SwitchId>,
    /// What happened to it.
    pub kind: Option<DriftKind>,
    /// Where the ledger wishes it; none for the pool.
    pub wished: Option<Assignment>,
    /// Where the switch has it; none for the pool.
    pub found: Option<Assignment>,
    /// The whole of it as a sentence.
    pub words: String,
    /// The entry that first found it.
    pub since: Seq,
    /// The ledger follows the switch.
    pub adopt: Proposal,
    /// The switch follows the ledger.
    pub revert: Proposal,
}

/// Everything that somebody else changed on one switch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SwitchDriftView {
    /// The switch.
    pub switch: SwitchId,
    /// Its name.
    pub name: String,
    /// Each difference.
    pub functions: Vec<DriftView>,
    /// All of it adopted by one plan.
    pub adopt: Proposal,
    /// All of it reverted by one plan: what restores a switch that came up empty.
    pub revert: Proposal,
}

impl SwitchDriftView {
    /// The switches that have drifted, with everything that has.
    pub fn all(topology: &Topology) -> Vec<Self> {
        let drifted = topology.switches.values().filter(|s| topology.drifted(s.id).next().is_some());
        // Once for all: a switch that came up empty has thousands of differences.
        let places = Places::of(topology);
        let proposal = |intent| Proposal::new(topology, &places, intent, Vec::new());
        drifted
            .map(|switch| {
                let functions: std::collections::BTreeSet<_> = topology.drifted(switch.id).collect();
                let adopt = Intent::adopting(functions.iter().copied());
                Self {
                    switch: switch.id,
                    name: switch.name.clone(),
                    adopt: proposal(adopt),
                    revert: proposal(topology.revert(&functions)),
                    functions: functions
                        .into_iter()
                        .map(|id| DriftView::new(topology, &places, id))
                        .collect(),
                }
            })
            .collect()
    }
}

impl DriftView {
    fn new(topology: &Topology, places: &Places, id: FunctionId) -> Self {
        let proposal = |intent| Proposal::new(topology, places, intent, Vec::new());
        let function = topology.functions.get(&id);
        let drift = topology.drift.get(&id);
        Self {
            function: id,
            name: topology.label(id),
            switch: function.and_then(|f| topology.switch_of(f)),
            kind: topology.drift_kind(id),
            wished: topology.wish(id),
            found: function.and_then(|f| f.assigned),
            words: topology.drift_in_words(id),
            since: drift.map_or(Seq::new(0), |drift| drift.since),
            adopt: proposal(Intent::adopting([id])),
            revert: proposal(topology.revert(&[id].into())),
        }
    }
}
