//! Random orders and commands: whatever happens, the rack stays one that can be, and a restart changes nothing.

mod bench;

use std::collections::BTreeSet;
use std::path::Path;

use bench::{client, functions, host, logical, port, start};
use patchbay_softswitch::{
    Condition, Configured, Done, LinkCondition, Options, Order, Retention, Running, Severity,
};
use patchbay_switchtec::command::port_config::PortConfigSet;
use patchbay_switchtec::command::port_control::{HotResetFlag, PortOperation};
use patchbay_switchtec::command::sections::{Attachment, PaxAll};
use patchbay_switchtec::{Client, PortType};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// Every port of the rack, and one that is not there.
const PORTS: [u8; 7] = [0, 4, 8, 12, 16, 20, 3];
const FUNCTIONS: [u16; 8] = [0x1000, 0x1001, 0x1002, 0x1100, 0x1101, 0x1010, 0x1011, 0x1F00];
const MODELS: [&str; 4] = ["nic-25g", "nvme", "hba-16g", "toaster"];

#[derive(Debug, Clone)]
enum Step {
    Order(Order),
    Control(u8, PortOperation),
    Configure(u8, PortType, Option<u8>),
    Bind(u8, u8, Vec<u16>),
    Arm,
    Drain,
}

fn any_port() -> impl Strategy<Value = u8> {
    select(PORTS.to_vec())
}

fn any_function() -> impl Strategy<Value = u16> {
    select(FUNCTIONS.to_vec())
}

fn order() -> impl Strategy<Value = Order> {
    let severity = select(vec![Severity::Correctable, Severity::NonFatal, Severity::Fatal]);
    prop_oneof![
        any_port().prop_map(|id| Order::PullCable { port: id.into() }),
        any_port().prop_map(|id| Order::PlugCable { port: id.into() }),
        any_port().prop_map(|id| Order::PullAdapter { port: id.into() }),
        any_port().prop_map(|id| Order::PlugAdapter { port: id.into() }),
        any_port().prop_map(|id| Order::SurpriseRemove { port: id.into() }),
        (any_port(), prop::option::of(1u8..10), prop::option::of(1u8..6))
            .prop_map(|(id, width, rate)| Order::Train { port: id.into(), width, rate }),
        (any_port(), severity).prop_map(|(id, severity)| Order::RaiseAer { port: id.into(), severity }),
        (-10.0..200.0).prop_map(|celsius: f64| Order::Heat { celsius: celsius.round() }),
        (any_port(), 0u8..9, vec(any_function(), 1..4)).prop_map(|(id, logical_port, ids)| Order::Bind {
            port: id.into(),
            logical_port,
            functions: ids.into_iter().map(Into::into).collect(),
        }),
        (any_port(), 0u8..9).prop_map(|(id, logical_port)| Order::Unbind { port: id.into(), logical_port }),
        (any_function(), any_function())
            .prop_map(|(function, to)| Order::Rename { function: function.into(), to: to.into() }),
        (any_port(), select(MODELS.to_vec()))
            .prop_map(|(id, model)| Order::Swap { port: id.into(), adapter: model.to_owned() }),
        Just(Order::Heal {}),
        select(vec![Retention::Keep, Retention::Rebuild, Retention::Lose])
            .prop_map(|bindings| Order::Reboot { bindings }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let operation = select(vec![
        PortOperation::Disable,
        PortOperation::Enable,
        PortOperation::Retrain,
        PortOperation::HotReset(HotResetFlag::Set),
        PortOperation::HotReset(HotResetFlag::Clear),
    ]);
    let port_type = select(vec![PortType::Unused, PortType::Host, PortType::Endpoint]);
    prop_oneof![
        6 => order().prop_map(Step::Order),
        2 => (any_port(), operation).prop_map(|(id, operation)| Step::Control(id, operation)),
        2 => (any_port(), port_type, prop::option::of(0u8..8))
            .prop_map(|(id, port_type, hvd)| Step::Configure(id, port_type, hvd)),
        3 => (any_port(), 0u8..9, vec(any_function(), 1..3)).prop_map(|(id, at, ids)| Step::Bind(id, at, ids)),
        1 => Just(Step::Arm),
        1 => Just(Step::Drain),
    ]
}

/// Takes a step; a refusal is as good as anything else, but must change nothing.
async fn take(step: &Step, running: &Running, client: &Client) {
    // One more answer means that the events of the step before have been queued.
    client.ping().await.unwrap();
    let before = running.condition();
    let refused = match step {
        Step::Order(order) => match running.order(order.clone()).await {
            Ok(Done::Changed(sentence)) => {
                assert!(!sentence.is_empty());
                client.reconnect().await.unwrap();
                false
            }
            Ok(other) => panic!("{order:?}: {other:?}"),
            Err(_) => true,
        },
        Step::Control(id, operation) => client.port_control(port(*id), *operation).await.is_err(),
        Step::Configure(id, port_type, hvd) => {
            let (port, port_type, hvd) = (port(*id), *port_type, *hvd);
            let set = PortConfigSet { port, port_type, clock_source: None, sris: None, hvd };
            client.set_port_config(set).await.is_err()
        }
        Step::Bind(id, at, ids) => client.bind(host(*id), logical(*at), &functions(ids)).await.is_err(),
        Step::Arm => client.arm_events().await.is_err(),
        Step::Drain => client.drain_events().await.is_err(),
    };
    if refused {
        assert_eq!(running.condition(), before, "{step:?}");
    }
}

fn assert_possible(condition: &Condition) {
    let mut bound = BTreeSet::new();
    for binding in &condition.bindings {
        let host = condition.ports.iter().find(|port| port.port == binding.port).unwrap();
        assert_eq!(host.causes.configured, Configured::Host);
        let slot = condition.ports.iter().find(|port| Some(port.port) == binding.slot).unwrap();
        assert!(matches!(slot.link, LinkCondition::Up(_) | LinkCondition::Reset), "{binding:?}");
        for function in &binding.functions {
            assert!(slot.functions.contains(function), "all functions are of one adapter: {binding:?}");
            assert!(bound.insert(function.to_string()), "{function} is bound twice");
        }
    }
    let names: Vec<_> = condition.ports.iter().flat_map(|port| &port.functions).collect();
    let unique: BTreeSet<_> = names.iter().map(ToString::to_string).collect();
    assert_eq!(unique.len(), names.len(), "every function has a name of its own");
    assert!(condition.events.waiting <= 64);
    for port in &condition.ports {
        if let LinkCondition::Up(lanes) = port.link {
            assert!(lanes.width <= port.built.width && lanes.rate <= port.built.rate);
            assert!(port.causes.plugged && port.causes.enabled && !port.causes.reset_held);
        }
    }
}

/// Both halves of the database tell the same bindings.
fn assert_consistent(all: &PaxAll) {
    let mut of_hosts = BTreeSet::new();
    for hvd in &all.hvds.hvds {
        for state in &hvd.logical_ports {
            for function in state.slots.iter().flatten() {
                of_hosts.insert((hvd.port, state.id, *function));
            }
        }
    }
    let mut of_adapters = BTreeSet::new();
    for endpoint in &all.endpoint_ports.ports {
        if let Attachment::Endpoint(adapter) = &endpoint.attachment {
            for function in &adapter.functions {
                let at = function.bound.map(|bound| (bound.host.port, bound.logical_port, function.pdfid));
                of_adapters.extend(at);
            }
        }
    }
    assert_eq!(of_hosts, of_adapters);
    assert_eq!(usize::from(all.pax.hvds), all.hvds.hvds.len());
}

async fn run(steps: Vec<Step>, state: &Path) {
    let options = || Options { state: Some(state.to_owned()), ..Options::default() };
    let running = start(options()).await;
    let shared = client(&running).await;
    for step in &steps {
        take(step, &running, &shared).await;
        assert_possible(&running.condition());
    }
    let all = shared.pax_all().await.unwrap();
    assert_consistent(&all);
    // Registers that were written are saved with the next command that may change something.
    shared.events(0).await.unwrap();
    let links = shared.link_status().await.unwrap();
    let (armed, port_events) =
        (shared.register_u32(0x1968).await.unwrap(), shared.port_events().await.unwrap());
    let condition = running.condition();
    running.kill().await;

    let again = start(options()).await;
    assert_eq!(again.condition(), condition);
    let shared = client(&again).await;
    assert_eq!(shared.pax_all().await.unwrap(), all);
    assert_eq!(shared.link_status().await.unwrap(), links);
    assert_eq!(shared.register_u32(0x1968).await.unwrap(), armed);
    assert_eq!(shared.port_events().await.unwrap(), port_events);
    again.kill().await;
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn whatever_happens_the_rack_can_be_and_a_restart_changes_nothing(steps in vec(step(), 1..40)) {
        let folder = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(run(steps, &folder.path().join("state.json")));
    }
}
