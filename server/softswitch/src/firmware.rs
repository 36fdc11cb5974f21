//! The firmware an emulated switch shows: partitions and images made from the rack's firmware version.
//!
//! There is no flash behind it. Every partition holds an image of the same length, the first of each pair is the
//! active one, and the checksums are numbers that name the partition; what the vendor's tool prints is the versions.

use patchbay_switchtec::FirmwareVersion;
use patchbay_switchtec::command::firmware::{
    FirmwareImage, FirmwarePartition, FirmwareTable, ImageKind, KEY_MODULUS_BYTES, PARTITION_RECORDS,
    PartitionRecord,
};

use crate::rack::Rack;

const FLASH_BYTES: u32 = 0x20_0000;
const PARTITION_BYTES: u32 = 0x1_0000;
const IMAGE_BYTES: u32 = 0x8000;
const IMAGE_HEADER_BYTES: u32 = 0x1000;
const METADATA_BYTES: u32 = 628;
/// Checksum of the image in partition 0; the others count up.
const FIRST_CRC: u32 = 0xC0DE_0000;
/// Version of partitions that do not follow the firmware's: 1.00 B001.
const FIXED_VERSION: u32 = 0x0100_0001;
/// Builds of the boot loader and the configuration that go with every firmware.
const BOOT_LOADER_BUILD: u32 = 0x0010;
const CONFIG_BUILD: u32 = 0x0007;
/// How much older the image that does not run is: a minor version and some builds.
const MINOR_STEP: u32 = 0x10;
const BUILD_STEP: u32 = 0x12;
const IMAGE_DATE: [u8; 8] = *b"20260101";
const IMAGE_TIME: [u8; 8] = *b"00000000";

/// The table of partitions (section 5.2).
pub(crate) fn table(rack: &Rack) -> FirmwareTable {
    let mut partitions = [PartitionRecord::default(); PARTITION_RECORDS];
    for partition in FirmwarePartition::ALL {
        partitions[usize::from(partition.id())] = record(rack, partition);
    }
    FirmwareTable {
        running: rack.firmware,
        flash_bytes: FLASH_BYTES,
        device: rack.device.0 as u16,
        ecc: 0,
        running_flags: [0; 4],
        partitions,
    }
}

fn record(rack: &Rack, partition: FirmwarePartition) -> PartitionRecord {
    let id = u32::from(partition.id());
    let active = partition.kind() != ImageKind::NvLog && id.is_multiple_of(2);
    PartitionRecord {
        image_crc: FIRST_CRC + id,
        image_bytes: IMAGE_BYTES,
        image_version: version(rack.firmware, partition).map_or(0, |version| version.0 as u16),
        valid: true,
        active,
        start: id * PARTITION_BYTES,
        end: (id + 1) * PARTITION_BYTES - 1,
        offset: 0,
        size_dwords: PARTITION_BYTES / 4,
        read_only: false,
        // Nothing is started from a map.
        running: active && partition.kind() != ImageKind::Map,
    }
}

/// The metadata of a partition's image; `None` for a partition that holds none.
pub(crate) fn image(rack: &Rack, partition: u8) -> Option<FirmwareImage> {
    let partition = FirmwarePartition::from_id(partition)?;
    let version = version(rack.firmware, partition)?;
    Some(FirmwareImage {
        header_version: 1,
        secure_version: 0,
        header_bytes: IMAGE_HEADER_BYTES,
        metadata_bytes: METADATA_BYTES,
        image_bytes: IMAGE_BYTES,
        kind: partition.kind(),
        firmware_id: 0,
        version,
        sequence: 1,
        date: IMAGE_DATE,
        time: IMAGE_TIME,
        name: name(partition),
        image_crc: FIRST_CRC + u32::from(partition.id()),
        key_modulus: Box::new([0; KEY_MODULUS_BYTES]),
        key_exponent: 0,
        boot_options: [0; 20],
        metadata_crc: 0,
    })
}

/// Version of a partition's image; the log has none.
fn version(running: FirmwareVersion, partition: FirmwarePartition) -> Option<FirmwareVersion> {
    let release = running.0 & 0xFFFF_0000;
    let version = match partition {
        FirmwarePartition::Map0
        | FirmwarePartition::Map1
        | FirmwarePartition::Key0
        | FirmwarePartition::Key1 => FIXED_VERSION,
        FirmwarePartition::BootLoader0 | FirmwarePartition::BootLoader1 => release | BOOT_LOADER_BUILD,
        FirmwarePartition::Config0 | FirmwarePartition::Config1 => release | CONFIG_BUILD,
        FirmwarePartition::Image0 => running.0,
        FirmwarePartition::Image1 => older(running.0),
        FirmwarePartition::NvLog => return None,
    };
    Some(FirmwareVersion(version))
}

fn older(version: u32) -> u32 {
    let (major, minor, build) = (version & 0xFF00_0000, version >> 16 & 0xFF, version & 0xFFFF);
    major | minor.saturating_sub(MINOR_STEP) << 16 | build.saturating_sub(BUILD_STEP)
}

fn name(partition: FirmwarePartition) -> [u8; 16] {
    let text: &[u8; 4] = match partition {
        FirmwarePartition::Map0 => b"MAP0",
        FirmwarePartition::Map1 => b"MAP1",
        FirmwarePartition::Key0 => b"KEY0",
        FirmwarePartition::Key1 => b"KEY1",
        FirmwarePartition::BootLoader0 => b"BL20",
        FirmwarePartition::BootLoader1 => b"BL21",
        FirmwarePartition::Config0 => b"CFG0",
        FirmwarePartition::Config1 => b"CFG1",
        FirmwarePartition::Image0 => b"IMG0",
        FirmwarePartition::Image1 => b"IMG1",
        FirmwarePartition::NvLog => b"NVLG",
    };
    let mut name = [0; 16];
    name[..text.len()].copy_from_slice(text);
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_follow_the_rack() {
        let mut rack = Rack::transcripts().unwrap();
        rack.firmware = FirmwareVersion(0x0520_0204);
        let version =
            |partition: FirmwarePartition| image(&rack, partition.id()).unwrap().version.to_string();
        assert_eq!(table(&rack).running.to_string(), "5.20 B204");
        assert_eq!(version(FirmwarePartition::Image0), "5.20 B204");
        assert_eq!(version(FirmwarePartition::Image1), "5.10 B1F2");
        assert_eq!(version(FirmwarePartition::BootLoader0), "5.20 B010");
        assert_eq!(version(FirmwarePartition::Map1), "1.00 B001");
        assert_eq!(image(&rack, FirmwarePartition::NvLog.id()), None);
        assert_eq!(image(&rack, 200), None);
    }

    #[test]
    fn one_main_image_is_active_and_runs() {
        let table = table(&Rack::transcripts().unwrap());
        let (first, second) =
            (table.partition(FirmwarePartition::Image0), table.partition(FirmwarePartition::Image1));
        assert!(first.valid && first.active && first.running);
        assert!(second.valid && !second.active && !second.running);
        assert_eq!(table.partitions[11], PartitionRecord::default(), "nothing of the vendor's own");
    }
}
