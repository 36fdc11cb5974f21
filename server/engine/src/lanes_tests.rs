//! Whose turn it is: one at a time, fairly, and nobody for ever.

use super::*;
use futures::FutureExt;
use proptest::prelude::*;

fn switch(n: u32) -> SwitchId {
    SwitchId::new(n)
}

#[test]
fn one_at_a_time_on_a_switch_and_others_beside_it() {
    let lanes = Lanes::default();
    let first = lanes.queue("ana", &[switch(1)]).turn().now_or_never().expect("nobody is before");
    let mut second = Box::pin(lanes.queue("ben", &[switch(1)]).turn());
    assert!(second.as_mut().now_or_never().is_none());
    assert!(lanes.queue("cy", &[switch(2)]).turn().now_or_never().is_some(), "another switch is free");
    drop(first);
    assert!(second.now_or_never().is_some());
}

#[test]
fn a_turn_at_once_is_had_only_where_all_is_free_and_nobody_waits() {
    let lanes = Lanes::default();
    let both = [switch(1), switch(2)];
    let at_once = |person, switches: &[SwitchId]| {
        let queued = lanes.at_once(ChangeId::new(1), person, switches)?;
        Some(queued.turn().now_or_never().expect("its turn has come"))
    };
    let turn = at_once("ana", &both).expect("nobody is before");
    assert!(at_once("ben", &[switch(2)]).is_none() && at_once("ben", &[switch(3)]).is_some());
    let mut waiting = Box::pin(lanes.queue("ben", &[switch(2)]).turn());
    assert!(waiting.as_mut().now_or_never().is_none());
    drop(turn);
    assert!(at_once("ana", &both).is_none(), "ben was first on one of them");
    drop(waiting.now_or_never().expect("it is free"));
    assert!(at_once("ana", &both).is_some());
    drop(lanes.at_once(ChangeId::new(1), "ana", &both).expect("it is free"));
    assert!(at_once("ben", &both).is_some(), "who does not take the turn gives it back");
}

#[test]
fn a_crowd_of_one_person_does_not_make_the_next_wait_for_all() {
    let lanes = Lanes::default();
    let busy = lanes.queue("script", &[switch(1)]).turn().now_or_never().expect("free");
    let mut crowd: Vec<_> = (0..100).map(|_| Box::pin(lanes.queue("script", &[switch(1)]).turn())).collect();
    let mut ana = Box::pin(lanes.queue("ana", &[switch(1)]).turn());
    drop(busy);
    let mut before = 0;
    while ana.as_mut().now_or_never().is_none() {
        let next = crowd.iter_mut().find_map(|turn| turn.as_mut().now_or_never());
        drop(crowd.remove(0));
        drop(next.expect("somebody has their turn"));
        before += 1;
    }
    assert!(before <= 2, "{before} of the script's changes went before");
}

/// Takes and gives back so many turns, one after the other.
fn turns(lanes: &Lanes, person: &str, switches: &[SwitchId], times: u32) {
    for _ in 0..times {
        drop(lanes.queue(person, switches).turn().now_or_never().expect("nobody is before"));
    }
}

type Waiting = std::pin::Pin<Box<dyn Future<Output = Turn>>>;

fn waits(lanes: &Lanes, person: &str, switches: &[SwitchId]) -> Waiting {
    Box::pin(lanes.queue(person, switches).turn())
}

/// Lets those of a crowd go on, in their order, until somebody has their turn; how many went before.
fn before(mut one: Waiting, mut crowd: Vec<Waiting>) -> usize {
    let mut count = 0;
    while one.as_mut().now_or_never().is_none() {
        let next = crowd.iter_mut().position(|turn| turn.as_mut().now_or_never().is_some());
        drop(crowd.remove(next.expect("somebody has their turn")));
        count += 1;
    }
    count
}

#[test]
fn who_comes_to_a_slow_switch_does_not_wait_for_what_fast_ones_have_served() {
    let lanes = Lanes::default();
    let busy = lanes.queue("script", &[switch(1)]).turn().now_or_never().expect("free");
    let crowd = (0..50).map(|_| waits(&lanes, "script", &[switch(1)])).collect();
    turns(&lanes, "others", &[switch(2)], 100);
    let ana = waits(&lanes, "ana", &[switch(1)]);
    drop(busy);
    let before = before(ana, crowd);
    assert!(before <= 2, "{before} of the script's changes went before");
}

#[test]
fn what_somebody_asked_of_another_switch_does_not_count_here() {
    let lanes = Lanes::default();
    let elsewhere = lanes.queue("ana", &[switch(2)]).turn().now_or_never().expect("free");
    let hers: Vec<_> = (0..50).map(|_| waits(&lanes, "ana", &[switch(2)])).collect();
    let busy = lanes.queue("script", &[switch(1)]).turn().now_or_never().expect("free");
    let crowd = (0..50).map(|_| waits(&lanes, "script", &[switch(1)])).collect();
    let ana = waits(&lanes, "ana", &[switch(1)]);
    drop(busy);
    let before = before(ana, crowd);
    assert!(before <= 2, "{before} of the script's changes went before");
    drop((elsewhere, hers));
}

#[test]
fn who_needs_a_busy_switch_and_an_idle_one_is_not_overtaken_for_ever() {
    let lanes = Lanes::default();
    turns(&lanes, "others", &[switch(1)], 100);
    let busy = lanes.queue("script", &[switch(2)]).turn().now_or_never().expect("free");
    let crowd: Vec<_> = (0..5).map(|_| waits(&lanes, "script", &[switch(2)])).collect();
    let ana = waits(&lanes, "ana", &[switch(1), switch(2)]);
    let late = (0..50).map(|_| waits(&lanes, "script", &[switch(2)]));
    let crowd = crowd.into_iter().chain(late).collect();
    drop(busy);
    let before = before(ana, crowd);
    assert!(before <= 2, "{before} of the script's changes went before");
}

#[test]
fn who_waits_for_two_switches_keeps_their_place_when_one_of_them_is_made_level_with_a_third() {
    let lanes = Lanes::default();
    let busy = lanes.queue("script", &[switch(1), switch(2)]).turn().now_or_never().expect("free");
    let mut ana = waits(&lanes, "ana", &[switch(1), switch(2)]);
    turns(&lanes, "others", &[switch(3)], 100);
    let mut ben = waits(&lanes, "ben", &[switch(2), switch(3)]);
    let mut cy = waits(&lanes, "cy", &[switch(1)]);
    drop(busy);
    assert!(ben.as_mut().now_or_never().is_none() && cy.as_mut().now_or_never().is_none());
    drop(ana.as_mut().now_or_never().expect("ana came first"));
    assert!(ben.now_or_never().is_some() && cy.now_or_never().is_some());
}

fn change(lanes: &Lanes, id: u64, switches: &[SwitchId]) -> Queued {
    lanes.queue_change(ChangeId::new(id), "script", switches)
}

#[test]
fn changes_that_are_next_and_need_the_same_switches_are_taken_along_in_order() {
    let lanes = Lanes::default();
    let busy = lanes.queue("ana", &[switch(1)]).turn().now_or_never().expect("free");
    let waiting = [1, 2, 3, 4].map(|id| change(&lanes, id, &[switch(1)]));
    let reading = lanes.queue("script", &[switch(1)]);
    let both = change(&lanes, 5, &[switch(1), switch(2)]);
    let behind = change(&lanes, 6, &[switch(1)]);
    let ids = |company: Vec<ChangeId>| company.into_iter().map(ChangeId::get).collect::<Vec<_>>();
    assert_eq!(ids(busy.company(|next| next.get() < 3)), [1, 2], "those that fit");
    assert_eq!(ids(busy.company(|_| true)), [3, 4], "a reading is not taken along, nor what is behind it");
    drop(reading);
    assert_eq!(
        ids(busy.company(|_| true)),
        [0; 0],
        "one that needs another switch too waits, and so who is behind"
    );
    drop((busy, waiting));
    let turn = both.turn().now_or_never().expect("nobody is before");
    assert_eq!(ids(turn.company(|_| true)), [0; 0], "one that does not need all of them is not taken along");
    drop(turn);
    assert!(behind.turn().now_or_never().is_some());
}

#[test]
fn who_leaves_the_queue_does_not_hold_it_up() {
    let lanes = Lanes::default();
    let busy = lanes.queue("ana", &[switch(1)]).turn().now_or_never().expect("free");
    let both = lanes.queue("ben", &[switch(1), switch(2)]);
    let mut behind = Box::pin(lanes.queue("cy", &[switch(2)]).turn());
    assert!(behind.as_mut().now_or_never().is_none(), "ben comes first on both");
    drop(both);
    assert!(behind.now_or_never().is_some());
    drop(busy);
    assert!(lanes.queue("dee", &[switch(1), switch(2)]).turn().now_or_never().is_some());
}

proptest! {
    /// People ask, leave and end in any order: no switch is used by two, and nobody waits while all they need is
    /// free and nobody is before them.
    #[test]
    fn all_get_their_turn_and_no_switch_is_used_twice(
        asked in proptest::collection::vec((0_u8..4, proptest::collection::btree_set(0_u32..4, 1..4), any::<bool>()), 1..40)
    ) {
        let lanes = Lanes::default();
        let mut waiting: Vec<_> = Vec::new();
        for (person, switches, leaves) in asked {
            let switches: Vec<_> = switches.into_iter().map(switch).collect();
            let queued = lanes.queue(&person.to_string(), &switches);
            if leaves { drop(queued) } else { waiting.push(Box::pin(queued.turn())) }
        }
        while !waiting.is_empty() {
            let mut used = BTreeSet::new();
            let mut turns = Vec::new();
            waiting.retain_mut(|queued| match queued.as_mut().now_or_never() {
                Some(turn) => { turns.push(turn); false }
                None => true,
            });
            prop_assert!(!turns.is_empty(), "{} wait for nothing", waiting.len());
            for turn in &turns {
                for switch in &turn.switches {
                    prop_assert!(used.insert(*switch), "two use {switch:?}");
                }
            }
        }
    }
}
