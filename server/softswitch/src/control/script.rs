//! Orders that a rack file gives at certain times after the start.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use super::{Controls, Order};

/// An order and when it is given.
#[derive(Debug, Clone, PartialEq)]
pub struct Timed {
    /// How long after the start of the switch's program.
    pub after: Duration,
    /// The order.
    pub order: Order,
}

/// Gives a script's orders until it is dropped.
#[derive(Debug)]
pub(crate) struct Script(JoinHandle<()>);

impl Drop for Script {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Script {
    /// Starts to count; orders of the same moment are given in the order of the file.
    pub(crate) fn start(mut timed: Vec<Timed>, controls: Controls) -> Self {
        timed.sort_by_key(|timed| timed.after);
        let start = Instant::now();
        Self(tokio::spawn(async move {
            for Timed { after, order } in timed {
                sleep_until(start + after).await;
                let shown = format!("{order:?}");
                match controls.order(order).await {
                    Ok(_) => tracing::info!(order = shown, "the script's order is carried out"),
                    Err(error) => tracing::warn!(order = shown, %error, "the script's order is refused"),
                }
            }
        }))
    }
}
