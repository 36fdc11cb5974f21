//! A time limit that costs next to nothing when it is kept.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep};

/// One timer for the limits of many pieces of work, one after the other.
///
/// Setting a timer and cancelling it is dearer than most answers of a switch are. So this one is left as it stands when
/// work is done in time; when it rings for work that is long done, it is set to the present limit.
#[derive(Debug)]
pub(super) struct Alarm(Pin<Box<Sleep>>);

impl Alarm {
    /// An alarm for limits not much shorter than this one.
    pub(super) fn new(limit: Duration) -> Self {
        Self(Box::pin(sleep(limit)))
    }

    /// Does work for at most `limit`, and drops it then; `None` when it was not done.
    pub(super) async fn within<T>(&mut self, limit: Duration, work: impl Future<Output = T>) -> Option<T> {
        let until = Instant::now() + limit;
        if self.0.deadline() > until {
            self.0.as_mut().reset(until);
        }
        let mut work = pin!(work);
        poll_fn(|context| {
            if let Poll::Ready(done) = work.as_mut().poll(context) {
                return Poll::Ready(Some(done));
            }
            while self.0.as_mut().poll(context).is_ready() {
                if Instant::now() >= until {
                    return Poll::Ready(None);
                }
                self.0.as_mut().reset(until);
            }
            Poll::Pending
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::pending;

    const LIMIT: Duration = Duration::from_secs(30);

    #[tokio::test(start_paused = true)]
    async fn every_piece_of_work_has_the_whole_limit() {
        let mut alarm = Alarm::new(LIMIT);
        for took in [1, 20, 29, 29] {
            let work = async {
                sleep(Duration::from_secs(took)).await;
                took
            };
            assert_eq!(alarm.within(LIMIT, work).await, Some(took), "however long the work before it took");
        }
        let began = Instant::now();
        assert_eq!(alarm.within(LIMIT, pending::<()>()).await, None);
        assert_eq!(began.elapsed().as_secs(), 30);
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_that_passed_while_nobody_worked_is_nobodys() {
        let mut alarm = Alarm::new(LIMIT);
        sleep(LIMIT * 3).await;
        let began = Instant::now();
        assert_eq!(alarm.within(LIMIT, pending::<()>()).await, None);
        assert_eq!(began.elapsed().as_secs(), 30);
        let began = Instant::now();
        assert_eq!(alarm.within(LIMIT / 3, pending::<()>()).await, None, "a shorter limit is kept too");
        assert_eq!(began.elapsed().as_secs(), 10);
    }
}
