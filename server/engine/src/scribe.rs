//! The scribe: the one task that writes.
//!
//! It takes everything that was asked while it was writing, works it out on its draft in the order in which it was asked,
//! and writes all of it in one transaction (group commit). So the price of making things durable is shared by whoever
//! asks at the same time, and nobody waits for more than one other group.
//!
//! When a group cannot be written nobody is told anything, and nothing else is worked out, before the database has said
//! what became of it: else a change that is durable would be told as failed and never be carried out, and the next one
//! would be planned without it. Then each ask is tried alone, so that one that cannot be written does not take others
//! with it.

use crate::asks::{Accepted, Ask, Opened, Reading, Submission};
use crate::book::Book;
use crate::clock::Clock;
use crate::crew::Crew;
use crate::draft::{Draft, Noted};
use crate::error::SubmitError;
use crate::life::Waiting;
use patchbay_domain::{Entry, Event, IdempotencyKey, SwitchState};
use patchbay_store::{Records, StoreError, Writing};
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use tracing::{error, info};

/// The most asks in one group: enough that one commit costs little for each, few enough that the first need not wait
/// long for the last.
const GROUP_MAX: usize = 256;

/// The most entries read at once when the database has to say what became of a group.
const CATCH_UP_ENTRIES: u32 = 1_000;

/// The task that writes.
pub(crate) struct Scribe {
    pub(crate) records: Arc<dyn Records>,
    pub(crate) book: Book,
    pub(crate) draft: Draft,
    pub(crate) clock: Clock,
    pub(crate) crew: Crew,
    /// Nobody knows what became of the last group: the database is asked before anything else is worked out.
    pub(crate) doubt: bool,
}

/// What is being written, and for whom.
#[derive(Default)]
struct Group {
    asks: Vec<Ask>,
    writings: Vec<Writing>,
    /// What is refused because of what is being written, or of what was written before: told when that is durable.
    refused: Vec<(Ask, SubmitError)>,
}

impl Scribe {
    /// Writes until it is told that there is nothing more, and looks now and then whether a bad disk is good again.
    pub(crate) async fn run(mut self, mut asks: mpsc::Receiver<Ask>) {
        let mut probe_at = None;
        loop {
            probe_at = self.in_trouble().then(|| {
                // Counted from when the trouble was first seen: readings that write nothing come all the time.
                probe_at.unwrap_or_else(|| Instant::now() + self.crew.options.retry_every)
            });
            let first = tokio::select! {
                biased;
                () = sleep_until(probe_at.unwrap_or_else(Instant::now)), if probe_at.is_some() => {
                    self.probe().await;
                    probe_at = None;
                    continue;
                }
                first = asks.recv() => first,
            };
            let Some(first) = first else { return };
            let mut waiting = vec![first];
            while waiting.len() < GROUP_MAX
                && let Ok(next) = asks.try_recv()
            {
                waiting.push(next);
            }
            let end = waiting.iter().any(|ask| matches!(ask, Ask::End));
            self.write_all(waiting).await;
            if end {
                return;
            }
        }
    }

    fn in_trouble(&self) -> bool {
        self.book.look(|now| now.trouble.is_some())
    }

    /// Only this says that a disk is good again: something small may still be written where a change does not fit.
    async fn probe(&self) {
        match self.records.probe().await {
            Ok(()) => {
                info!("the database can be written again");
                self.book.set_trouble(None);
            }
            Err(failure) => self.book.set_trouble(Some(failure.to_string())),
        }
    }

    async fn write_all(&mut self, asks: Vec<Ask>) {
        let mut group = Group::default();
        for ask in asks {
            if ask.key().is_some_and(|key| group.asks.iter().any(|other| other.key() == Some(key))) {
                self.commit(std::mem::take(&mut group)).await;
            }
            if let Err(unsure) = self.make_sure().await {
                Self::fail(ask, unsure);
                continue;
            }
            let Some(ask) = self.answer_known(ask).await else { continue };
            let Some(ask) = self.take(ask, &mut group) else { continue };
            self.commit(std::mem::take(&mut group)).await;
            self.by_itself(ask).await;
        }
        self.commit(group).await;
    }

    /// Answers a submission whose key stands for a change already; anything else is given back.
    async fn answer_known(&self, ask: Ask) -> Option<Ask> {
        let Ask::Submit(asked, answer) = ask else { return Some(ask) };
        let Some(keyed) = &asked.key else { return Some(Ask::Submit(asked, answer)) };
        let known = match self.records.change_with_key(&keyed.key).await {
            Ok(None) => return Some(Ask::Submit(asked, answer)),
            Ok(Some((change, before))) if before == keyed.asked => Ok(Accepted { change, now: None }),
            Ok(Some((change, _))) => Err(SubmitError::KeyReused { change }),
            Err(failure) => Err(failure.into()),
        };
        let _ = answer.send(known);
        None
    }

    /// Works an ask out into the group, or answers it at once. One that is written by itself is given back.
    fn take(&mut self, ask: Ask, group: &mut Group) -> Option<Ask> {
        let at = self.clock.now();
        let writings = match &ask {
            Ask::Submit(asked, _) => match self.open(asked) {
                Ok(writing) => vec![writing],
                Err(refusal) => {
                    group.refused.push((ask, refusal));
                    return None;
                }
            },
            Ask::Settle(settled, _) => {
                let (change, by, closing) = settled.clone().into_parts();
                self.draft.fold(at, &by, closing.clone().event(change));
                vec![Writing::Close { at, change, by, closing }]
            }
            Ask::Note(reading, _) => match self.draft.note(at, reading) {
                Noted::Writings(writings) => writings,
                Noted::Discovery => return Some(ask),
            },
            Ask::Lost(switch, _) => {
                self.draft.set_switch_state(*switch, SwitchState::Unreachable);
                Vec::new()
            }
            Ask::Health(events, _) => {
                events.iter().map(|event| self.draft.event(at, event.clone())).collect()
            }
            Ask::Count(..) => return Some(ask),
            Ask::Barrier(_) => Vec::new(),
            Ask::End => return None,
        };
        group.writings.extend(writings);
        group.asks.push(ask);
        None
    }

    fn open(&mut self, asked: &Submission) -> Result<Writing, SubmitError> {
        if self.crew.stopping.is_cancelled() {
            return Err(SubmitError::Stopping);
        }
        let opening = self.draft.open(self.clock.now(), asked, &self.crew.options)?;
        Ok(Writing::Open(Box::new(opening)))
    }

    /// Writes a group and answers; when that fails, one by one.
    async fn commit(&mut self, group: Group) {
        let Group { mut asks, writings, refused } = group;
        match self.write(writings).await {
            Ok(entries) => {
                self.answer(asks, entries);
                refused.into_iter().for_each(|(ask, refusal)| ask.refuse(refusal));
            }
            Err(failure) if asks.len() == 1 && refused.is_empty() => {
                if let Some(ask) = asks.pop() {
                    Self::fail(ask, failure);
                }
            }
            Err(failure) => {
                error!(%failure, asks = asks.len(), "a group could not be written; trying each of it alone");
                for ask in asks.into_iter().chain(refused.into_iter().map(|(ask, _)| ask)) {
                    self.alone(ask).await;
                }
            }
        }
    }

    async fn alone(&mut self, ask: Ask) {
        if let Err(unsure) = self.make_sure().await {
            return Self::fail(ask, unsure);
        }
        let mut group = Group::default();
        if let Some(ask) = self.take(ask, &mut group) {
            return self.by_itself(ask).await;
        }
        group.refused.into_iter().for_each(|(ask, refusal)| ask.refuse(refusal));
        let Some(ask) = group.asks.pop() else { return };
        match self.write(group.writings).await {
            Ok(entries) => self.answer(vec![ask], entries),
            Err(failure) => Self::fail(ask, failure),
        }
    }

    /// Writes, and publishes what is durable.
    async fn write(&mut self, writings: Vec<Writing>) -> Result<Vec<Arc<Entry>>, StoreError> {
        if writings.is_empty() {
            return Ok(Vec::new());
        }
        let count = writings.len();
        for writing in &writings {
            if let Writing::Open(opening) = writing {
                self.crew.foresee(opening.change, &opening.actor.to_string(), &opening.plan);
            }
        }
        match self.records.write(writings).await {
            Ok(entries) => Ok(entries.into_iter().map(|entry| self.book.publish(entry)).collect()),
            Err(failure) => {
                self.crew.foresight.clear();
                self.what_became(failure, count).await
            }
        }
    }

    /// After a failure only the database knows whether the group is in it. All of it or nothing is.
    async fn what_became(
        &mut self,
        failure: StoreError,
        count: usize,
    ) -> Result<Vec<Arc<Entry>>, StoreError> {
        error!(%failure, source = ?std::error::Error::source(&failure), "the database could not be written");
        self.doubt = true;
        loop {
            match self.catch_up().await {
                Ok(entries) if entries.len() == count => return Ok(entries),
                Ok(_) => {
                    if failure.is_trouble() {
                        self.book.set_trouble(Some(failure.to_string()));
                    }
                    return Err(failure);
                }
                Err(unreadable) => {
                    error!(%unreadable, "nor could it be read");
                    self.book.set_trouble(Some(unreadable.to_string()));
                }
            }
            if self.crew.stops_before_retry().await {
                return Err(failure);
            }
        }
    }

    /// Knows what is durable, or fails. There is a doubt left only when the engine stops: then what is open stays so, and
    /// the next start closes it from what the switches say.
    async fn make_sure(&mut self) -> Result<(), StoreError> {
        if self.doubt {
            self.catch_up().await?;
        }
        Ok(())
    }

    /// Publishes what the database has and the book has not, and begins the draft again from there.
    async fn catch_up(&mut self) -> Result<Vec<Arc<Entry>>, StoreError> {
        let mut entries = Vec::new();
        let mut after = Some(self.book.look(|now| now.seq));
        while let Some(seq) = after {
            let page = self.records.ledger(seq, CATCH_UP_ENTRIES).await?;
            entries.extend(page.entries);
            after = page.next_after;
        }
        let next_change = self.records.load().await?.next_change;
        // Nothing is published before everything is read: who tries again finds the same entries.
        let found = entries.into_iter().map(|entry| {
            // The draft may have been worked out without it: what it changes would pass for what it was before.
            self.book.look(|now| self.draft.touched(&now.topology, &entry));
            self.book.publish(entry)
        });
        let found = found.collect();
        self.draft.reset(&self.book.snapshot(), next_change);
        self.doubt = false;
        Ok(found)
    }

    /// Everything of these asks is durable.
    fn answer(&mut self, asks: Vec<Ask>, entries: Vec<Arc<Entry>>) {
        let mut opened =
            entries.into_iter().filter(|entry| matches!(entry.event, Event::ChangeOpened { .. }));
        for ask in asks {
            match ask {
                Ask::Submit(asked, answer) => {
                    let Some(entry) = opened.next() else { continue };
                    if let Event::ChangeOpened { change, plan, .. } = &entry.event {
                        let (change, waiting) = (*change, Waiting::new(*change, Arc::clone(plan)));
                        let end = self.book.end_of(change);
                        self.crew.launch(waiting, &asked.actor.to_string());
                        let now = end.map(|end| Opened { entry, end });
                        let _ = answer.send(Ok(Accepted { change, now }));
                    }
                }
                Ask::Note(reading, answer) => {
                    self.read(&reading);
                    let _ = answer.send(Ok(()));
                }
                Ask::Lost(switch, answer) => {
                    self.book.set_switch_state(switch, SwitchState::Unreachable);
                    let _ = answer.send(Ok(()));
                }
                Ask::Settle(_, answer) | Ask::Health(_, answer) | Ask::Count(_, answer) => {
                    let _ = answer.send(Ok(()));
                }
                Ask::Barrier(answer) => {
                    let _ = answer.send(());
                }
                Ask::End => {}
            }
        }
    }

    /// A switch that was read and whose reading is recorded is ready, and its links are shown.
    fn read(&mut self, reading: &Reading) {
        self.draft.read(reading.switch);
        self.book.set_links(reading.switch, &reading.seen);
        self.book.set_switch_state(reading.switch, SwitchState::Ready);
    }

    fn fail(ask: Ask, failure: StoreError) {
        match (ask, failure) {
            (Ask::Submit(_, answer), failure) => {
                let _ = answer.send(Err(failure.into()));
            }
            (
                Ask::Settle(_, answer)
                | Ask::Note(_, answer)
                | Ask::Lost(_, answer)
                | Ask::Health(_, answer)
                | Ask::Count(_, answer),
                failure,
            ) => {
                let _ = answer.send(Err(failure));
            }
            (Ask::Barrier(_) | Ask::End, _) => {}
        }
    }

    /// Writes what is in no group: a discovery, because the store gives ids to what is new, and counts, because no entry
    /// says them.
    async fn by_itself(&mut self, ask: Ask) {
        match ask {
            Ask::Note(reading, answer) => {
                let discovered = self.discover_now(&reading).await;
                if discovered.is_ok() {
                    self.read(&reading);
                }
                let _ = answer.send(discovered);
            }
            // Nobody needs to know what became of a count that failed: the next one says as much.
            Ask::Count(counts, answer) => {
                let _ = answer.send(self.records.count(&counts).await);
            }
            _ => {}
        }
    }

    /// Writes down what a switch shows, with ids for what is new, and then what else the reading says.
    async fn discover_now(&mut self, reading: &Reading) -> Result<(), StoreError> {
        let (at, switch) = (self.clock.now(), reading.switch);
        match self.records.discovered(at, switch, &reading.seen, &reading.names).await {
            Ok(entry) => {
                self.draft.follow(&entry);
                self.book.publish(entry);
                Ok(())
            }
            Err(failure) => self.what_became(failure, 1).await.map(|_| ()),
        }
    }
}

impl Ask {
    /// The idempotency key of a submission that has one.
    fn key(&self) -> Option<&IdempotencyKey> {
        match self {
            Self::Submit(asked, _) => asked.key.as_ref().map(|keyed| &keyed.key),
            _ => None,
        }
    }

    /// Answers a submission that is not accepted.
    fn refuse(self, refused: SubmitError) {
        if let Self::Submit(_, answer) = self {
            let _: Result<(), _> = answer.send(Err(refused));
        }
    }
}
