//! What happened shortly before a start: so that who looked before it is told what changed since, and by whom.

use patchbay_domain::{Entry, Event, Seq};
use patchbay_store::{Records, StoreError};
use std::collections::VecDeque;

/// The most entries that are read. What is older counts as changed for whoever looked before it.
const ENTRIES_MAX: usize = 1_024;

/// No more is read once this many functions were named: a large plan has thousands of them.
const MOVES_MAX: usize = 4_096;

/// How many entries are read at once.
const PAGE: u64 = 32;

/// The newest entries up to `last`, oldest first. Reads backwards, and as much as tells of the last hours of a rack without
/// holding up the start.
pub(crate) async fn recall(records: &dyn Records, last: Seq) -> Result<Vec<Entry>, StoreError> {
    let (mut newest, mut moves) = (VecDeque::new(), 0);
    let mut upto = last.get();
    while upto > 0 && newest.len() < ENTRIES_MAX && moves < MOVES_MAX {
        let from = upto.saturating_sub(PAGE);
        for entry in between(records, from, upto).await?.into_iter().rev() {
            moves += weight(&entry.event);
            newest.push_front(entry);
        }
        upto = from;
    }
    Ok(newest.into())
}

/// The entries after one and up to another, oldest first. A page has fewer than were asked for when they are large.
async fn between(records: &dyn Records, after: u64, upto: u64) -> Result<Vec<Entry>, StoreError> {
    let (mut entries, mut next) = (Vec::new(), Some(Seq::new(after)));
    while let Some(after) = next.filter(|after| after.get() < upto) {
        let wanted = u32::try_from(upto - after.get()).unwrap_or(u32::MAX);
        let page = records.ledger(after, wanted).await?;
        entries.extend(page.entries);
        next = page.next_after;
    }
    Ok(entries)
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
        records.short_pages(5);
        assert_eq!(
            numbers(&records, 44).await,
            (1..=44).collect::<Vec<_>>(),
            "pages of large entries are short"
        );
        assert_eq!(numbers(&records, 1_502).await, (1_502 - 1_023..=1_502).collect::<Vec<_>>());
    }

    async fn numbers(records: &MemoryRecords, last: u64) -> Vec<u64> {
        let newest = recall(records, Seq::new(last)).await.expect("readable");
        newest.iter().map(|entry| entry.seq.get()).collect()
    }
}
