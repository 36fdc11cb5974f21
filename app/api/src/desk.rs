//! The desk: what the server does for whoever stands before it.

use crate::drift::Proposal;
use crate::error::ApiError;
use crate::live::LiveEvent;
use crate::request::{ChangeRequest, WayBack};
use crate::view::{CarriedOut, Picture};
use async_trait::async_trait;
use futures::stream::BoxStream;
use patchbay_domain::{
    Actor, ChangeId, ChangeRecord, HistoryPage, HistoryQuery, IdempotencyKey, Intent, LedgerPage, Plan, Seq,
};
use std::time::Duration;

/// Live events in order, without end unless the server stops.
pub type LiveEvents = BoxStream<'static, LiveEvent>;

/// Everything a face can ask for.
#[async_trait]
pub trait Desk: Send + Sync + 'static {
    /// The rack as it is now, with the latest history and the sequence number it is true for.
    ///
    /// # Errors
    /// [`ApiError::Storage`] when the history cannot be read.
    async fn picture(&self) -> Result<Picture, ApiError>;

    /// The same without the latest history, which is all that is read from the database for it: `recent` is empty.
    fn rack(&self) -> Picture;

    /// Plans an intent and changes nothing.
    ///
    /// # Errors
    /// [`ApiError::Refused`] with the rule it breaks.
    async fn plan(&self, intent: &Intent) -> Result<Plan, ApiError>;

    /// Accepts a change: it is durable when this returns, and the switch is touched after that.
    ///
    /// # Errors
    /// [`ApiError::Stale`], [`ApiError::Refused`], [`ApiError::QueueFull`], [`ApiError::KeyReused`],
    /// [`ApiError::Stopping`] or [`ApiError::Storage`]; then nothing was recorded and nothing will happen.
    async fn submit(
        &self,
        actor: Actor,
        request: ChangeRequest,
        key: Option<IdempotencyKey>,
    ) -> Result<ChangeId, ApiError>;

    /// Accepts a change and waits for its end, but not longer than `patience`: then its record has no end.
    ///
    /// # Errors
    /// Those of [`Desk::submit`], and [`ApiError::Stopping`] when the server stops before the change has ended.
    async fn carry_out(
        &self,
        actor: Actor,
        request: ChangeRequest,
        key: Option<IdempotencyKey>,
        patience: Duration,
    ) -> Result<CarriedOut, ApiError>;

    /// Cancels a change that waits for its turn. It has ended when this returns.
    ///
    /// # Errors
    /// [`ApiError::Begun`] once its first step was sent, [`ApiError::NotFound`] when there is no such change,
    /// [`ApiError::Ended`] when it has ended.
    async fn cancel(&self, actor: Actor, id: ChangeId) -> Result<ChangeRecord, ApiError>;

    /// Works out a way back, and changes nothing.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] when there is no such change or entry, [`ApiError::Storage`].
    async fn way_back(&self, way: WayBack) -> Result<Proposal, ApiError>;

    /// A change as it stands.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] when there is no change with this id.
    async fn change(&self, id: ChangeId) -> Result<ChangeRecord, ApiError>;

    /// One page of the history, newest first.
    ///
    /// # Errors
    /// [`ApiError::Storage`] when it cannot be read.
    async fn history(&self, query: &HistoryQuery) -> Result<HistoryPage, ApiError>;

    /// Ledger entries after a sequence number, oldest first, at most `limit` of them (and never more than
    /// [`patchbay_domain::history::LEDGER_PAGE_MAX`]).
    ///
    /// # Errors
    /// [`ApiError::Storage`] when they cannot be read.
    async fn ledger(&self, after: Seq, limit: u32) -> Result<LedgerPage, ApiError>;

    /// Everything that happens from now on; with `after`, first the ledger entries after that one. A listener that is
    /// too far behind, or too slow, gets [`LiveEvent::Reset`] and should ask for a new picture.
    fn live(&self, after: Option<Seq>) -> LiveEvents;
}
