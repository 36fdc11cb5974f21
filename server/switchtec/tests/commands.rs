//! Properties of the commands that act on ports, firmware, counters and endpoints: what is encoded decodes to the same.

mod round_trip;

use patchbay_switchtec::command::port_config::{PortConfig, PortConfigSet};
use patchbay_switchtec::command::port_control::{HotResetFlag, PortControl, PortOperation};
use patchbay_switchtec::command::reset::Reset;
use patchbay_switchtec::command::{Command, Request};
use patchbay_switchtec::{CommandId, InputError, PhysicalPort, PortType};
use proptest::prelude::*;
use round_trip::round_trip;

fn port() -> impl Strategy<Value = PhysicalPort> {
    any::<u8>().prop_map(PhysicalPort::new)
}

fn port_operation() -> impl Strategy<Value = PortOperation> {
    let flag = prop_oneof![Just(HotResetFlag::Clear), Just(HotResetFlag::Set), Just(HotResetFlag::NotGiven)];
    prop_oneof![
        Just(PortOperation::Disable),
        Just(PortOperation::Enable),
        Just(PortOperation::Retrain),
        flag.prop_map(PortOperation::HotReset),
    ]
}

proptest! {
    #[test]
    fn port_control(port in port(), operation in port_operation()) {
        round_trip(PortControl { port, operation }, ());
        round_trip(Reset, ());
    }

    #[test]
    fn port_config_set(port in port(), raw: [u8; 4], given: [bool; 3]) {
        let port_type = PortType::from_code(raw[0]);
        let setting = |at: usize| (given[at] && raw[at + 1] != 0xFF).then_some(raw[at + 1]);
        let request =
            PortConfigSet { port, port_type, clock_source: setting(0), sris: setting(1), hvd: setting(2) };
        round_trip(request, PortConfig { port_type, clock_source: raw[1], sris: raw[2], hvd: raw[3] });
    }
}

#[test]
fn unknown_operations_and_impossible_flags_are_told_apart() {
    let parse = |input: &[u8]| Request::parse(PortControl::ID, input);
    assert_eq!(parse(&[4, 20, 0xFF, 0]), Err(InputError::UnknownSub));
    assert!(matches!(parse(&[3, 20, 2, 0]), Err(InputError::BadParameter(_))));
    assert!(parse(&[0, 20, 2, 0]).is_ok(), "the flag matters to hot reset only");
    assert_eq!(Request::parse(CommandId::RESET, &[1, 0, 0, 0]), Err(InputError::UnknownSub));
}
