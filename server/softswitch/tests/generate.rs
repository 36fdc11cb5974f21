//! Generated racks: they parse, hold exactly what was asked for, and are the same for the same seed.

use patchbay_softswitch::{Lab, Link, MAX_FUNCTIONS, Rack, Shape, ShapeError, SwitchCount, generate};
use proptest::prelude::*;

fn shape(hosts: usize, adapters: usize, functions: usize) -> Shape {
    Shape { hosts, adapters, functions, seed: 7, switches: None }
}

fn functions(rack: &Rack) -> usize {
    rack.slots.iter().map(|slot| slot.adapter.functions.len()).sum()
}

/// Parses the generated file and checks everything that was promised of it.
fn assert_holds(shape: &Shape) -> Lab {
    let text = generate(shape).unwrap();
    assert_eq!(generate(shape).unwrap(), text, "the same seed, the same text");
    let lab = Lab::parse(&text, "generated.toml").unwrap_or_else(|error| panic!("{shape:?}: {error}"));
    let sum = |count: fn(&Rack) -> usize| lab.racks().iter().map(count).sum::<usize>();
    assert_eq!(lab.hosts().len(), shape.hosts, "{shape:?}");
    assert_eq!(sum(|rack| rack.hosts.len()), shape.hosts, "{shape:?}");
    assert_eq!(sum(|rack| rack.slots.len()), shape.adapters, "{shape:?}");
    assert_eq!(sum(functions), shape.functions, "{shape:?}");
    for rack in lab.racks() {
        let assigned: usize = rack.bindings.iter().map(|binding| binding.functions.len()).sum();
        assert_eq!(assigned, (functions(rack) / 2).min(rack.hosts.len() * 32), "{shape:?}");
        let sizes = rack.slots.iter().map(|slot| slot.adapter.functions.len());
        let (least, most) = sizes.fold((usize::MAX, 0), |(least, most), n| (least.min(n), most.max(n)));
        assert!(most - least <= 1, "{shape:?}: functions are spread evenly");
    }
    lab
}

fn any_shape() -> impl Strategy<Value = Shape> {
    (1usize..=120, 1usize..=24, 1usize..=5, any::<u64>(), 0.0..=1.0f64).prop_map(
        |(hosts, adapters, power, seed, fill)| {
            // Few functions as often as many, which take longer to check.
            let most = adapters * (MAX_FUNCTIONS >> power);
            let functions = adapters + ((most - adapters) as f64 * fill) as usize;
            Shape { hosts, adapters, functions, seed, switches: None }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_fits_is_made_and_what_is_made_holds(shape in any_shape(), switches in prop::option::of(1usize..=16)) {
        let asked = Shape { switches, ..shape };
        match generate(&asked) {
            Err(ShapeError::DoesNotFit { .. }) => {}
            Err(error) => panic!("{asked:?}: {error}"),
            Ok(_) => {
                let lab = assert_holds(&asked);
                prop_assert!(switches.is_none_or(|switches| switches == lab.racks().len()));
                for fewer in 1..lab.racks().len() {
                    let fewer = Shape { switches: Some(fewer), ..shape };
                    prop_assert!(switches.is_some() || generate(&fewer).is_err(), "one more switch than needed");
                }
            }
        }
    }
}

#[test]
fn the_corners_hold_too() {
    for corner in [
        shape(1, 1, 1),
        shape(1, 1, 256),
        shape(49, 1, 49),
        shape(1, 49, 49),
        shape(34, 16, 16 * 256),
        shape(800 - 16, 16, 4096),
        Shape { switches: Some(16), ..shape(16, 16, 16) },
    ] {
        assert_holds(&corner);
    }
}

#[test]
fn another_seed_is_another_rack_of_the_same_size() {
    let one = shape(20, 6, 96);
    let other = Shape { seed: 8, ..one };
    assert_ne!(assert_holds(&one), assert_holds(&other));
}

#[test]
fn the_largest_shapes_fill_sixteen_switches() {
    let text = generate(&shape(16 * 34, 16 * 16, 16 * 4096)).unwrap();
    assert!(text.len() * 2 < patchbay_softswitch::MAX_RACK_FILE_BYTES, "{} bytes", text.len());
    assert_eq!(text.matches("[[switch]]").count(), 16);
    assert_eq!(text.matches("[[binding]]").count(), 16 * 34 * 32);
}

#[test]
fn larger_racks_have_a_cable_unplugged_and_one_that_trained_narrower() {
    let trouble = |hosts: usize| {
        let lab = assert_holds(&shape(hosts, 4, 32));
        let hosts = lab.racks().iter().flat_map(|rack| &rack.hosts);
        let down = hosts.clone().filter(|host| host.link == Link::Down).count();
        let narrow = hosts
            .filter(|host| matches!(host.link, Link::Up(lanes) if lanes.width < host.lanes.width))
            .count();
        (down, narrow)
    };
    assert_eq!(trouble(15), (0, 0));
    assert_eq!(trouble(32), (2, 1));
}

#[test]
fn what_does_not_fit_is_refused_in_a_sentence() {
    let refused = |shape: Shape| generate(&shape).unwrap_err();
    assert_eq!(refused(shape(0, 1, 1)), ShapeError::Empty);
    assert_eq!(refused(shape(1, 0, 0)), ShapeError::Empty);
    assert_eq!(refused(shape(1, 4, 3)), ShapeError::TooFewFunctions { adapters: 4 });
    let error = refused(shape(1, 2, 513));
    assert_eq!(error, ShapeError::TooManyFunctions { adapters: 2, most: 512 });
    assert_eq!(
        error.to_string(),
        "2 adapters have at most 512 functions, 256 each; ask for fewer functions or more adapters"
    );
    assert_eq!(refused(Shape { switches: Some(0), ..shape(1, 1, 1) }), ShapeError::Switches);
    assert_eq!(refused(Shape { switches: Some(17), ..shape(99, 99, 99) }), ShapeError::Switches);
    let error = refused(Shape { switches: Some(1), ..shape(64, 16, 2048) });
    assert!(
        error.to_string().starts_with("64 hosts, 16 adapters and 2048 functions do not fit on one switch: ")
    );
    assert!(
        error.to_string().ends_with("50 ports and 4096 functions, and at least one host and one adapter")
    );
    for (hosts, adapters, tried) in [
        (1, 60, SwitchCount::Exactly(1)),
        (3, 300, SwitchCount::UpTo(3)),
        (usize::MAX, 16, SwitchCount::UpTo(16)),
        (usize::MAX, usize::MAX, SwitchCount::UpTo(16)),
    ] {
        let functions = adapters;
        let expected = ShapeError::DoesNotFit { hosts, adapters, functions, switches: tried };
        assert_eq!(refused(shape(hosts, adapters, functions)), expected);
    }
}
