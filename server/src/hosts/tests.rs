//! Hosts files, right and wrong.

use super::*;
use crate::lab;
use crate::serve::configure;
use patchbay_switchtec::ClientOptions;

fn host(name: &str, switch: &str, port: i64) -> String {
    format!("[[host]]\nname = {name:?}\nswitch = \"{switch}\"\nport = {port}\n")
}

fn complaint(text: &str) -> String {
    HostNames::parse(text, "hosts.toml").expect_err("must be refused").to_string()
}

fn switches() -> Vec<SwitchConfig> {
    let addresses = ["10.0.0.5", "10.0.0.5:7000"].map(|text| text.parse().expect("an address"));
    addresses.iter().map(|address| configure(address, ClientOptions::default())).collect()
}

#[test]
fn names_come_to_the_switches_that_the_file_means() {
    let text =
        [host("db-01", "10.0.0.5", 4), host("db-01", "10.0.0.5:7000", 0), host("web", "10.0.0.5:54545", 2)];
    let names = HostNames::parse(&text.concat(), "hosts.toml").expect("a hosts file");
    let mut switches = switches();
    names.give(&mut switches).expect("both are there");
    let given =
        |n: usize| switches[n].names.hosts.iter().map(|(p, name)| (p.0, name.as_str())).collect::<Vec<_>>();
    assert_eq!((given(0), given(1)), (vec![(2, "web"), (4, "db-01")], vec![(0, "db-01")]));
    assert_ne!(switches[0].name, switches[1].name, "hosts are called after their switch");
}

#[test]
fn every_mistake_is_a_sentence_with_its_line() {
    let long = "x".repeat(65);
    let cases = [
        (host("", "10.0.0.5", 4), "line 2: field \"name\": a name has 1 to 64 printable characters"),
        (host(&long, "10.0.0.5", 4), "line 2: field \"name\": a name has 1 to 64 printable characters"),
        (host("db-01 ", "10.0.0.5", 4), "line 2: field \"name\": a name has"),
        (host("db-01", "10.0.0.5", 256), "line 4: field \"port\": 256 is not a port"),
        (host("db-01", "10.0.0.5", -1), "line 4: field \"port\": -1 is not a port"),
        (
            host("db-01", "10.0.0.5", 4) + &host("db-02", "10.0.0.5:54545", 4),
            "line 8: field \"port\": this port has a name already, given in line 2",
        ),
        (
            host("db-01", "10.0.0.5", 4) + &host("db-01", "10.0.0.5", 6),
            "line 6: field \"name\": another port of this switch has this name, given in line 2",
        ),
        ("[[host]]\nname = 7\n".to_owned(), "line 2: field \"name\": invalid type"),
        (
            "[[host]]\nname = \"a\"\nswitch = \"b\"\n".to_owned(),
            "line 1: field \"host\": missing field `port`",
        ),
        ("[[hosts]]\n".to_owned(), "line 1: field \"hosts\": unknown field"),
        ("what\n".to_owned(), "line 1"),
    ];
    for (text, wanted) in cases {
        let said = complaint(&text);
        assert!(said.starts_with("hosts.toml, ") && said.contains(wanted) && said.ends_with('.'), "{said}");
    }
}

#[test]
fn a_switch_that_is_not_there_is_named_with_those_that_are() {
    let names = HostNames::parse(&host("db-01", "pax-z", 4), "hosts.toml").expect("a hosts file");
    let said = names.give(&mut switches()).expect_err("there is no such switch").to_string();
    let wanted = "hosts.toml, line 3: field \"switch\": no switch is called so; Patchbay is started with \
                  10.0.0.5:54545 and 10.0.0.5:7000.";
    assert_eq!(said, wanted);
}

#[test]
fn a_file_that_is_missing_or_too_large_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("hosts.toml");
    assert!(HostNames::read(&path).expect_err("missing").to_string().contains("hosts.toml cannot be read"));
    let size = usize::try_from(HOSTS_FILE_BYTES_MAX).expect("small") + 1;
    std::fs::write(&path, "#".repeat(size)).expect("written");
    assert!(matches!(HostNames::read(&path), Err(HostsError::TooLarge { .. })));
    std::fs::write(&path, host("db-01", "pax-a", 4)).expect("written");
    assert!(HostNames::read(&path).is_ok());
}

#[tokio::test]
async fn hosts_of_the_lab_can_be_named_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let lab = lab::built_in(Some(Path::new("pair")), folder.path(), ClientOptions::default()).await;
    let (running, mut switches): (Vec<_>, Vec<_>) = lab.expect("the lab runs").into_iter().unzip();
    let names = HostNames::parse(&host("db-09", "pax-b", 4), "hosts.toml").expect("a hosts file");
    names.give(&mut switches).expect("pax-b is there");
    let called = &switches[1].names.hosts;
    assert_eq!((called[&PhysicalPort(4)].as_str(), called[&PhysicalPort(0)].as_str()), ("db-09", "web-01"));
    for switch in running {
        switch.stop().await;
    }
}
