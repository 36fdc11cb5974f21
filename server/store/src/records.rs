//! What the engine needs of whatever keeps its records.

use crate::error::StoreError;
use crate::identify::Names;
use crate::open::Store;
use crate::picture::Loaded;
use crate::writing::Writing;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use patchbay_domain::{
    Actor, ChangeId, Entry, Hash, IdempotencyKey, LedgerPage, Observation, Seq, Subject, SwitchId,
};

/// The records of one server: a [`Store`] on a disk, or [`crate::memory::MemoryRecords`] in a simulation. Each method
/// is the one of [`Store`] with the same name.
#[async_trait]
pub trait Records: Send + Sync + 'static {
    /// Reads the whole picture, as of one moment.
    async fn load(&self) -> Result<Loaded, StoreError>;

    /// Gives the switch with this key its id.
    async fn add_switch(
        &self,
        at: DateTime<Utc>,
        actor: &Actor,
        key: &str,
        name: &str,
        address: &str,
    ) -> Result<(SwitchId, Option<Entry>), StoreError>;

    /// Calls the known hosts of a switch what people call them now.
    async fn name_hosts(&self, switch: SwitchId, names: &Names) -> Result<(), StoreError>;

    /// Writes a group, all of it or nothing.
    async fn write(&self, writings: Vec<Writing>) -> Result<Vec<Entry>, StoreError>;

    /// Writes down what a switch shows, with ids.
    async fn discovered(
        &self,
        at: DateTime<Utc>,
        switch: SwitchId,
        seen: &Observation,
        names: &Names,
    ) -> Result<Entry, StoreError>;

    /// Keeps how often open troubles came so far.
    async fn count(&self, counts: &[(Subject, u32)]) -> Result<(), StoreError>;

    /// The entries after `after`, oldest first; at least one when there is one.
    async fn ledger(&self, after: Seq, limit: u32) -> Result<LedgerPage, StoreError>;

    /// Writes something that changes nothing, to see whether writing works.
    async fn probe(&self) -> Result<(), StoreError>;

    /// The change that a key stands for, with the fingerprint of the request that it came with first.
    async fn change_with_key(&self, key: &IdempotencyKey) -> Result<Option<(ChangeId, Hash)>, StoreError>;
}

#[async_trait]
impl Records for Store {
    async fn load(&self) -> Result<Loaded, StoreError> {
        self.load().await
    }

    async fn add_switch(
        &self,
        at: DateTime<Utc>,
        actor: &Actor,
        key: &str,
        name: &str,
        address: &str,
    ) -> Result<(SwitchId, Option<Entry>), StoreError> {
        self.add_switch(at, actor, key, name, address).await
    }

    async fn name_hosts(&self, switch: SwitchId, names: &Names) -> Result<(), StoreError> {
        self.name_hosts(switch, names).await
    }

    async fn write(&self, writings: Vec<Writing>) -> Result<Vec<Entry>, StoreError> {
        self.write(writings).await
    }

    async fn discovered(
        &self,
        at: DateTime<Utc>,
        switch: SwitchId,
        seen: &Observation,
        names: &Names,
    ) -> Result<Entry, StoreError> {
        self.discovered(at, switch, seen, names).await
    }

    async fn count(&self, counts: &[(Subject, u32)]) -> Result<(), StoreError> {
        self.count(counts).await
    }

    async fn ledger(&self, after: Seq, limit: u32) -> Result<LedgerPage, StoreError> {
        self.ledger(after, limit).await
    }

    async fn probe(&self) -> Result<(), StoreError> {
        self.probe().await
    }

    async fn change_with_key(&self, key: &IdempotencyKey) -> Result<Option<(ChangeId, Hash)>, StoreError> {
        self.change_with_key(key).await
    }
}
