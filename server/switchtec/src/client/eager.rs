//! Waiting for a quick answer without going to sleep.
//!
//! Who sleeps must be woken, which takes some 50 µs on a virtual machine: longer than a switch on the same machine takes to
//! answer, and a plan of hundreds of steps waits for each of them. So while a switch answers as quickly as that, and nothing
//! else is being waited for, its answer is looked for again and again, for a bounded time. A switch that takes longer, as one
//! at the end of a network does, is waited for asleep.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};

use tokio::task::yield_now;

/// How long things may take.
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// An answer that came within this time was quick.
    quick: Duration,
    /// How long an answer is looked for before its reader goes to sleep after all.
    awake: Duration,
}

/// Twice as long as a switch on the same machine takes when both sides sleep, and as long.
const LIMITS: Limits = Limits { quick: Duration::from_micros(200), awake: Duration::from_micros(100) };

/// How many requests of this process wait for an answer. With several there is always something to do, and who stays awake
/// only takes the processor from the others.
static WAITING: AtomicU32 = AtomicU32::new(0);

/// How eagerly the next answer of a switch is waited for.
#[derive(Debug)]
pub(super) struct Eagerness {
    limits: Limits,
    waiting: &'static AtomicU32,
    /// Whether the last answer was quick.
    quick: bool,
}

impl Default for Eagerness {
    fn default() -> Self {
        Self { limits: LIMITS, waiting: &WAITING, quick: false }
    }
}

/// One of those that wait.
struct Waiting(&'static AtomicU32);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Eagerness {
    /// Waits for an answer.
    pub(super) async fn wait<T>(&mut self, answer: impl Future<Output = T>) -> T {
        let alone = self.waiting.fetch_add(1, Ordering::Relaxed) == 0;
        let _waiting = Waiting(self.waiting);
        let began = Instant::now();
        let awake_until = began + self.limits.awake;
        let answer = if self.quick && alone { awake(awake_until, answer).await } else { answer.await };
        self.quick = began.elapsed() < self.limits.quick;
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
        Eagerness { limits: Limits { quick, awake }, waiting, quick: false }
    }

    /// Whether an answer is had that comes when it was looked at five times, and wakes nobody.
    async fn is_looked_for(eagerness: &mut Eagerness) -> bool {
        let mut looks = 0;
        let answer = poll_fn(|_| {
            looks += 1;
            if looks < 5 { Poll::Pending } else { Poll::Ready(()) }
        });
        timeout(LONG, eagerness.wait(answer)).await.is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn only_who_answered_quickly_is_waited_for_awake() {
        let mut eager = eagerness(LONG, LONG);
        assert!(!is_looked_for(&mut eager).await, "nothing is known of it yet");
        eager.wait(async {}).await;
        assert!(is_looked_for(&mut eager).await);
        let mut slow = eagerness(Duration::ZERO, LONG);
        slow.wait(async {}).await;
        assert!(!is_looked_for(&mut slow).await, "it took longer than quick ones do");
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_stays_awake_for_longer_than_agreed() {
        let mut eager = eagerness(LONG, Duration::ZERO);
        eager.wait(async {}).await;
        assert!(!is_looked_for(&mut eager).await);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_stays_awake_who_does_not_wait_alone() {
        let mut eager = eagerness(LONG, LONG);
        let mut other = Eagerness { waiting: eager.waiting, ..eagerness(LONG, LONG) };
        eager.wait(async {}).await;
        let mut hung = Box::pin(other.wait(pending::<()>()));
        assert!(timeout(Duration::ZERO, hung.as_mut()).await.is_err());
        assert!(!is_looked_for(&mut eager).await);
        drop(hung);
        assert!(is_looked_for(&mut eager).await, "the other has given up");
    }
}
