//! The lines of the history, grouped by day.

use patchbay_domain::HistoryItem;
#[cfg(any(test, not(feature = "ssr")))]
use patchbay_domain::HistoryPage;

use crate::ui::civil::{Civil, Day};

/// Whose days they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zone {
    /// Greenwich: what the server draws, since it does not know where the reader is.
    Utc,
    /// The reader's, once the page has come to life.
    #[cfg(not(feature = "ssr"))]
    Reader,
}

impl Zone {
    /// The day on which something happened.
    fn day_of(self, item: &HistoryItem) -> Day {
        match self {
            Self::Utc => Civil::utc(item.at).day,
            #[cfg(not(feature = "ssr"))]
            Self::Reader => {
                #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 fit for ages")]
                let at_ms = item.at.timestamp_millis() as f64;
                Civil::reader(at_ms).day
            }
        }
    }
}

/// Groups neighbouring lines of the same day, keeping their order.
pub fn by_day(items: &[HistoryItem], zone: Zone) -> Vec<(Day, Vec<HistoryItem>)> {
    let same_day = |a: &HistoryItem, b: &HistoryItem| zone.day_of(a) == zone.day_of(b);
    let runs = items.chunk_by(same_day);
    runs.filter_map(|run| Some((zone.day_of(run.first()?), run.to_vec()))).collect()
}

/// The most lines that a page collects while it is open.
#[cfg(any(test, not(feature = "ssr")))]
const LINES_MAX: usize = 1_000;

/// The fresh lines, and below them those that were shown before and lie further back: the link to older ones starts
/// where they end. None when there are lines between the two that nobody read, or too many in all: then the page must be
/// begun anew.
#[cfg(any(test, not(feature = "ssr")))]
pub fn joined(fresh: HistoryPage, shown: &[HistoryItem]) -> Option<Vec<HistoryItem>> {
    let HistoryPage { items, next } = fresh;
    let last = items.last().map(|item| item.seq).filter(|_| next.is_some());
    let Some(last) = last else { return Some(items) };
    let newest_shown = shown.first().map(|item| item.seq);
    let meet = newest_shown.is_none_or(|newest| newest >= last);
    let further = shown.iter().filter(|item| item.seq < last).cloned();
    let all: Vec<_> = items.into_iter().chain(further).collect();
    Some(all).filter(|all| meet && all.len() <= LINES_MAX)
}

#[cfg(test)]
mod tests {
    use super::{Zone, by_day, joined};
    use crate::history::fixture::line;
    use patchbay_domain::{HistoryItem, HistoryPage, Seq};

    #[test]
    fn lines_of_one_day_stand_together_newest_first() {
        let items = [line(4, 1_795_356_131), line(3, 1_795_305_600), line(2, 1_795_305_599), line(1, 0)];
        let days = by_day(&items, Zone::Utc);
        let shape: Vec<_> = days.iter().map(|(day, lines)| (day.iso(), lines.len())).collect();
        assert_eq!(
            shape,
            [("2026-11-22".to_owned(), 2), ("2026-11-21".to_owned(), 1), ("1970-01-01".to_owned(), 1)]
        );
        let order: Vec<_> = days.iter().flat_map(|(_, lines)| lines).map(|item| item.seq.get()).collect();
        assert_eq!(order, [4, 3, 2, 1]);
    }

    #[test]
    fn no_lines_make_no_days() {
        assert!(by_day(&[], Zone::Utc).is_empty());
    }

    #[test]
    fn fresh_lines_push_no_older_ones_out() {
        let shown = [line(4, 0), line(3, 0), line(1, 0)];
        let page = |seqs: &[u64], next: Option<u64>| HistoryPage {
            items: seqs.iter().map(|seq| line(*seq, 0)).collect(),
            next: next.map(Seq::new),
        };
        let seqs = |items: Option<Vec<HistoryItem>>| {
            items.map(|items| items.iter().map(|item| item.seq.get()).collect::<Vec<_>>())
        };
        assert_eq!(seqs(joined(page(&[6, 4, 3], Some(3)), &shown)), Some(vec![6, 4, 3, 1]));
        assert_eq!(seqs(joined(page(&[9, 4], Some(4)), &shown)), Some(vec![9, 4, 3, 1]));
        assert_eq!(seqs(joined(page(&[9, 8], Some(8)), &shown)), None, "5 to 7 may have lines");
        assert_eq!(seqs(joined(page(&[9, 8], None), &shown)), Some(vec![9, 8]), "there are no others");
        assert_eq!(seqs(joined(page(&[9], Some(9)), &[])), Some(vec![9]));
        let many: Vec<_> = (1..=1_000).rev().map(|seq| line(seq, 0)).collect();
        assert_eq!(seqs(joined(page(&[1_001, 1_000], Some(1_000)), &many)), None, "too many");
    }
}
