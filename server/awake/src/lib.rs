//! Waiting for a quick answer without going to sleep.
//!
//! Who sleeps must be woken, which takes some 40 µs on a virtual machine. That is longer than a switch on the same machine
//! takes to answer, and a plan of hundreds of steps waits for each of them; a change waits for two commits and a few
//! answers, one after the other. So while something answers quickly, and nothing else is being waited for, its answer is
//! looked for again and again, for a bounded time. What takes longer, as a switch at the end of a network does, is waited
//! for asleep.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::task::Poll;
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use tokio::task::yield_now;

/// How long things may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// An answer that came within this time was quick.
    pub quick: Duration,
    /// How long an answer is looked for before its reader goes to sleep after all.
    pub awake: Duration,
}

/// How many of this process wait for an answer. With several there is always something to do, and who stays awake only
/// takes the processor from the others.
static WAITING: AtomicU32 = AtomicU32::new(0);

/// How eagerly the next answer of somebody is waited for.
#[derive(Debug)]
pub struct Eagerness {
    limits: Limits,
    waiting: &'static AtomicU32,
    /// Whether there is a processor for who answers beside the one for who waits.
    room: bool,
    /// Whether the last answer was quick.
    quick: AtomicBool,
}

/// One of those that wait.
struct Waiting(&'static AtomicU32);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Eagerness {
    /// Of which nothing is known yet: the first answer is waited for asleep.
    pub fn new(limits: Limits) -> Self {
        let room = available_parallelism().is_ok_and(|processors| processors.get() > 1);
        Self { limits, waiting: &WAITING, room, quick: AtomicBool::new(false) }
    }

    /// Waits for an answer.
    pub async fn wait<T>(&self, answer: impl Future<Output = T>) -> T {
        let alone = self.waiting.fetch_add(1, Ordering::Relaxed) == 0;
        let _waiting = Waiting(self.waiting);
        let began = Instant::now();
        let eager = alone && self.room && self.quick.load(Ordering::Relaxed);
        let answer = if eager { awake(began + self.limits.awake, answer).await } else { answer.await };
        self.quick.store(began.elapsed() < self.limits.quick, Ordering::Relaxed);
        answer
    }
}

/// Lets others go on, and looks again, for a while.
async fn awake<T>(until: Instant, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    poll_fn(|context| {
        let polled = work.as_mut().poll(context);
        if polled.is_pending() && Instant::now() < until {
            // Comes back after everybody else, and after the system was asked what has come.
            let again: Poll<()> = pin!(yield_now()).poll(context);
            debug_assert!(again.is_pending(), "it yields once");
        }
        polled
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::pending;
    use tokio::time::timeout;

    const LONG: Duration = Duration::from_hours(1);

    fn eagerness(quick: Duration, awake: Duration) -> Eagerness {
        let waiting = Box::leak(Box::new(AtomicU32::new(0)));
        Eagerness { waiting, room: true, ..Eagerness::new(Limits { quick, awake }) }
    }

    /// Whether an answer is had that comes when it was looked at five times, and wakes nobody.
    async fn is_looked_for(eagerness: &Eagerness) -> bool {
        let mut looks = 0;
        let answer = poll_fn(|_| {
            looks += 1;
            if looks < 5 { Poll::Pending } else { Poll::Ready(()) }
        });
        timeout(LONG, eagerness.wait(answer)).await.is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn only_who_answered_quickly_is_waited_for_awake() {
        let eager = eagerness(LONG, LONG);
        assert!(!is_looked_for(&eager).await, "nothing is known of it yet");
        eager.wait(async {}).await;
        assert!(is_looked_for(&eager).await);
        let slow = eagerness(Duration::ZERO, LONG);
        slow.wait(async {}).await;
        assert!(!is_looked_for(&slow).await, "it took longer than quick ones do");
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_stays_awake_for_longer_than_agreed() {
        let eager = eagerness(LONG, Duration::ZERO);
        eager.wait(async {}).await;
        assert!(!is_looked_for(&eager).await);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_stays_awake_on_the_only_processor() {
        let eager = Eagerness { room: false, ..eagerness(LONG, LONG) };
        eager.wait(async {}).await;
        assert!(!is_looked_for(&eager).await);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_stays_awake_who_does_not_wait_alone() {
        let eager = eagerness(LONG, LONG);
        let other = Eagerness { waiting: eager.waiting, ..eagerness(LONG, LONG) };
        eager.wait(async {}).await;
        let mut hung = Box::pin(other.wait(pending::<()>()));
        assert!(timeout(Duration::ZERO, hung.as_mut()).await.is_err());
        assert!(!is_looked_for(&eager).await);
        drop(hung);
        assert!(is_looked_for(&eager).await, "the other has given up");
    }
}
