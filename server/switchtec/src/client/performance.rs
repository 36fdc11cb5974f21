//! What ports carried, and the firmware in the switch's flash.

use super::Client;
use super::error::ClientError;
use crate::command::firmware::{
    FirmwareImage, FirmwareImageGet, FirmwarePartition, FirmwareTable, FirmwareTableGet,
};
use crate::command::performance::{BandwidthGet, BandwidthRecord};
use crate::units::PhysicalPort;

impl Client {
    /// What went through some ports since the switch was started or somebody cleared the counters; clears nothing.
    ///
    /// The records come in the order of `ports`. More ports than one request takes are asked for one after another,
    /// so each record has a time of its own.
    ///
    /// # Errors
    /// See [`ClientError`]; a port that does not exist is refused.
    pub async fn bandwidth(
        &self,
        ports: &[PhysicalPort],
    ) -> Result<Vec<(PhysicalPort, BandwidthRecord)>, ClientError> {
        let mut records = Vec::with_capacity(ports.len());
        let mut turn = self.turn().await?;
        for request in BandwidthGet::batches(ports) {
            let answer = turn.ask(&request).await?;
            records.extend(request.ports().iter().map(|entry| entry.port).zip(answer));
        }
        Ok(records)
    }

    /// The partitions of the firmware's flash, in the form of Gen4.
    ///
    /// # Errors
    /// See [`ClientError`]; switches of other generations refuse.
    pub async fn firmware_table(&self) -> Result<FirmwareTable, ClientError> {
        self.ask(FirmwareTableGet).await
    }

    /// The metadata of the image in one partition.
    ///
    /// # Errors
    /// See [`ClientError`]; a partition without a valid image may be refused.
    pub async fn firmware_image(&self, partition: FirmwarePartition) -> Result<FirmwareImage, ClientError> {
        self.ask(FirmwareImageGet { partition: partition.id() }).await
    }
}
