//! Tests of the machine of a trouble, against a model that knows every moment.

use super::*;
use proptest::prelude::*;

/// Moments are tenths of a second here.
fn tenths(count: usize) -> Duration {
    Duration::from_millis(count as u64 * 100)
}

const RAISE: usize = 25;
const CLEAR: usize = 100;

/// What a trouble is by its definition, from the signs of every tenth of a second up to `now`. `cleared` is when the
/// one before was over, `raised` whether there is one.
fn model(signs: &[Option<Sign>], now: usize, cleared: usize, raised: bool) -> bool {
    let all = |from: Option<usize>, to: usize, sign| {
        from.is_some_and(|f| signs[f..to].iter().all(|s| *s == Some(sign)))
    };
    if raised {
        return all((now + 1).checked_sub(CLEAR + 1), now + 1, Sign::Good);
    }
    let soaked =
        (cleared..=now).any(|at| all(at.checked_sub(RAISE).filter(|f| *f >= cleared), at, Sign::Bad));
    let known: Vec<_> = (cleared..=now).filter_map(|at| Some((at, signs[at]?))).collect();
    let came = |upto: usize| {
        let before = |at: usize| known[..at].last().map_or(Sign::Good, |(_, sign)| *sign);
        (0..=upto)
            .filter(|&at| (before(at), known[at].1) == (Sign::Good, Sign::Bad))
            .map(|at| known[at].0)
            .collect()
    };
    let flapped = (1..known.len()).any(|at| {
        let came: Vec<usize> = came(at);
        let goes = (known[at - 1].1, known[at].1) == (Sign::Bad, Sign::Good);
        goes && came.len() >= FLAPS_RAISE && known[at].0 - came[came.len() - FLAPS_RAISE] <= CLEAR
    });
    soaked || flapped
}

fn signs() -> impl Strategy<Value = Vec<Option<Sign>>> {
    let sign = prop_oneof![6 => Just(Some(Sign::Bad)), 6 => Just(Some(Sign::Good)), 1 => Just(None)];
    let long = prop_oneof![6 => 1_usize..12, 2 => 20_usize..30, 2 => 95_usize..106];
    proptest::collection::vec((sign, long), 1..14)
        .prop_map(|runs| runs.into_iter().flat_map(|(sign, long)| std::iter::repeat_n(sign, long)).collect())
}

proptest! {
    /// Told every reading, the machine says to write exactly what the model says, at the same moment, and raised and
    /// cleared take turns.
    #[test]
    fn a_trouble_is_what_the_model_says(signs in signs()) {
        let (mut watch, mut raised, mut cleared) = (Watch::new(Patience::default()), false, 0);
        for now in 0..signs.len() {
            watch.read(tenths(now), signs[now]);
            let verdict = watch.verdict(tenths(now));
            prop_assert_eq!(verdict.is_some(), model(&signs, now, cleared, raised), "at {}: {:?}", now, verdict);
            let Some(verdict) = verdict else { continue };
            prop_assert_eq!(matches!(verdict, Verdict::Raise { .. }), !raised);
            watch.written(verdict);
            raised = !raised;
            cleared = if raised { cleared } else { now + 1 };
        }
    }

    /// Whoever looks only at readings that differ, and when the machine is due, writes the same at the same moments.
    #[test]
    fn looking_when_it_is_due_is_enough(signs in signs()) {
        let (mut every, mut due) = (Watch::new(Patience::default()), Watch::new(Patience::default()));
        let mut before = None;
        for (now, sign) in signs.into_iter().enumerate() {
            every.read(tenths(now), sign);
            let wanted = every.verdict(tenths(now));
            wanted.into_iter().for_each(|verdict| every.written(verdict));
            let changed = before != Some(sign);
            if changed {
                due.read(tenths(now), sign);
            }
            before = Some(sign);
            if changed || due.due().is_some_and(|due| due <= tenths(now)) {
                let found = due.verdict(tenths(now));
                prop_assert_eq!(found, wanted);
                found.into_iter().for_each(|verdict| due.written(verdict));
            } else {
                prop_assert_eq!(None, wanted, "at {}", now);
            }
            prop_assert!(due.came.len() <= FLAPS_RAISE);
        }
    }

    /// While it is raised every coming is counted once.
    #[test]
    fn what_comes_and_goes_is_counted(times in 1_u32..200, bad in 1_usize..20, good in 1_usize..99) {
        let mut watch = Watch::resumed(Patience::default(), 1);
        let mut now = 0;
        for _ in 0..times {
            watch.read(tenths(now), Some(Sign::Good));
            watch.read(tenths(now + good), Some(Sign::Bad));
            prop_assert_eq!(watch.verdict(tenths(now + good)), None);
            now += good + bad;
        }
        watch.read(tenths(now), Some(Sign::Good));
        let cleared = Some(Verdict::Clear { since: tenths(now), times: times + 1 });
        prop_assert_eq!(watch.verdict(tenths(now + CLEAR)), cleared);
    }

    #[test]
    fn a_subject_reads_back_what_it_prints(id: u32, which in 0_usize..5) {
        let subject = [
            Subject::SwitchAway(SwitchId::new(id)),
            Subject::HostDown(HostId::new(id)),
            Subject::HostNarrow(HostId::new(id)),
            Subject::AdapterDown(AdapterId::new(id)),
            Subject::AdapterNarrow(AdapterId::new(id)),
        ][which];
        prop_assert_eq!(subject.to_string().parse(), Ok(subject));
        let map = std::collections::BTreeMap::from([(subject, id)]);
        let json = serde_json::to_string(&map).expect("a text can be a key");
        prop_assert_eq!(serde_json::from_str::<std::collections::BTreeMap<Subject, u32>>(&json).expect("and back"), map);
        let packed = postcard::to_allocvec(&subject).expect("packed");
        prop_assert_eq!(postcard::from_bytes::<Subject>(&packed), Ok(subject));
    }

    #[test]
    fn no_text_is_taken_for_a_subject_that_is_none(text in "[a-z]{0,8}-?[0-9-]{0,12}-?[a-z]{0,7}") {
        if let Ok(subject) = text.parse::<Subject>() {
            let canonical = subject.to_string();
            prop_assert_eq!(canonical.split('-').next(), text.split('-').next());
        }
    }
}

#[test]
fn a_cable_that_comes_and_goes_is_raised_once_however_short_each_time() {
    let mut watch = Watch::new(Patience::default());
    let mut raised = Vec::new();
    for flap in 0..50 {
        watch.read(tenths(flap * 10), Some(Sign::Bad));
        watch.read(tenths(flap * 10 + 2), Some(Sign::Good));
        if let Some(verdict) = watch.verdict(tenths(flap * 10 + 2)) {
            watch.written(verdict);
            raised.push((flap, verdict));
        }
    }
    assert_eq!(raised, [(2, Verdict::Raise { since: tenths(0), times: 3, flapping: true })]);
    let over = watch.verdict(tenths(492 + CLEAR));
    assert_eq!(over, Some(Verdict::Clear { since: tenths(492), times: 50 }));
}
