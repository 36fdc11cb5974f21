//! Closing what a crash left open.

use crate::back::{Patience, back};
use crate::crew::Crew;
use crate::execute::{read_ports, settle, settle_all, unknown};
use crate::lanes::Turn;
use crate::life::{Recovery, Unfinished};
use patchbay_domain::Held;
use tracing::{info, warn};

/// Closes one open change from what its switches show. It waits until all of them answer: before that nobody can know
/// anything. Meanwhile its functions are in flight, and everything else goes on.
pub(crate) async fn recover(crew: Crew, change: Unfinished) {
    let (id, switches) = (change.change(), change.plan().switches.clone());
    let adopts = !change.plan().adoptions.is_empty();
    warn!(change = %id, "recovering a change that was open when Patchbay ended");
    // Its first step may have been sent: it can no longer be cancelled.
    crew.book.begin(id);
    if let Some(&gone) = switches.iter().find(|&&switch| crew.driver(switch).is_none()) {
        settle(&crew, change.forsaken(&unknown(gone))).await;
        return;
    }
    let Some((turn, held)) = reached(&crew, &change).await else {
        info!(change = %id, "the change stays open: Patchbay stops before its switches answered");
        return;
    };
    let settled = match crew.book.look(|now| change.found(&held, &now.topology)) {
        Recovery::Settled(settled) => settled,
        Recovery::Undo(undoing) => back(&crew, undoing, &mut Patience::default()).await,
    };
    settle_all(&crew, vec![settled], turn, adopts).await;
    // While it was open, what its functions do was not compared with the picture.
    switches.into_iter().for_each(|switch| crew.look_at(switch));
}

/// Takes its turn once all switches of a change were read, and reads what their ports hold; a switch that is away must not
/// hold the others up. What was read is in the picture by then: another card that came while Patchbay was away is known.
/// None when the engine stops first.
async fn reached(crew: &Crew, change: &Unfinished) -> Option<(Turn, Held)> {
    let switches = &change.plan().switches;
    loop {
        tokio::select! {
            biased;
            () = crew.stopping.cancelled() => return None,
            () = crew.book.read(switches) => {}
        }
        let turn = crew.lanes.queue("Patchbay", switches).turn().await;
        match read_ports(crew, &change.plan().steps).await {
            Ok(held) => return Some((turn, held)),
            Err(error) => warn!(change = %change.change(), %error, "a switch does not answer yet"),
        }
        drop(turn);
        if crew.stops_before_retry().await {
            return None;
        }
    }
}
