//! People: each looks at the board, asks for something, and waits, cancels or turns to something else.

use crate::intents::intent;
use crate::world::{State, World};
use patchbay_domain::*;
use patchbay_engine::{Accepted, CancelError, Engine, Snapshot, Submission, SubmitError};
use patchbay_store::Keyed;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

/// How many times as much somebody in a hurry asks for.
const HURRY: u32 = 3;

/// What a person remembers, whatever happens to the engine.
pub struct Person {
    name: String,
    /// A script, or somebody who does not wait for anything: they fill the queue.
    pub hurried: bool,
    /// What they look at; it may be old.
    pub board: Option<Arc<Snapshot>>,
    /// What they sent last with a key, and whether it was answered.
    sent: Option<(Submission, bool)>,
    /// Changes they know of.
    pub changes: Vec<ChangeId>,
}

impl Person {
    pub fn new(number: u32, hurried: bool) -> Self {
        Self { name: format!("person {number}"), hurried, board: None, sent: None, changes: Vec::new() }
    }

    fn actor(&self) -> Actor {
        Actor::Person { name: self.name.clone(), door: Door::Api, from: None }
    }
}

/// What a person does next.
enum Act {
    Submit(Box<Submission>),
    /// The same once more.
    Repeat(Box<Submission>),
    Cancel(ChangeId),
    Nothing,
}

/// One person acts so many times.
pub async fn person(world: World, engine: Engine, who: usize, times: u32) {
    let hurried = world.with(|state| state.people[who].hurried);
    for _ in 0..times * if hurried { HURRY } else { 1 } {
        let pause = world.with(|state| state.dice.below(if hurried { 10 } else { 300 }));
        sleep(Duration::from_millis(pause.into())).await;
        let now = engine.snapshot();
        match world.with(|state| act(state, who, now)) {
            Act::Submit(submission) => submit(&world, &engine, who, *submission, true).await,
            Act::Repeat(submission) => submit(&world, &engine, who, *submission, false).await,
            Act::Cancel(change) => cancel(&world, &engine, who, change).await,
            Act::Nothing => {}
        }
    }
}

fn act(state: &mut State, who: usize, now: Arc<Snapshot>) -> Act {
    let looks = if state.people[who].hurried { 950 } else { 700 };
    if state.people[who].board.is_none() || state.dice.chance(looks) {
        state.people[who].board = Some(now);
    }
    let repeats = match &state.people[who].sent {
        Some((submission, answered)) => {
            let submission = submission.clone();
            let likely = if *answered { 100 } else { 700 };
            state.dice.chance(likely).then_some(submission)
        }
        None => None,
    };
    if let Some(submission) = repeats {
        state.judge.turned_down.remove(submission.reason.as_str());
        return Act::Repeat(Box::new(submission));
    }
    if state.dice.chance(100)
        && let Some(change) = state.dice.pick(&state.people[who].changes.clone())
    {
        return Act::Cancel(change);
    }
    let board = state.people[who].board.clone().expect("looked at");
    match intent(state, who, &board) {
        Some(intent) => Act::Submit(Box::new(asked(state, who, intent, board.topology.generation))),
        None => Act::Nothing,
    }
}

/// A new request. Its number is its reason, so that the ledger tells what came of it.
fn asked(state: &mut State, who: usize, intent: Intent, seen: Generation) -> Submission {
    state.requests += 1;
    let text = format!("request {}", state.requests);
    let reason = Reason::new(&text).expect("a reason");
    let key = state.dice.chance(400).then(|| Keyed {
        key: IdempotencyKey::new(&format!("key-{}", state.requests)).expect("a key"),
        asked: Hash::new([u8::try_from(state.requests % 251).expect("small"); 32]),
    });
    let submission = Submission { actor: state.people[who].actor(), intent, reason, seen, key };
    if submission.key.is_some() {
        state.people[who].sent = Some((submission.clone(), false));
    }
    submission
}

async fn submit(world: &World, engine: &Engine, who: usize, submission: Submission, first: bool) {
    let request = submission.reason.to_string();
    let answer = engine.submit(submission).await;
    let (change, waits) = world.with(|state| {
        answered(state, who, &request, &answer, first);
        (
            answer.ok().map(|accepted| accepted.change),
            state.dice.chance(if state.people[who].hurried { 20 } else { 400 }),
        )
    });
    if let Some(change) = change.filter(|_| waits)
        && let Some(end) = engine.end_of(change)
        && let Ok(ended) = end.await
    {
        world.with(|state| told(state, change, &ended.entry));
    }
}

fn answered(
    state: &mut State,
    who: usize,
    request: &str,
    answer: &Result<Accepted, SubmitError>,
    first: bool,
) {
    let said = match answer {
        Ok(accepted) => format!("change {}", accepted.change),
        Err(error) => error.to_string(),
    };
    state.note(format!("{} {request}: {said}", state.people[who].name));
    if let Some((sent, answered)) = &mut state.people[who].sent {
        *answered |= sent.reason.as_str() == request;
    }
    match answer {
        Ok(accepted) => {
            let recorded = state.judge.requests.get(request).copied();
            state.judge.check(recorded == Some(accepted.change), || {
                format!(
                    "{request} was answered with change {} and is recorded as {recorded:?}",
                    accepted.change
                )
            });
            state.people[who].changes.push(accepted.change);
        }
        Err(error) if first => {
            stale_for_a_reason(state, request, error);
            state.judge.turned_down.insert(request.to_owned(), said);
        }
        // It says nothing about the first time.
        Err(_) => {}
    }
}

/// Who is told that something has changed since they looked is told what, and it has.
fn stale_for_a_reason(state: &mut State, request: &str, error: &SubmitError) {
    let SubmitError::Stale { seen, moved, .. } = error else { return };
    let judge = &mut state.judge;
    judge.check(!moved.is_empty(), || format!("{request} is stale, and nobody says why"));
    for one in moved {
        let after = one.generation > *seen || one.by == Toucher::Unknown;
        let known = match &one.by {
            Toucher::Change { change, .. } => {
                judge.open.contains_key(change)
                    || judge.ended.get(change).is_some_and(|(outcome, _)| *outcome == Outcome::Applied)
            }
            Toucher::Left { change } => {
                judge.ended.get(change).is_some_and(|(outcome, _)| *outcome != Outcome::Applied)
            }
            Toucher::Outside | Toucher::Discovery | Toucher::Unknown => true,
        };
        judge.check(after && known, || format!("{request}, seen {seen}, is said to be stale: {one:?}"));
    }
}

/// A person was told how a change ended: so it must be in the ledger.
fn told(state: &mut State, change: ChangeId, entry: &Entry) {
    let Event::ChangeClosed { change: closed, outcome, .. } = &entry.event else {
        return state.judge.violated(format!("the end of change {change} is {:?}", entry.event));
    };
    let recorded = state.judge.ended.get(&change).map(|(outcome, _)| *outcome);
    let right = recorded == Some(*outcome) && *closed == change;
    state
        .judge
        .check(right, || format!("change {change} was told as {outcome:?} and is recorded as {recorded:?}"));
}

async fn cancel(world: &World, engine: &Engine, who: usize, change: ChangeId) {
    let actor = world.with(|state| state.people[who].actor());
    let answer = engine.cancel(change, actor).await;
    world.with(|state| {
        state.note(format!("cancel {change}: {answer:?}"));
        let (open, ended) = (state.judge.open.contains_key(&change), state.judge.ended.get(&change).copied());
        let right = match answer {
            Ok(()) => ended == Some((Outcome::RolledBack, false)),
            Err(CancelError::NotOpen { .. }) => !open,
            Err(CancelError::Begun { .. } | CancelError::Unrecorded { .. }) => true,
        };
        state.judge.check(right, || format!("cancel {change}: {answer:?}, open {open}, ended {ended:?}"));
    });
}
