//! Random binds and unbinds against a model small enough to be believed.

mod bench;

use std::collections::BTreeMap;

use bench::{client, functions, host, logical, start};
use patchbay_softswitch::Options;
use patchbay_switchtec::command::sections::PaxAll;
use patchbay_switchtec::{ClientError, Pdfid, code};
use proptest::collection::vec;
use proptest::prelude::*;

/// Host ports of the rack, and one port that is none.
const PORTS: [u8; 5] = [0, 4, 8, 12, 16];
/// Functions of both adapters, and one that does not exist.
const FUNCTIONS: [u16; 8] = [0x1000, 0x1001, 0x1002, 0x1003, 0x1100, 0x1101, 0x1104, 0x1105];

#[derive(Debug, Clone)]
enum Step {
    Bind { port: u8, logical: u8, functions: Vec<u16> },
    Unbind { port: u8, logical: u8 },
}

fn step() -> impl Strategy<Value = Step> {
    let place = || (prop::sample::select(PORTS.to_vec()), 0u8..9);
    let bind = (place(), vec(prop::sample::select(FUNCTIONS.to_vec()), 1..4))
        .prop_map(|((port, logical), functions)| Step::Bind { port, logical, functions });
    let unbind = place().prop_map(|(port, logical)| Step::Unbind { port, logical });
    prop_oneof![3 => bind, 2 => unbind]
}

/// What is bound where.
#[derive(Debug, Default)]
struct Model(BTreeMap<(u8, u8), Vec<u16>>);

impl Model {
    /// The result code, and how many events the step raises.
    fn apply(&mut self, step: &Step) -> (u32, usize) {
        let (Step::Bind { port, logical, .. } | Step::Unbind { port, logical }) = step;
        let here = (*port, *logical);
        if *port == 16 {
            return (code::INVALID_PORT, 0);
        }
        if *logical >= 8 {
            return (code::LOGICAL_PORT_RANGE, 0);
        }
        match step {
            Step::Unbind { .. } => {
                self.0.remove(&here).map_or((code::NOTHING_BOUND, 0), |gone| (0, gone.len()))
            }
            Step::Bind { .. } if self.0.contains_key(&here) => (code::LOGICAL_PORT_USED, 0),
            Step::Bind { functions, .. } => match self.objection(functions) {
                Some(code) => (code, 0),
                None => {
                    self.0.insert(here, functions.clone());
                    (code::OK, functions.len())
                }
            },
        }
    }

    fn objection(&self, functions: &[u16]) -> Option<u32> {
        for (at, id) in functions.iter().enumerate() {
            if *id == 0x1105 {
                return Some(code::NO_SUCH_FUNCTION);
            }
            if self.0.values().flatten().any(|bound| bound == id) {
                return Some(code::FUNCTION_BOUND);
            }
            if functions[..at].contains(id) {
                return Some(code::BAD_PARAMETER);
            }
        }
        let nic = functions.iter().filter(|id| **id < 0x1100).count();
        (nic != 0 && nic != functions.len()).then_some(code::MIXED_ADAPTERS)
    }

    /// The same picture as the switch's database shows.
    fn assert_shown_by(&self, all: &PaxAll) {
        let mut shown = BTreeMap::new();
        for hvd in &all.hvds.hvds {
            for state in &hvd.logical_ports {
                let bound: Vec<_> = state.slots.iter().flatten().map(|function| function.get()).collect();
                if !bound.is_empty() {
                    shown.insert((hvd.port.get(), state.id.get()), bound);
                }
            }
        }
        assert_eq!(shown, self.0);
        let mut ids: Vec<_> = shown.values().flatten().collect();
        let count = ids.len();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), count, "no function may be bound twice");
    }
}

async fn run(steps: Vec<Step>) {
    let running = start(Options::default()).await;
    let client = client(&running).await;
    let mut model = Model::default();
    for step in steps {
        let (expected, events) = model.apply(&step);
        let result = match &step {
            Step::Bind { port, logical: at, functions: ids } => {
                client.bind(host(*port), logical(*at), &functions(ids)).await
            }
            Step::Unbind { port, logical: at } => {
                client.unbind(host(*port), logical(*at), Pdfid::new(0)).await
            }
        };
        let found = match result {
            Ok(()) => code::OK,
            Err(ClientError::Refused(error)) => error.code,
            Err(error) => panic!("{step:?}: {error}"),
        };
        assert_eq!(found, expected, "{step:?}");
        assert_eq!(client.drain_events().await.unwrap().events.len(), events, "{step:?}");
    }
    model.assert_shown_by(&client.pax_all().await.unwrap());
    running.stop().await;
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_switch_does_what_the_model_does(steps in vec(step(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(run(steps));
    }
}
