//! Records in memory that take their time, may fail before or after they are written, and may be the engine's last.

use crate::world::World;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use patchbay_domain::*;
use patchbay_store::memory::WriteFault;
use patchbay_store::{Loaded, Names, Records, StoreError, Writing};

pub struct SimulatedRecords(pub World);

impl SimulatedRecords {
    /// Before a write: it may be made to fail.
    async fn before(&self, what: &str) {
        self.0.pause().await;
        self.0.point().await;
        if let Some(fault) = self.fault(what) {
            self.0.disk.fail_next(fault);
        }
    }

    fn fault(&self, what: &str) -> Option<WriteFault> {
        self.0.with(|state| {
            if state.calm || !state.dice.chance(state.habits.store_fault) {
                return None;
            }
            let fault = if state.dice.chance(500) { WriteFault::Before } else { WriteFault::After };
            state.note(format!("disk {fault:?}: {what}"));
            Some(fault)
        })
    }

    /// After a write: the judge reads what is durable.
    async fn after(&self) {
        self.0.judge().await;
        self.0.point().await;
        self.0.pause().await;
    }

    /// Before a read: it may be made to fail.
    async fn reading(&self, what: &str) {
        self.0.pause().await;
        self.0.point().await;
        if self.fault(what).is_some() {
            self.0.disk.fail_reads(0, 1);
        }
    }
}

impl World {
    /// Lets the judge read what is durable.
    pub async fn judge(&self) {
        let after = self.with(|state| state.judge.seq());
        let page = self.disk.ledger(after, u32::MAX).await.expect("memory can be read");
        self.with(|state| {
            for entry in page.entries {
                state.remember(&entry);
            }
        });
    }
}

#[async_trait]
impl Records for SimulatedRecords {
    async fn load(&self) -> Result<Loaded, StoreError> {
        self.reading("load").await;
        self.0.disk.load().await
    }

    async fn add_switch(
        &self,
        at: DateTime<Utc>,
        actor: &Actor,
        key: &str,
        name: &str,
        address: &str,
    ) -> Result<(SwitchId, Option<Entry>), StoreError> {
        self.before("add_switch").await;
        let result = self.0.disk.add_switch(at, actor, key, name, address).await;
        self.after().await;
        result
    }

    async fn name_hosts(&self, switch: SwitchId, names: &Names) -> Result<(), StoreError> {
        self.0.disk.name_hosts(switch, names).await
    }

    async fn write(&self, writings: Vec<Writing>) -> Result<Vec<Entry>, StoreError> {
        self.0.with(|state| state.judge.begins_writing());
        self.before("write").await;
        let result = self.0.disk.write(writings).await;
        self.after().await;
        result
    }

    async fn discovered(
        &self,
        at: DateTime<Utc>,
        switch: SwitchId,
        seen: &Observation,
        names: &Names,
    ) -> Result<Entry, StoreError> {
        self.before("discovered").await;
        let result = self.0.disk.discovered(at, switch, seen, names).await;
        self.after().await;
        result
    }

    async fn count(&self, counts: &[(Subject, u32)]) -> Result<(), StoreError> {
        self.before("count").await;
        let result = self.0.disk.count(counts).await;
        self.after().await;
        result
    }

    async fn ledger(&self, after: Seq, limit: u32) -> Result<LedgerPage, StoreError> {
        self.reading("ledger").await;
        self.0.disk.ledger(after, limit).await
    }

    async fn probe(&self) -> Result<(), StoreError> {
        self.before("probe").await;
        self.0.disk.probe().await
    }

    async fn change_with_key(&self, key: &IdempotencyKey) -> Result<Option<(ChangeId, Hash)>, StoreError> {
        self.reading("change_with_key").await;
        self.0.disk.change_with_key(key).await
    }
}
