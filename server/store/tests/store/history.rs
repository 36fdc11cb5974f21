//! Each filter of the history, alone and together, and its pages.

use crate::lab::{self, HBA, HBA_VF1, HOST_A, HOST_B, Lab, NIC, NIC_VF1, NIC_VF2, SWITCH};
use patchbay_domain::*;
use patchbay_store::{StoreError, WRITINGS_MAX, Writing};

/// Entries 3 to 9: ada moves eth16v1 from web-01 to rack-12-pax-p4 (applied), bob assigns fc20v1 to web-01 (rolled back),
/// rack-12-pax-p4 loses its link, the switch goes away, ada opens "100%_sure" for eth16v2 to rack-12-pax-p4.
async fn busy_lab() -> Lab {
    let lab = Lab::discovered().await;
    let one = lab.open("ada", NIC_VF1, Some(HOST_B), "INC-1 Maintenance").await;
    lab.close(one, Outcome::Applied).await;
    let two = lab.open("bob", HBA_VF1, Some(HOST_A), "INC-2").await;
    lab.close(two, Outcome::RolledBack).await;
    lab.record(lab::at(10), lab::raised(Subject::HostDown(HOST_B))).await.expect("recorded");
    lab.record(lab::at(11), lab::raised(Subject::SwitchAway(SWITCH))).await.expect("recorded");
    lab.open("ada", NIC_VF2, Some(HOST_A), "100%_sure").await;
    lab
}

async fn found(lab: &Lab, query: HistoryQuery) -> Vec<u64> {
    let page = lab.store.history(&query).await.expect("a page");
    page.items.iter().map(|item| item.seq.get()).collect()
}

fn all() -> HistoryQuery {
    HistoryQuery::default()
}

fn text(text: &str) -> HistoryQuery {
    HistoryQuery { text: Some(text.to_owned()), ..all() }
}

/// Filters with the entries that they find in the busy lab.
fn cases() -> Vec<(HistoryQuery, Vec<u64>)> {
    vec![
        (all(), vec![9, 8, 7, 5, 3, 2, 1]),
        (HistoryQuery { host: Some(HOST_A), ..all() }, vec![9, 5, 3, 2]),
        (HistoryQuery { host: Some(HOST_B), ..all() }, vec![7, 3, 2]),
        (HistoryQuery { adapter: Some(NIC), ..all() }, vec![9, 3, 2]),
        (HistoryQuery { adapter: Some(HBA), ..all() }, vec![5, 2]),
        (HistoryQuery { function: Some(NIC_VF2), ..all() }, vec![9, 2]),
        (HistoryQuery { function: Some(FunctionId::new(999)), ..all() }, vec![]),
        (HistoryQuery { person: Some("ada".to_owned()), ..all() }, vec![9, 3]),
        (HistoryQuery { person: Some("ad".to_owned()), ..all() }, vec![]),
        (HistoryQuery { kind: Some(ItemKind::Change), ..all() }, vec![9, 5, 3]),
        (HistoryQuery { kind: Some(ItemKind::Discovery), ..all() }, vec![2, 1]),
        (HistoryQuery { kind: Some(ItemKind::Links), ..all() }, vec![7]),
        (HistoryQuery { kind: Some(ItemKind::Reachability), ..all() }, vec![8]),
        (HistoryQuery { kind: Some(ItemKind::Drift), ..all() }, vec![]),
        (HistoryQuery { outcome: Some(Ending::Applied), ..all() }, vec![3]),
        (HistoryQuery { outcome: Some(Ending::RolledBack), ..all() }, vec![5]),
        (HistoryQuery { from: Some(lab::at(10)), ..all() }, vec![8, 7]),
        (HistoryQuery { to: Some(lab::at(1)), ..all() }, vec![1]),
        (HistoryQuery { from: Some(lab::at(1)), to: Some(lab::at(11)), ..all() }, vec![9, 7, 5, 3, 2]),
        (HistoryQuery { host: Some(HOST_A), function: Some(NIC_VF1), ..all() }, vec![3, 2]),
        (HistoryQuery { host: Some(HOST_B), outcome: Some(Ending::Applied), ..all() }, vec![3]),
        (HistoryQuery { adapter: Some(NIC), person: Some("bob".to_owned()), ..all() }, vec![]),
    ]
}

#[tokio::test]
async fn each_filter_finds_its_lines_newest_first() {
    let lab = busy_lab().await;
    for (query, wanted) in cases() {
        assert_eq!(found(&lab, query.clone()).await, wanted, "{query:?}");
    }
}

#[tokio::test]
async fn what_was_accepted_is_in_the_history_of_its_function_its_hosts_and_its_adapter() {
    let lab = Lab::discovered().await;
    let there = Some(Assignment { host: HOST_B, logical_port: LogicalPort(5), number: 0 });
    let difference = Difference {
        function: NIC_VF1,
        name: "eth16v1".to_owned(),
        recorded: lab.topology().await.functions[&NIC_VF1].assigned,
        recorded_name: Some("web-01".to_owned()),
        found: there,
        found_name: None,
        left_by: None,
    };
    let event = Event::BindingsFound { switch: SWITCH, differences: vec![difference] };
    lab.record(lab::at(2), event).await.expect("recorded");
    let accept = Intent::adopting([NIC_VF1]);
    let plan = plan(&lab.ready().await, &accept).expect("allowed");
    let opening = lab::opening(ChangeId::new(1), "ada", accept, plan, "as found");
    let opened = lab.write(Writing::Open(Box::new(opening))).await.expect("opened").seq.get();
    for query in [
        HistoryQuery { function: Some(NIC_VF1), ..all() },
        HistoryQuery { host: Some(HOST_A), ..all() },
        HistoryQuery { host: Some(HOST_B), ..all() },
        HistoryQuery { adapter: Some(NIC), ..all() },
    ] {
        assert_eq!(found(&lab, query.clone()).await.first(), Some(&opened), "{query:?}");
    }
}

#[tokio::test]
async fn what_was_made_from_a_change_is_found_also_in_a_database_that_did_not_note_it() {
    let lab = Lab::discovered().await;
    let change = lab.open("ada", NIC_VF1, Some(HOST_B), "INC-1").await;
    lab.close(change, Outcome::Applied).await;
    let topology = lab.ready().await;
    let undo = Intent::single(NIC_VF1, Some(HOST_A)).made_from(Origin::Undo(change));
    let plan = plan(&topology, &undo).expect("allowed");
    let opening = lab::opening(ChangeId::new(2), "bob", undo, plan, r#"not "origin":{ of anything"#);
    let opened = lab.write(Writing::Open(Box::new(opening))).await.expect("opened").seq.get();
    lab.open("eve", NIC_VF2, Some(HOST_A), r#""origin":{"undo":1}"#).await;
    let cases = [
        (HistoryQuery { made_from: Some(change), ..all() }, vec![opened]),
        (HistoryQuery { made_from: Some(change), host: Some(HOST_A), ..all() }, vec![opened]),
        (HistoryQuery { made_from: Some(change), person: Some("ada".to_owned()), ..all() }, vec![]),
        (HistoryQuery { made_from: Some(ChangeId::new(2)), ..all() }, vec![]),
    ];
    for (query, wanted) in &cases {
        assert_eq!(found(&lab, query.clone()).await, *wanted, "{query:?}");
    }
    write_others(&lab, 128).await;
    let mut raw = lab.raw().await;
    let older = "DROP TABLE made_from; DELETE FROM _sqlx_migrations WHERE version = 10";
    sqlx::raw_sql(older).execute(&mut raw).await.expect("as an older version left it");
    drop(raw);
    let lab = lab.reopened().await;
    for (query, wanted) in cases {
        assert_eq!(found(&lab, query.clone()).await, wanted, "{query:?}");
    }
}

/// The stuck changes that need somebody, and all of them with whether they are settled, newest first.
async fn stuck(lab: &Lab) -> (Vec<u64>, Vec<(u64, bool)>) {
    let needed = found(lab, HistoryQuery { outcome: Some(Ending::NeedsYou), ..all() }).await;
    let query = HistoryQuery { outcome: Some(Ending::Stuck), ..all() };
    let items = lab.store.history(&query).await.expect("a page").items;
    (needed, items.iter().map(|item| (item.seq.get(), item.settled)).collect())
}

#[tokio::test]
async fn a_stuck_change_needs_somebody_until_about_each_of_its_functions_something_was_decided() {
    let lab = Lab::discovered().await;
    let intent = Intent::moving(vec![Move::new(NIC_VF1, Some(HOST_B)), Move::new(NIC_VF2, Some(HOST_B))]);
    let plan = plan(&lab.ready().await, &intent).expect("allowed");
    let opening = lab::opening(ChangeId::new(1), "ada", intent, plan, "INC-1");
    let opened = lab.write(Writing::Open(Box::new(opening))).await.expect("opened").seq.get();
    lab.close(ChangeId::new(1), Outcome::Stuck).await;
    assert_eq!(stuck(&lab).await, (vec![opened], vec![(opened, false)]));
    let end = async |function, to, outcome| {
        let change = lab.open("bob", function, to, "afterwards").await;
        lab.close(change, outcome).await;
    };
    end(NIC_VF1, Some(HOST_B), Outcome::Applied).await;
    end(NIC_VF2, Some(HOST_B), Outcome::RolledBack).await;
    assert_eq!(stuck(&lab).await, (vec![opened], vec![(opened, false)]), "the other one was rolled back");
    end(NIC_VF2, Some(HOST_A), Outcome::Applied).await;
    assert_eq!(stuck(&lab).await, (vec![], vec![(opened, true)]));
}

#[tokio::test]
async fn a_stuck_change_of_a_card_that_is_gone_needs_nobody_until_the_card_is_back() {
    let lab = Lab::discovered().await;
    let change = lab.open("ada", HBA_VF1, Some(HOST_A), "INC-1").await;
    lab.close(change, Outcome::Stuck).await;
    let needed = async || stuck(&lab).await.0.len();
    assert_eq!(needed().await, 1);
    let mut other = lab::observation();
    other.slots[1].adapter = Some(lab::card(AdapterKind::Hba, 0x2532, 0x2000, 2));
    lab.discover(&other).await;
    assert_eq!(needed().await, 0);
    lab.discover(&lab::observation()).await;
    assert_eq!(needed().await, 1);
}

#[tokio::test]
async fn a_database_that_did_not_note_it_knows_which_stuck_changes_need_somebody() {
    let lab = Lab::discovered().await;
    for (function, to) in [(NIC_VF1, HOST_B), (NIC_VF2, HOST_B), (HBA_VF1, HOST_A)] {
        let change = lab.open("ada", function, Some(to), "INC-1").await;
        lab.close(change, Outcome::Stuck).await;
    }
    let settle = async |function| {
        let change = lab.open("bob", function, Some(HOST_B), "afterwards").await;
        lab.close(change, Outcome::Applied).await;
    };
    settle(NIC_VF1).await;
    write_others(&lab, 128).await;
    settle(NIC_VF2).await;
    let before = stuck(&lab).await;
    assert_eq!((before.0.len(), before.1.len()), (1, 3));
    let mut raw = lab.raw().await;
    let older =
        "DROP TRIGGER changes_stuck; DROP TRIGGER changes_settle; DROP VIEW decided; DROP TABLE unsettled;
                 DELETE FROM _sqlx_migrations WHERE version = 11";
    sqlx::raw_sql(older).execute(&mut raw).await.expect("as an older version left it");
    drop(raw);
    let lab = lab.reopened().await;
    assert_eq!(stuck(&lab).await, before);
}

async fn unfiled(lab: &Lab) -> i64 {
    let mut raw = lab.raw().await;
    sqlx::query_scalar("SELECT count(*) FROM unfiled").fetch_one(&mut raw).await.expect("a count")
}

/// Writes so many entries with lines that no case is about.
async fn write_others(lab: &Lab, entries: usize) {
    let events = [lab::raised, lab::cleared].into_iter().cycle();
    let events =
        events.map(|event| Writing::Event { at: lab::at(9), event: event(Subject::HostDown(HOST_A)) });
    let events: Vec<_> = events.take(entries).collect();
    for group in events.chunks(WRITINGS_MAX) {
        lab.store.write(group.to_vec()).await.expect("written");
    }
}

#[tokio::test]
async fn lines_are_found_alike_before_and_after_they_are_filed() {
    let lab = busy_lab().await;
    assert_eq!(unfiled(&lab).await, 7);
    write_others(&lab, 54).await;
    assert_eq!(unfiled(&lab).await, 61, "the first of 63 entries is not old enough");
    write_others(&lab, 42).await;
    assert_eq!(unfiled(&lab).await, 40, "the 65th was filed with all before it");
    let before = Some(Seq::new(10));
    for (query, wanted) in cases() {
        assert_eq!(found(&lab, HistoryQuery { before, ..query.clone() }).await, wanted, "{query:?}");
    }
    let newest = found(&lab, HistoryQuery { host: Some(HOST_A), limit: Some(60), ..all() }).await;
    assert_eq!(newest, (46..106).rev().collect::<Vec<_>>(), "a page of both kinds");
    let lab = lab.reopened().await;
    assert_eq!(found(&lab, HistoryQuery { limit: Some(1), ..all() }).await, [105]);
}

#[tokio::test]
async fn only_lines_have_statistics_because_only_searches_choose_among_indexes() {
    let lab = busy_lab().await;
    write_others(&lab, 128).await;
    let lab = lab.reopened().await;
    assert_eq!(lab.analysed().await, ["lines"]);
}

#[tokio::test]
async fn a_line_that_touched_much_is_filed_at_once() {
    let lab = Lab::discovered().await;
    let mut seen = lab::observation();
    seen.slots[0].adapter = Some(lab::card(AdapterKind::Nic, 0x1592, 0x1100, 255));
    let entry = lab.discover(&seen).await.seq.get();
    assert_eq!(unfiled(&lab).await, 0);
    let adapter = found(&lab, HistoryQuery { adapter: Some(NIC), ..all() }).await;
    assert_eq!(adapter.first(), Some(&entry));
}

#[tokio::test]
async fn text_is_found_in_titles_and_reasons_and_taken_literally() {
    let lab = busy_lab().await;
    assert_eq!(found(&lab, text("eth16v1")).await, [3]);
    assert_eq!(found(&lab, text("  maintenance ")).await, [3]);
    assert_eq!(found(&lab, text("0%_s")).await, [9]);
    assert_eq!(found(&lab, text("I%C")).await, Vec::<u64>::new());
    assert_eq!(found(&lab, text("INC_1")).await, Vec::<u64>::new());
    assert_eq!(found(&lab, text("\\")).await, Vec::<u64>::new());
    assert_eq!(found(&lab, text("' OR 1=1 --")).await, Vec::<u64>::new());
    assert_eq!(found(&lab, text(" ")).await.len(), 7);
    let long = lab.store.history(&text(&"x".repeat(201))).await;
    assert!(matches!(long, Err(StoreError::SearchTooLong { chars: 201 })), "{long:?}");
}

#[tokio::test]
async fn lines_say_what_the_entries_say() {
    let lab = busy_lab().await;
    let items = lab.store.history(&HistoryQuery::default()).await.expect("a page").items;
    let entries = lab.entries().await;
    for item in &items {
        let entry = entries.iter().find(|e| e.seq == item.seq).expect("its entry");
        let mut wanted = HistoryItem::of(entry, "rack-12-pax").expect("a line");
        entries.iter().for_each(|e| wanted.close(e));
        assert_eq!(*item, wanted);
    }
    assert_eq!(items[3].why.as_deref(), Some("The switch refused."));
}

#[tokio::test]
async fn pages_have_every_line_once() {
    let lab = busy_lab().await;
    for host in [None, Some(HOST_A)] {
        let mut query = HistoryQuery { host, ..HistoryQuery::default() };
        let all = found(&lab, query.clone()).await;
        query.limit = Some(2);
        let mut paged = Vec::new();
        loop {
            let page = lab.store.history(&query).await.expect("a page");
            assert!(page.items.len() <= 2);
            paged.extend(page.items.iter().map(|item| item.seq.get()));
            query.before = page.next;
            if page.next.is_none() {
                break;
            }
        }
        assert_eq!(paged, all);
    }
}

#[tokio::test]
async fn a_discovery_touches_what_it_changed_and_nothing_else() {
    let lab = Lab::discovered().await;
    let mut seen = lab::observation();
    seen.slots[0].adapter.as_mut().expect("the NIC").functions[2].bound = Some(lab::bound(4, 1, 0));
    let entry = lab.discover(&seen).await.seq.get();
    let touched = |query: HistoryQuery| async { found(&lab, query).await.contains(&entry) };
    assert!(touched(HistoryQuery { function: Some(NIC_VF2), ..all() }).await);
    assert!(touched(HistoryQuery { host: Some(HOST_B), ..all() }).await);
    assert!(touched(HistoryQuery { adapter: Some(NIC), ..all() }).await);
    assert!(!touched(HistoryQuery { function: Some(NIC_VF1), ..all() }).await);
    assert!(!touched(HistoryQuery { host: Some(HOST_A), ..all() }).await);
    assert!(!touched(HistoryQuery { adapter: Some(HBA), ..all() }).await);
}
