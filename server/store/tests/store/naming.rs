//! What hosts are called: by default, by people, and since before names told switches apart.

use crate::lab::{self, HOST_A, HOST_B, Lab, SWITCH, observation};
use patchbay_domain::*;
use patchbay_store::Names;
use sqlx::Connection;

fn names(hosts: &[(u8, &str)]) -> Names {
    let hosts = hosts.iter().map(|&(port, name)| (PhysicalPort(port), name.to_owned())).collect();
    Names { hosts, ..Names::default() }
}

async fn called(lab: &Lab) -> Vec<String> {
    lab.topology().await.hosts.values().map(|host| host.name.clone()).collect()
}

/// The lab with a second switch whose hosts nobody named.
async fn two_switches(name: &str) -> Lab {
    let lab = Lab::discovered().await;
    let added = lab.store.add_switch(lab::at(2), &Actor::Engine, "pax-2", name, "10.0.0.2").await;
    let (other, _) = added.expect("added");
    lab.store
        .discovered(lab::at(3), other, &observation(), &Names::default())
        .await
        .expect("a sound reading");
    lab
}

#[tokio::test]
async fn hosts_that_nobody_named_are_not_one_server() {
    let lab = two_switches("rack-13-pax").await;
    assert_eq!(called(&lab).await, ["web-01", "rack-12-pax-p4", "rack-13-pax-p0", "rack-13-pax-p4"]);
}

#[tokio::test]
async fn known_hosts_take_the_names_that_people_give_them_without_an_entry() {
    let lab = Lab::discovered().await;
    let entries = lab.entries().await.len();
    let given = names(&[(4, "db-01"), (8, "gpu-01"), (0, "")]);
    lab.store.name_hosts(SWITCH, &given).await.expect("named");
    lab.store.name_hosts(SwitchId::new(9), &given).await.expect("nothing is known there");
    assert_eq!(called(&lab).await, ["web-01", "db-01"]);
    let lab = lab.reopened().await;
    lab.discover(&observation()).await;
    let t = lab.topology().await;
    assert_eq!((t.hosts[&HOST_A].name.as_str(), t.hosts[&HOST_B].name.as_str()), ("web-01", "db-01"));
    assert_eq!(lab.entries().await.len(), entries + 1, "the discovery, which has the new name");
    lab.store.verify().await.expect("sound");
}

#[tokio::test]
async fn old_default_names_are_told_apart_once_and_given_names_stay() {
    for (name, wanted) in [
        ("rack-13-pax", ["web-01", "rack-12-pax-p4", "rack-13-pax-p0", "host-p7"]),
        ("rack-12-pax", ["web-01", "rack-12-pax-1-p4", "rack-12-pax-2-p0", "host-p7"]),
    ] {
        let lab = two_switches(name).await;
        let older = "UPDATE hosts SET name = 'host-p4' WHERE id = 2;
                     UPDATE hosts SET name = 'host-p0' WHERE id = 3;
                     UPDATE hosts SET name = 'host-p7' WHERE id = 4;
                     DELETE FROM _sqlx_migrations WHERE version = 6";
        let mut raw = lab.raw().await;
        sqlx::raw_sql(older).execute(&mut raw).await.expect("as it was");
        raw.close().await.expect("closed");
        assert_eq!(called(&lab.reopened().await).await, wanted);
    }
}
