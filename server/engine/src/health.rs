//! The health of links and switches: what was read is watched, and troubles are recorded when they come and when they are
//! over.
//!
//! One task for each switch, beside the one that reads it: a switch that hangs keeps nobody from recording that it does.

use crate::clock::Clock;
use crate::crew::{Bench, Crew};
use patchbay_domain::ward::Now;
use patchbay_domain::{Event, Patience, Subject, SwitchId, Topology, Verdict, Ward};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};
use tracing::{error, info, warn};

/// The shortest pause between two writings of how often troubles came: a cable that comes and goes all day must not wear
/// the disk, and what is lost in a crash is no more than what came meanwhile.
const KEEP_EVERY: Duration = Duration::from_secs(5);

/// The longest reason why a switch does not answer that is kept, in characters: it comes from outside.
const WHY_MAX_CHARS: usize = 400;

/// What the readings of a switch say about its health. Whoever locks the book locks it before this.
pub(crate) struct Chart {
    /// From when the ward counts.
    began: Instant,
    notes: Mutex<Notes>,
    news: Notify,
}

struct Notes {
    ward: Ward,
    /// Why the switch did not answer when it last did not.
    why: String,
}

impl Chart {
    pub(crate) fn of(topology: &Topology, switch: SwitchId, patience: Patience) -> Self {
        let notes = Notes { ward: Ward::of(topology, switch, patience), why: String::new() };
        Self { began: Instant::now(), notes: Mutex::new(notes), news: Notify::new() }
    }

    /// Takes what the picture shows after a reading, with why the switch did not answer if it did not.
    pub(crate) fn read(&self, topology: &Topology, why: Option<String>) {
        let mut notes = self.notes();
        if let Some(why) = why {
            notes.why = why.chars().take(WHY_MAX_CHARS).collect();
        }
        notes.ward.read(self.began.elapsed(), topology);
        drop(notes);
        self.news.notify_one();
    }

    fn due(&self, topology: &Topology) -> Option<Instant> {
        Some(self.began + self.notes().ward.due(topology)?)
    }

    fn verdicts(&self, clock: Clock, topology: &Topology) -> Vec<(Event, Verdict)> {
        let now = Now { at: self.began.elapsed(), clock: clock.now() };
        let mut notes = self.notes();
        let Notes { ward, why } = &mut *notes;
        ward.verdicts(now, topology, why)
    }

    fn written(&self, verdicts: &[(Event, Verdict)]) {
        let mut notes = self.notes();
        verdicts.iter().for_each(|(event, verdict)| notes.ward.written(event, *verdict));
    }

    fn counts(&self) -> Vec<(Subject, u32)> {
        self.notes().ward.counts().collect()
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The task that has the troubles of one switch recorded.
pub(crate) struct Doctor {
    pub(crate) crew: Crew,
    pub(crate) clock: Clock,
    pub(crate) switch: SwitchId,
}

/// What is durable of how often troubles came.
struct Kept {
    times: BTreeMap<Subject, u32>,
    /// Nothing more is written before this.
    soonest: Instant,
}

impl Kept {
    /// What is to be written of these counts.
    fn news(&self, counts: Vec<(Subject, u32)>) -> Vec<(Subject, u32)> {
        counts.into_iter().filter(|(subject, times)| self.times.get(subject) != Some(times)).collect()
    }

    /// An entry says how often a trouble came until it was raised.
    fn entry(&mut self, event: &Event) {
        if let Event::HealthRaised { subject, times, .. } = event {
            self.times.insert(*subject, *times);
        }
    }
}

impl Doctor {
    pub(crate) async fn run(self) {
        let Some(bench) = self.crew.benches.get(&self.switch) else { return };
        let stopping = &self.crew.stopping;
        // What could not be written is not tried again before this.
        let mut soonest = Instant::now();
        let mut kept = Kept { times: bench.chart.counts().into_iter().collect(), soonest };
        loop {
            let due = self.crew.book.look(|now| bench.chart.due(&now.topology)).map(|due| due.max(soonest));
            let keep = (!kept.news(bench.chart.counts()).is_empty()).then_some(kept.soonest);
            let next = [due, keep].into_iter().flatten().min();
            tokio::select! {
                biased;
                () = stopping.cancelled() => return self.keep(bench, &mut kept).await,
                () = bench.chart.news.notified() => {}
                () = sleep_until(next.unwrap_or(soonest)), if next.is_some() => {}
            }
            self.crew.book.count(&bench.chart.counts());
            if due.is_some_and(|due| due <= Instant::now()) && !self.record(bench, &mut kept).await {
                soonest = Instant::now() + self.crew.options.retry_every;
            }
            if keep.is_some_and(|keep| keep <= Instant::now()) {
                self.keep(bench, &mut kept).await;
            }
        }
    }

    /// Has kept how often troubles came, so that a restart goes on from there.
    async fn keep(&self, bench: &Bench, kept: &mut Kept) {
        let news = kept.news(bench.chart.counts());
        kept.soonest = Instant::now() + KEEP_EVERY;
        if news.is_empty() {
            return;
        }
        match self.crew.asks.count(news.clone()).await {
            Some(Ok(())) => kept.times.extend(news),
            Some(Err(failure)) => {
                warn!(switch = %bench.name, %failure, "how often a trouble came could not be kept");
            }
            None => {}
        }
    }

    /// Records what there is to record. Whether there was something, and it could be.
    async fn record(&self, bench: &Bench, kept: &mut Kept) -> bool {
        let verdicts = self.crew.book.look(|now| bench.chart.verdicts(self.clock, &now.topology));
        if verdicts.is_empty() {
            return false;
        }
        let events: Vec<Event> = verdicts.iter().map(|(event, _)| event.clone()).collect();
        match self.crew.asks.health(events).await {
            Some(Ok(())) => {
                bench.chart.written(&verdicts);
                for (event, _) in &verdicts {
                    kept.entry(event);
                    tell(bench, event);
                }
                true
            }
            Some(Err(failure)) => {
                error!(switch = %bench.name, %failure, "a trouble could not be recorded");
                false
            }
            None => false,
        }
    }
}

fn tell(bench: &Bench, event: &Event) {
    match event {
        Event::HealthRaised { subject, name, why, .. } => {
            warn!(switch = %bench.name, %subject, %name, %why, "in trouble");
        }
        Event::HealthCleared { subject, name, times, .. } => {
            info!(switch = %bench.name, %subject, %name, times, "no longer in trouble");
        }
        _ => {}
    }
}
