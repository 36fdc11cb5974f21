//! The doors between the rooms, as `ARCHITECTURE.md` draws them: a new one is a reviewed line here.

use cargo_metadata::{DependencyKind, MetadataCommand};
use std::collections::{BTreeMap, BTreeSet};

/// Which room may name which.
const DOORS: [(&str, &[&str]); 13] = [
    ("patchbay-domain", &[]),
    ("patchbay-api", &["patchbay-domain"]),
    ("patchbay-app", &["patchbay-api", "patchbay-domain"]),
    ("patchbay-hydrate", &["patchbay-app"]),
    ("patchbay-awake", &[]),
    ("patchbay-switchtec", &["patchbay-awake"]),
    ("patchbay-softswitch", &["patchbay-switchtec"]),
    ("patchbay-driver", &["patchbay-domain"]),
    ("patchbay-driver-switchtec", &["patchbay-domain", "patchbay-driver", "patchbay-switchtec"]),
    ("patchbay-store", &["patchbay-awake", "patchbay-domain"]),
    ("patchbay-engine", &["patchbay-domain", "patchbay-driver", "patchbay-store"]),
    (
        "patchbay",
        &[
            "patchbay-api",
            "patchbay-app",
            "patchbay-domain",
            "patchbay-driver",
            "patchbay-driver-switchtec",
            "patchbay-engine",
            "patchbay-softswitch",
            "patchbay-store",
            "patchbay-switchtec",
        ],
    ),
    ("xtask", &[]),
];

/// Crates that only certain rooms may name.
const KEPT: [(&str, &[&str]); 3] = [
    ("sqlx", &["patchbay-store"]),
    ("axum", &["patchbay", "patchbay-app"]),
    ("leptos", &["patchbay", "patchbay-app", "patchbay-hydrate"]),
];

/// Every room with what it names outside its tests.
fn rooms() -> BTreeMap<String, BTreeSet<String>> {
    let metadata = MetadataCommand::new().no_deps().exec().expect("cargo describes the workspace");
    let named = |package: &cargo_metadata::Package| {
        let used = package.dependencies.iter().filter(|d| d.kind == DependencyKind::Normal);
        used.map(|d| d.name.clone()).collect()
    };
    metadata.packages.iter().map(|p| (p.name.to_string(), named(p))).collect()
}

#[test]
fn every_door_is_on_the_list() {
    let rooms = rooms();
    let doors: BTreeMap<&str, &[&str]> = DOORS.into_iter().collect();
    let listed: BTreeSet<&str> = doors.keys().copied().collect();
    assert_eq!(
        rooms.keys().map(String::as_str).collect::<BTreeSet<_>>(),
        listed,
        "every room is on the list"
    );
    for (room, named) in &rooms {
        let inside = named.iter().map(String::as_str).filter(|name| listed.contains(name));
        for other in inside {
            assert!(doors[room.as_str()].contains(&other), "{room} has no door to {other}");
        }
    }
}

#[test]
fn sql_http_and_views_stay_in_their_rooms() {
    for (room, named) in rooms() {
        for (kept, allowed) in KEPT {
            let ok = !named.contains(kept) || allowed.contains(&room.as_str());
            assert!(ok, "{room} must not name {kept}");
        }
    }
}

#[test]
fn the_domain_is_pure() {
    let banned = ["tokio", "rand", "getrandom", "futures", "async-trait", "web-sys", "tracing"];
    let named = &rooms()["patchbay-domain"];
    for name in banned {
        assert!(!named.contains(name), "the domain must not name {name}");
    }
}
