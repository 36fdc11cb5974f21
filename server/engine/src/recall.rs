//! What happened shortly before a start: so that who looked before it is told what changed since, and by whom.

use patchbay_domain::{Entry, Event, Seq};
use patchbay_store::{Records, StoreError};
use std::collections::VecDeque;

/// The most entries that are read. What is older counts as changed for whoever looked before it.
const ENTRIES_MAX: usize = 1_024;

/// No more is read once this many functions were named: a large plan has thousands of them.
const MOVES_MAX: usize = 4_096;

/// How many entries are read at once.
const PAGE: u32 = 32;

/// The newest entries up to `last`, oldest first. Reads backwards, and as much as tells of the last hours of a rack without
/// holding up the start.
pub(crate) async fn recall(records: &dyn Records, last: Seq) -> Result<Vec<Entry>, StoreError> {
    let (mut newest, mut moves) = (VecDeque::new(), 0);
    let mut upto = last.get();
    while upto > 0 && newest.len() < ENTRIES_MAX && moves < MOVES_MAX {
        let count = upto.min(PAGE.into());
        upto -= count;
        let page = records.ledger(Seq::new(upto), u32::try_from(count).unwrap_or(PAGE)).await?;
        for entry in page.entries.into_iter().rev() {
            moves += weight(&entry.event);
            newest.push_front(entry);
        }
    }
    Ok(newest.into())
}

/// How many functions an entry names.
fn weight(event: &Event) -> usize {
    match event {
        Event::ChangeOpened { plan, .. } => plan.moves.len(),
        Event::ChangeClosed { moves, .. } => moves.len(),
        Event::BindingsFound { differences, .. } => differences.len(),
        Event::Discovered { picture, .. } => picture.functions.len(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;
    use patchbay_domain::{Actor, Observation, SwitchId};
    use patchbay_store::memory::MemoryRecords;
    use patchbay_store::{Names, Writing};

    #[tokio::test]
    async fn the_newest_entries_are_read_in_order_and_not_all_of_a_long_ledger() {
        let (records, at) = (MemoryRecords::default(), DateTime::UNIX_EPOCH);
        let added = records.add_switch(at, &Actor::Engine, "pax-1", "pax", "10.0.0.1").await;
        let (switch, _) = added.expect("added");
        assert_eq!(numbers(&records, 1).await, [1]);
        let seen = Observation {
            model: "PAX".to_owned(),
            firmware: "1".to_owned(),
            host_ports: Vec::new(),
            slots: Vec::new(),
        };
        records.discovered(at, switch, &seen, &Names::default()).await.expect("a sound reading");
        let nothing = || Event::BindingsFound { switch: SwitchId::new(1), differences: Vec::new() };
        for _ in 0..15 {
            let writings = (0..100).map(|_| Writing::Event { at, event: nothing() }).collect();
            records.write(writings).await.expect("written");
        }
        assert_eq!(numbers(&records, 45).await, (1..=45).collect::<Vec<_>>());
        assert_eq!(numbers(&records, 1_502).await, (1_502 - 1_023..=1_502).collect::<Vec<_>>());
    }

    async fn numbers(records: &MemoryRecords, last: u64) -> Vec<u64> {
        let newest = recall(records, Seq::new(last)).await.expect("readable");
        newest.iter().map(|entry| entry.seq.get()).collect()
    }
}
