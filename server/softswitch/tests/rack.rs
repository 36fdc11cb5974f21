//! Rack files: the built-in ones, and what is said about wrong ones.

use patchbay_softswitch::{
    AdapterKind, BUILT_IN, LAB_RACK, Lab, Link, MAX_RACK_FILE_BYTES, Rack, RackError, RackProblem,
    TRANSCRIPTS_RACK,
};

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
    assert_eq!(rack.hosts.len(), 8);
    let functions: usize = rack.slots.iter().map(|slot| slot.adapter.functions.len()).sum();
    let bound: usize = rack.bindings.iter().map(|binding| binding.functions.len()).sum();
    assert_eq!((functions, bound), (50, 25), "half is assigned");
    let sizes = |kind| -> Vec<_> {
        let of_kind = rack.slots.iter().filter(|slot| slot.adapter.kind == kind);
        of_kind.map(|slot| slot.adapter.functions.len()).collect()
    };
    assert_eq!(sizes(AdapterKind::Nic), [16, 8]);
    assert_eq!(sizes(AdapterKind::Hba), [8, 8]);
    assert_eq!(sizes(AdapterKind::Nvme), [5, 5]);
    let host = |name| rack.hosts.iter().find(|host| host.name == name).unwrap();
    assert_eq!(host("gpu-01").link, Link::Down);
    let narrow = host("build-07");
    assert!(matches!(narrow.link, Link::Up(lanes) if lanes.width == 4 && narrow.lanes.width == 8));
    let lanes: u32 = (rack.hosts.iter().map(|host| host.lanes))
        .chain(rack.slots.iter().map(|slot| slot.lanes))
        .map(|lanes| u32::from(lanes.width))
        .sum();
    assert_eq!(lanes, 68);
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
        ("name = \"transcripts\"", "name = \"a/b\"", "switch.name"),
        ("temperature_c = 46.25", "temperature_c = 900.0", "switch.temperature_c"),
        ("pf_pdfid = 0x1100", "pf_pdfid = 0x1003", "slot.adapter.pf_pdfid"),
        ("pf_pdfid = 0x1000", "pf_pdfid = 0x0FFF", "slot.adapter.pf_pdfid"),
        ("count = 8", "count = 256", "slot.adapter.vfs.count"),
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
    let error = error_of(&format!("{LAB_RACK}#{}", "x".repeat(MAX_RACK_FILE_BYTES)));
    assert!(matches!(error.problem, RackProblem::TooLong { .. }), "{error}");
}

#[test]
fn the_pair_has_two_switches_and_hosts_that_are_cabled_to_both() {
    let lab = Lab::by_name("pair").unwrap().unwrap();
    let hosts = lab.hosts();
    assert_eq!(hosts.len(), 4);
    for (name, ports) in &hosts {
        let switches: Vec<_> = ports.iter().map(|(switch, _)| *switch).collect();
        assert_eq!(switches, ["pax-a", "pax-b"], "{name}");
    }
    for rack in lab.racks() {
        let kinds: Vec<_> = rack.slots.iter().map(|slot| slot.adapter.kind).collect();
        assert_eq!(kinds, [AdapterKind::Nic, AdapterKind::Hba]);
    }
}

#[test]
fn every_built_in_rack_can_be_used_and_only_the_large_one_warns() {
    for (name, _) in BUILT_IN {
        let lab = Lab::by_name(name).unwrap().unwrap();
        assert_eq!(lab.warnings().is_empty(), name != "large", "{name}: {:?}", lab.warnings());
    }
    assert!(Lab::by_name("larger").is_none());
    let large = Lab::by_name("large").unwrap().unwrap();
    assert_eq!(
        large.to_string(),
        "2 switches, 64 hosts, 16 adapters, 2048 functions, 1024 of them assigned\n\
         pax-a (0x4200, index 0): 32 hosts, 8 adapters, 1024 functions, 512 of them assigned\n\
         pax-b (0x4200, index 1): 32 hosts, 8 adapters, 1024 functions, 512 of them assigned"
    );
    let warning = large.warnings()[0].to_string();
    assert!(warning.starts_with("pax-a: the vendor's tool cannot rightly dump slot 32 ("), "{warning}");
    assert!(
        warning.ends_with("it has room for 32 functions of an adapter, and this one has 128"),
        "{warning}"
    );
}

#[test]
fn a_switch_with_nothing_to_assign_is_warned_about() {
    let text = "[switch]\nname = \"s\"\nindex = 0\ndevice_id = 0x4228\nfirmware = 1\ntemperature_c = 40.0\n";
    let lab = Lab::parse(text, "my.toml").unwrap();
    let warnings: Vec<_> = lab.warnings().iter().map(ToString::to_string).collect();
    assert_eq!(warnings.len(), 2);
    assert!(
        warnings[0].starts_with("s: there is no host") && warnings[1].starts_with("s: there is no adapter")
    );
    assert!(lab.to_string().starts_with("1 switch, 0 hosts, 0 adapters, 0 functions, 0 of them"), "{lab}");
}

/// Two switches with one host that is cabled to both, and one adapter each.
fn two_switches() -> String {
    let switch = |name: &str| {
        format!(
            "[[switch]]\nname = \"{name}\"\nindex = 0\ndevice_id = 0x4228\nfirmware = 1\ntemperature_c = 40.0\n\n"
        )
    };
    let host = |name: &str, on: &str, port: u8| {
        format!(
            "[[host]]\nname = \"{name}\"\nswitch = \"{on}\"\nport = {port}\nwidth = 4\ngen = 4\nlogical_ports = 4\n\n"
        )
    };
    let slot = |on: &str| {
        format!(
            "[[slot]]\nswitch = \"{on}\"\nport = 8\nwidth = 4\ngen = 4\n\n[slot.adapter]\nname = \"NIC\"\nkind = \"nic\"\n\
             vendor = 1\ndevice = 2\nsubsystem_vendor = 3\nsubsystem_device = 4\npf_pdfid = 0x1000\n\n"
        )
    };
    let binding = |on: &str| {
        format!("[[binding]]\nhost = \"both\"\nswitch = \"{on}\"\nlogical_port = 1\nfunctions = [0x1000]\n\n")
    };
    let (switches, hosts) = (
        switch("pax-a") + &switch("pax-b"),
        host("both", "pax-a", 0) + &host("both", "pax-b", 2) + &host("one", "pax-b", 0),
    );
    switches + &hosts + &slot("pax-a") + &slot("pax-b") + &binding("pax-a") + &binding("pax-b")
}

#[test]
fn a_file_may_hold_several_switches_and_a_host_be_cabled_to_all() {
    let lab = Lab::parse(&two_switches(), "two.toml").unwrap();
    let names: Vec<_> = lab.racks().iter().map(|rack| rack.name.as_str()).collect();
    assert_eq!(names, ["pax-a", "pax-b"]);
    let ports = |name: &str| -> Vec<_> {
        lab.hosts()[name].iter().map(|(switch, port)| (*switch, port.get())).collect()
    };
    assert_eq!(ports("both"), [("pax-a", 0), ("pax-b", 2)]);
    assert_eq!(ports("one"), [("pax-b", 0)]);
    for rack in lab.racks() {
        assert_eq!((rack.slots.len(), rack.bindings.len()), (1, 1), "PDFIDs may repeat on another switch");
    }
    assert_eq!(lab.racks()[0].bindings[0].port.get(), 0);
    assert_eq!(lab.racks()[1].bindings[0].port.get(), 2);
}

#[test]
fn one_switch_may_be_written_as_an_array_too() {
    let text = TRANSCRIPTS_RACK.replacen("[switch]", "[[switch]]", 1);
    assert_eq!(Rack::parse(&text, "array.toml"), Rack::transcripts());
}

#[test]
fn a_part_that_does_not_say_its_switch_or_names_none_is_refused() {
    let text = two_switches();
    let fails = |from: &str, to: &str| {
        let at = text.find(from).unwrap();
        let line = text[..at].matches('\n').count() + 1;
        (line, Lab::parse(&text.replacen(from, to, 1), "two.toml").unwrap_err())
    };
    let (line, error) = fails("name = \"one\"\nswitch = \"pax-b\"\n", "name = \"one\"\n");
    assert_eq!((error.field.as_str(), error.line), ("host.switch", line));
    assert!(error.to_string().contains("pax-a or pax-b"), "{error}");
    assert!(error.to_string().ends_with("switch = \"pax-a\""), "{error}");
    for (from, field) in [("[[slot]]\n", "slot.switch"), ("[[binding]]\nhost = \"both\"\n", "binding.switch")]
    {
        let (line, error) = fails(&format!("{from}switch = \"pax-a\""), &format!("{from}switch = \"pax-c\""));
        assert_eq!((error.field.as_str(), error.line), (field, line + from.matches('\n').count()));
        assert!(error.to_string().ends_with("the file has pax-a and pax-b"), "{error}");
    }
    let (line, error) = fails("name = \"pax-b\"", "name = \"pax-a\"");
    assert_eq!(
        (error.field.as_str(), error.line, error.problem),
        ("switch.name", line, RackProblem::NameTaken)
    );
    let (_, error) = fails("[[binding]]\nhost = \"both\"", "[[binding]]\nhost = \"one\"");
    assert_eq!(error.problem, RackProblem::NoSuchHost, "the host is on the other switch only");
}

#[test]
fn a_file_with_no_switch_too_many_or_several_where_one_is_wanted_is_refused() {
    assert_eq!(error_of("switch = []").problem, RackProblem::NoSwitch);
    assert_eq!(error_of(&two_switches()).problem, RackProblem::SeveralSwitches { switches: 2 });
    let many: String = (0..17)
        .map(|n| {
            format!("[[switch]]\nname = \"s{n}\"\nindex = 0\ndevice_id = 0x4228\nfirmware = 1\ntemperature_c = 40.0\n")
        })
        .collect();
    let error = error_of(&many);
    assert_eq!((error.problem, error.line), (RackProblem::TooManySwitches, 16 * 6 + 2));
    let error = error_of("switch = 7");
    assert!(error.to_string().contains("a [switch] table or several [[switch]] tables"), "{error}");
}

#[test]
fn mistakes_in_a_switch_of_several_are_named_too() {
    let text = two_switches();
    let error = Lab::parse(&text.replacen("firmware = 1\n", "firmwear = 1\n", 1), "two.toml").unwrap_err();
    assert_eq!((error.field.as_str(), error.line), ("firmwear", 5), "{error}");
    let text = text.replacen("temperature_c = 40.0\n", "", 1);
    let error = Lab::parse(&text, "two.toml").unwrap_err();
    assert!(error.to_string().contains("missing field `temperature_c`"), "{error}");
    assert_eq!(error.line, 1, "{error}");
}
