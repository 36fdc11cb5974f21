//! Closing what a crash left open.

use crate::crew::Crew;
use crate::execute::{back, read_ports, settle};
use crate::life::{Recovery, Unfinished};
use patchbay_domain::Held;
use tracing::{info, warn};

/// Closes one open change from what its switches show. It waits until all of them answer: before that nobody can know
/// anything. Meanwhile its functions are in flight, and everything else goes on.
pub(crate) async fn recover(crew: Crew, change: Unfinished) {
    let (id, switches) = (change.change(), change.plan().switches.clone());
    warn!(change = %id, "recovering a change that was open when Patchbay ended");
    let Some(turn) = reached(&crew, &change).await else {
        info!(change = %id, "the change stays open: Patchbay stops before its switches answered");
        return;
    };
    let settled = loop {
        match read_ports(&crew, [change.plan()]).await {
            Ok(held) => break go_on(&crew, change, &held).await,
            Err(error) => {
                warn!(change = %id, %error, "a switch does not answer yet");
                if crew.stops_before_retry().await {
                    return;
                }
            }
        }
    };
    settle(&crew, settled, Some(turn)).await;
    // While it was open, what its functions do was not compared with the picture.
    switches.into_iter().for_each(|switch| crew.look_at(switch));
}

async fn go_on(crew: &Crew, change: Unfinished, held: &Held) -> crate::life::Settled {
    match change.found(held) {
        Recovery::Settled(settled) => settled,
        Recovery::Undo(undoing) => back(crew, undoing).await,
    }
}

/// Takes its turn once all switches of a change answer; a switch that is away must not hold the others up. None when the
/// engine stops first.
async fn reached(crew: &Crew, change: &Unfinished) -> Option<crate::lanes::Turn> {
    while let Err(error) = read_ports(crew, [change.plan()]).await {
        warn!(change = %change.change(), %error, "a switch does not answer yet");
        if crew.stops_before_retry().await {
            return None;
        }
    }
    Some(crew.lanes.queue("Patchbay", &change.plan().switches).turn().await)
}
