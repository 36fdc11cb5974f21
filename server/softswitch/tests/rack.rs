//! Rack files: the built-in ones, and what is said about wrong ones.

use patchbay_softswitch::{AdapterKind, LAB_RACK, Link, Rack, RackError, RackProblem, TRANSCRIPTS_RACK};

fn error_of(text: &str) -> RackError {
    Rack::parse(text, "my.toml").unwrap_err()
}

/// The transcripts' rack with one line replaced; the line's number and what is said.
fn broken(from: &str, to: &str) -> (usize, RackError) {
    let at = TRANSCRIPTS_RACK.find(from).unwrap_or_else(|| panic!("no {from:?} in the rack"));
    let line = TRANSCRIPTS_RACK[..at].matches('\n').count() + 1;
    (line, error_of(&TRANSCRIPTS_RACK.replacen(from, to, 1)))
}

#[test]
fn the_lab_is_a_realistic_rack() {
    let rack = Rack::lab().unwrap();
    assert!((6..=8).contains(&rack.hosts.len()));
    let functions: usize = rack.slots.iter().map(|slot| slot.adapter.functions.len()).sum();
    let bound: usize = rack.bindings.iter().map(|binding| binding.functions.len()).sum();
    assert_eq!((functions, bound), (37, 18), "about half is assigned");
    let nics = rack.slots.iter().filter(|slot| slot.adapter.kind == AdapterKind::Nic);
    let mut sizes: Vec<_> = nics.map(|slot| slot.adapter.functions.len()).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [8, 16]);
    let host = |name| rack.hosts.iter().find(|host| host.name == name).unwrap();
    assert_eq!(host("gpu-01").link, Link::Down);
    let narrow = host("build-07");
    assert!(matches!(narrow.link, Link::Up(lanes) if lanes.width == 4 && narrow.lanes.width == 8));
    let lanes: u32 = (rack.hosts.iter().map(|host| host.lanes))
        .chain(rack.slots.iter().map(|slot| slot.lanes))
        .map(|lanes| u32::from(lanes.width))
        .sum();
    assert_eq!(lanes, 52);
}

#[test]
fn mistakes_are_named_with_line_and_field() {
    let cases = [
        ("port = 4\n", "port = 2\n", "host.port"),
        ("port = 12\n", "port = 23\n", "host.port"),
        ("width = 8", "width = 7", "host.width"),
        ("gen = 4", "gen = 9", "host.gen"),
        ("name = \"B\"", "name = \"A\"", "host.name"),
        ("name = \"C\"", "name = \"\"", "host.name"),
        ("logical_ports = 8", "logical_ports = 33", "host.logical_ports"),
        ("link_gen = 3", "link_gen = 5", "slot.link"),
        ("index = 0\n", "index = 16\n", "switch.index"),
        ("device_id = 0x4252", "device_id = 0x4052", "switch.device_id"),
        ("temperature_c = 46.25", "temperature_c = 900.0", "switch.temperature_c"),
        ("pf_pdfid = 0x1100", "pf_pdfid = 0x1003", "slot.adapter.pf_pdfid"),
        ("pf_pdfid = 0x1000", "pf_pdfid = 0x0FFF", "slot.adapter.pf_pdfid"),
        ("count = 8", "count = 32", "slot.adapter.vfs.count"),
        ("first_pdfid = 0x1101", "first_pdfid = 0xFFFE", "slot.adapter.vfs.first_pdfid"),
        ("{ index = 0, kind = \"mem64\"", "{ index = 5, kind = \"mem64\"", "slot.adapter.bars"),
        ("{ index = 2, kind = \"mem64\"", "{ index = 1, kind = \"mem64\"", "slot.adapter.bars"),
    ];
    for (from, to, field) in cases {
        let (line, error) = broken(from, to);
        assert_eq!((error.field.as_str(), error.line), (field, line), "{error}");
        assert!(
            error.to_string().starts_with(&format!("my.toml, line {line}: field \"{field}\": ")),
            "{error}"
        );
    }
}

#[test]
fn the_parser_s_own_complaints_name_line_and_field_too() {
    for (from, to, field) in [
        ("width = 8", "width = 300", "width"),
        ("width = 8", "width = \"wide\"", "width"),
        ("width = 8", "breadth = 8", "breadth"),
        ("kind = \"nic\"", "kind = \"toaster\"", "kind"),
        ("firmware = 0x04800123", "firmware = ", "firmware"),
    ] {
        let (line, error) = broken(from, to);
        assert!(matches!(error.problem, RackProblem::Syntax(_)));
        assert_eq!((error.field.as_str(), error.line), (field, line), "{error}");
    }
    let missing = error_of(&TRANSCRIPTS_RACK.replacen("firmware = 0x04800123\n", "", 1));
    assert!(missing.to_string().contains("missing field `firmware`"), "{missing}");
    assert_eq!(error_of("").line, 1);
}

#[test]
fn bindings_and_delays_are_checked_like_the_switch_would() {
    let with = |extra: &str| error_of(&format!("{TRANSCRIPTS_RACK}\n{extra}"));
    let binding = |host: &str, at: u8, ids: &str| {
        with(&format!("[[binding]]\nhost = \"{host}\"\nlogical_port = {at}\nfunctions = [{ids}]\n"))
    };
    assert_eq!(binding("nobody", 0, "0x1001").problem, RackProblem::NoSuchHost);
    let error = binding("A", 8, "0x1001");
    assert_eq!(error.field, "binding.functions");
    assert!(error.to_string().ends_with("the host has no such logical port"), "{error}");
    assert!(binding("A", 0, "0x1001, 0x1101").to_string().contains("different adapters"));
    assert!(binding("A", 0, "").to_string().contains("1 to 8 functions"));
    assert_eq!(with("[delays]\nbnid = 5\n").problem, RackProblem::NoSuchCommand);
    assert_eq!(with("[delays]\nbind = 60001\n").field, "delays.bind");
    assert_eq!(with("[delays]\nbind = -1\n").field, "delays.bind");
}

#[test]
fn a_file_that_is_too_long_is_not_even_parsed() {
    let error = error_of(&format!("{LAB_RACK}#{}", "x".repeat(300_000)));
    assert!(matches!(error.problem, RackProblem::TooLong { .. }), "{error}");
}
