//! What is asked of the history, as it stands in the page's address.
//!
//! Every filter has one name in the address, and the form of the page sends the same names, so that the page works
//! without scripts and can be bookmarked. A field that is empty is a filter that is not set: forms send those too.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Timelike, Utc};
use patchbay_domain::history::{HISTORY_PAGE_MAX, SEARCH_MAX_CHARS};
use patchbay_domain::{Ending, HistoryQuery, ItemKind};
use thiserror::Error;

use super::HISTORY_PATH;

/// The names of the filters, in the order in which they are shown.
pub const FIELDS: [&str; 10] =
    ["text", "kind", "outcome", "host", "adapter", "function", "made_from", "person", "from", "to"];
/// Where a page of the history starts.
pub const BEFORE_FIELD: &str = "before";
/// How many lines a page has.
const LIMIT_FIELD: &str = "limit";

/// The kinds with their words in the address and on screen.
pub const KINDS: [(ItemKind, &str, &str); 5] = [
    (ItemKind::Change, "change", "Changes"),
    (ItemKind::Drift, "drift", "Changed outside Patchbay"),
    (ItemKind::Links, "links", "Trouble with links"),
    (ItemKind::Reachability, "reachability", "Trouble with switches"),
    (ItemKind::Discovery, "discovery", "Discoveries"),
];
/// The endings with their words in the address and on screen.
pub const ENDINGS: [(Ending, &str, &str); 4] = [
    (Ending::NeedsYou, "needs_you", "Needs you"),
    (Ending::Applied, "applied", "Applied"),
    (Ending::RolledBack, "rolled_back", "Rolled back"),
    (Ending::Stuck, "stuck", "Could not be finished"),
];

/// Why a part of the address cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AddressError {
    /// Not the number of anything.
    #[error("“{value}” is no {field}: ids are numbers. Choose the {field} from the list.")]
    NotId {
        /// The field.
        field: &'static str,
        /// What it holds.
        value: String,
    },
    /// Not one of the known words.
    #[error("“{value}” is no {field}. Choose one of: {known}.")]
    NotWord {
        /// The field.
        field: &'static str,
        /// What it holds.
        value: String,
        /// What it could hold.
        known: String,
    },
    /// Not a time.
    #[error("“{value}” is no time. Write it as 2026-11-22 or 2026-11-22T14:00, in UTC.")]
    NotTime {
        /// What the field holds.
        value: String,
    },
    /// Longer than anything the history holds.
    #[error("The {field} has {chars} characters. Keep it to {SEARCH_MAX_CHARS}.")]
    TooLong {
        /// The field.
        field: &'static str,
        /// How long it is.
        chars: usize,
    },
    /// A range that holds no moment.
    #[error("The time range ends before it starts. Exchange the two times.")]
    EmptyRange,
    /// A page without a line, or with too many.
    #[error("A page of the history has 1 to {HISTORY_PAGE_MAX} lines.")]
    Limit,
}

/// Reads the query part of an address, without its question mark.
///
/// # Errors
/// The first part that cannot be read. Names that mean nothing here are passed over.
pub fn parse(search: &str) -> Result<HistoryQuery, AddressError> {
    let mut query = HistoryQuery::default();
    let filled = form_urlencoded::parse(search.as_bytes()).filter(|(_, value)| !value.trim().is_empty());
    for (name, value) in filled {
        take(&mut query, &name, value.trim())?;
    }
    match (query.from, query.to) {
        (Some(from), Some(to)) if from >= to => Err(AddressError::EmptyRange),
        _ => Ok(query),
    }
}

fn take(query: &mut HistoryQuery, name: &str, value: &str) -> Result<(), AddressError> {
    match name {
        "host" => query.host = Some(id("host", value)?),
        "adapter" => query.adapter = Some(id("adapter", value)?),
        "function" => query.function = Some(id("function", value)?),
        "made_from" => query.made_from = Some(id("change", value)?),
        "person" => query.person = Some(bounded("person", value)?),
        "kind" => query.kind = Some(word("kind", value, &KINDS)?),
        "outcome" => query.outcome = Some(word("outcome", value, &ENDINGS)?),
        "from" => query.from = Some(time(value)?),
        "to" => query.to = Some(time(value)?),
        "text" => query.text = Some(bounded("text", value)?),
        BEFORE_FIELD => query.before = Some(id("entry", value)?),
        LIMIT_FIELD => query.limit = Some(limit(value)?),
        _ => {}
    }
    Ok(())
}

fn id<T: std::str::FromStr>(field: &'static str, value: &str) -> Result<T, AddressError> {
    value.parse().map_err(|_| AddressError::NotId { field, value: value.to_owned() })
}

fn bounded(field: &'static str, value: &str) -> Result<String, AddressError> {
    let chars = value.chars().count();
    if chars > SEARCH_MAX_CHARS {
        return Err(AddressError::TooLong { field, chars });
    }
    Ok(value.to_owned())
}

fn word<T: Copy>(
    field: &'static str,
    value: &str,
    known: &[(T, &'static str, &str)],
) -> Result<T, AddressError> {
    let found = known.iter().find(|(_, word, _)| *word == value);
    found.map(|(item, ..)| *item).ok_or_else(|| AddressError::NotWord {
        field,
        value: value.to_owned(),
        known: known.iter().map(|(_, word, _)| *word).collect::<Vec<_>>().join(", "),
    })
}

/// A moment with its zone, or a time or a day in UTC; a day stands for its first moment.
fn time(value: &str) -> Result<DateTime<Utc>, AddressError> {
    let with_zone = || DateTime::parse_from_rfc3339(value).ok().map(|at| at.to_utc());
    let to_minute = || NaiveDateTime::parse_from_str(value, "%Y-%m-%dT%H:%M").ok().map(|at| at.and_utc());
    let to_second =
        || NaiveDateTime::parse_from_str(value, "%Y-%m-%dT%H:%M:%S%.f").ok().map(|at| at.and_utc());
    let day = || Some(value.parse::<NaiveDate>().ok()?.and_hms_opt(0, 0, 0)?.and_utc());
    let read = with_zone().or_else(to_minute).or_else(to_second).or_else(day);
    read.ok_or_else(|| AddressError::NotTime { value: value.to_owned() })
}

fn limit(value: &str) -> Result<u32, AddressError> {
    match value.parse() {
        Ok(lines @ 1..=HISTORY_PAGE_MAX) => Ok(lines),
        _ => Err(AddressError::Limit),
    }
}

/// The filters that are set, as name and value.
pub fn pairs(query: &HistoryQuery) -> Vec<(&'static str, String)> {
    let all = [
        ("text", query.text.clone()),
        ("kind", query.kind.and_then(|kind| spelt(&kind, &KINDS))),
        ("outcome", query.outcome.and_then(|ending| spelt(&ending, &ENDINGS))),
        ("host", query.host.map(|id| id.to_string())),
        ("adapter", query.adapter.map(|id| id.to_string())),
        ("function", query.function.map(|id| id.to_string())),
        ("made_from", query.made_from.map(|id| id.to_string())),
        ("person", query.person.clone()),
        ("from", query.from.map(in_field)),
        ("to", query.to.map(in_field)),
        (BEFORE_FIELD, query.before.map(|seq| seq.to_string())),
        (LIMIT_FIELD, query.limit.map(|lines| lines.to_string())),
    ];
    all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

fn spelt<T: PartialEq>(item: &T, known: &[(T, &'static str, &str)]) -> Option<String> {
    known.iter().find(|(known, ..)| known == item).map(|(_, word, _)| (*word).to_owned())
}

/// A moment as a field for local times takes it; one between two minutes needs the long form.
pub fn in_field(at: DateTime<Utc>) -> String {
    if at.second() == 0 && at.nanosecond() == 0 {
        at.format("%Y-%m-%dT%H:%M").to_string()
    } else {
        at.format("%Y-%m-%dT%H:%M:%S%.f").to_string()
    }
}

/// The address of the history with these filters, given as name and value.
pub fn href<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let search = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    if search.is_empty() { HISTORY_PATH.to_owned() } else { format!("{HISTORY_PATH}?{search}") }
}

/// The address of the history as asked.
pub fn href_of(query: &HistoryQuery) -> String {
    href(pairs(query).iter().map(|(name, value)| (*name, value.as_str())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use patchbay_domain::{AdapterId, ChangeId, FunctionId, HostId, Seq};
    use proptest::option;
    use proptest::prelude::*;

    /// 1970 to 9999, in milliseconds.
    const MOMENTS_MS: std::ops::Range<i64> = 0..253_402_300_800_000;

    fn text() -> impl Strategy<Value = Option<String>> {
        option::of("[^\\s].{0,60}[^\\s]")
    }

    prop_compose! {
        fn queries()(
            ids in (option::of(any::<u32>()), option::of(any::<u32>()), option::of(any::<u32>())),
            words in (option::of(0..KINDS.len()), option::of(0..ENDINGS.len())),
            texts in (text(), text()),
            times in option::of((MOMENTS_MS, MOMENTS_MS)),
            page in (option::of(any::<u64>()), option::of(1..=HISTORY_PAGE_MAX)),
            made_from in option::of(any::<u64>()),
        ) -> HistoryQuery {
            let moment = |ms| DateTime::from_timestamp_millis(ms).expect("in range");
            let times = times.filter(|(a, b)| a != b).map(|(a, b)| (moment(a.min(b)), moment(a.max(b))));
            HistoryQuery {
                host: ids.0.map(HostId::new),
                adapter: ids.1.map(AdapterId::new),
                function: ids.2.map(FunctionId::new),
                made_from: made_from.map(ChangeId::new),
                person: texts.0,
                kind: words.0.map(|index| KINDS[index].0),
                outcome: words.1.map(|index| ENDINGS[index].0),
                from: times.map(|(from, _)| from),
                to: times.map(|(_, to)| to),
                text: texts.1,
                before: page.0.map(Seq::new),
                limit: page.1,
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(query in queries()) {
            let href = href_of(&query);
            let search = href.split_once('?').map_or("", |(_, search)| search);
            prop_assert_eq!(parse(search), Ok(query));
        }

        #[test]
        fn no_address_makes_it_panic(search in ".{0,200}") {
            let _ = parse(&search);
        }
    }

    #[test]
    fn every_field_of_the_form_is_written_under_its_name() {
        let search = "text=a&kind=drift&outcome=stuck&host=1&adapter=2&function=3&made_from=4&person=b&from=2026-01-01&to=2026-01-02";
        let names: Vec<_> =
            pairs(&parse(search).expect("all of them")).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, FIELDS);
    }

    #[test]
    fn fields_that_a_form_left_empty_are_no_filters() {
        assert_eq!(parse("host=&text=+&kind=&utm_source=mail"), Ok(HistoryQuery::default()));
        assert_eq!(href_of(&HistoryQuery::default()), "/history");
    }

    #[test]
    fn what_cannot_be_read_is_a_sentence() {
        let said = |search| parse(search).expect_err("unreadable").to_string();
        assert_eq!(
            said("host=web-01"),
            "“web-01” is no host: ids are numbers. Choose the host from the list."
        );
        assert_eq!(
            said("outcome=fine"),
            "“fine” is no outcome. Choose one of: needs_you, applied, rolled_back, stuck."
        );
        assert!(said("from=yesterday").contains("2026-11-22T14:00"));
        assert_eq!(
            said(&format!("text={}", "x".repeat(201))),
            "The text has 201 characters. Keep it to 200."
        );
        assert_eq!(parse("from=2026-02-01&to=2026-01-01"), Err(AddressError::EmptyRange));
        assert_eq!(parse("limit=0"), Err(AddressError::Limit));
    }

    #[test]
    fn times_are_read_with_and_without_a_zone() {
        let read = |value| time(value).map(|at| at.to_rfc3339());
        assert_eq!(read("2026-11-22"), Ok("2026-11-22T00:00:00+00:00".to_owned()));
        assert_eq!(read("2026-11-22T14:02"), Ok("2026-11-22T14:02:00+00:00".to_owned()));
        assert_eq!(read("2026-11-22T14:02:11+01:00"), Ok("2026-11-22T13:02:11+00:00".to_owned()));
    }
}
