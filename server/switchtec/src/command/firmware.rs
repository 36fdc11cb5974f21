//! PART_INFO: the partitions of the firmware's flash and the images in them (section 5.2).

use crate::bytes::{Put, Reader};
use crate::command::Command;
use crate::error::DecodeError;
use crate::units::{CommandId, FirmwareVersion};

pub(crate) const SUB_TABLE: u8 = 0;
pub(crate) const SUB_IMAGE: u8 = 1;
/// Partition records in a Gen4 table.
pub const PARTITION_RECORDS: usize = 19;
const TABLE_HEAD_BYTES: usize = 64;
const RECORD_BYTES: usize = 32;
const TABLE_BYTES: usize = TABLE_HEAD_BYTES + PARTITION_RECORDS * RECORD_BYTES;
const IMAGE_BYTES: usize = 628;
/// Length of the public key's modulus in an image's metadata.
pub const KEY_MODULUS_BYTES: usize = 512;
const IMAGE_MAGIC: [u8; 8] = *b"MSCC_MD ";

/// A partition of the flash, by its place in the table; places behind these belong to the vendor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names are those of the sheet")]
pub enum FirmwarePartition {
    Map0,
    Map1,
    Key0,
    Key1,
    BootLoader0,
    BootLoader1,
    Config0,
    Config1,
    Image0,
    Image1,
    NvLog,
}

impl FirmwarePartition {
    /// All partitions in the order of the table.
    pub const ALL: [Self; 11] = [
        Self::Map0,
        Self::Map1,
        Self::Key0,
        Self::Key1,
        Self::BootLoader0,
        Self::BootLoader1,
        Self::Config0,
        Self::Config1,
        Self::Image0,
        Self::Image1,
        Self::NvLog,
    ];

    /// The partition with an id.
    pub fn from_id(id: u8) -> Option<Self> {
        Self::ALL.get(usize::from(id)).copied()
    }

    /// The id, which is also the place in the table.
    pub fn id(self) -> u8 {
        self as u8
    }

    /// What the partition holds.
    pub fn kind(self) -> ImageKind {
        match self {
            Self::Map0 | Self::Map1 => ImageKind::Map,
            Self::Key0 | Self::Key1 => ImageKind::Key,
            Self::BootLoader0 | Self::BootLoader1 => ImageKind::BootLoader,
            Self::Config0 | Self::Config1 => ImageKind::Config,
            Self::Image0 | Self::Image1 => ImageKind::Image,
            Self::NvLog => ImageKind::NvLog,
        }
    }
}

/// What an image is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ImageKind {
    /// The map of the flash.
    Map,
    /// The key manifest.
    Key,
    /// The second boot loader.
    BootLoader,
    /// Configuration.
    Config,
    /// The main firmware.
    Image,
    /// The log kept over restarts.
    NvLog,
    /// A number the protocol sheet does not list.
    Other(u32),
}

impl ImageKind {
    fn from_code(code: u32) -> Self {
        match code {
            0 => Self::Map,
            1 => Self::Key,
            2 => Self::BootLoader,
            3 => Self::Config,
            4 => Self::Image,
            5 => Self::NvLog,
            other => Self::Other(other),
        }
    }

    fn code(self) -> u32 {
        match self {
            Self::Map => 0,
            Self::Key => 1,
            Self::BootLoader => 2,
            Self::Config => 3,
            Self::Image => 4,
            Self::NvLog => 5,
            Self::Other(other) => other,
        }
    }
}

/// Asks for the table of partitions in its Gen4 form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FirmwareTableGet;

/// The table of partitions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirmwareTable {
    /// Version of the firmware that runs.
    pub running: FirmwareVersion,
    /// Size of the flash.
    pub flash_bytes: u32,
    /// PCI device id.
    pub device: u16,
    /// Whether the flash is protected by ECC.
    pub ecc: u8,
    /// Which of two boot loader, configuration, image and key partitions run.
    pub running_flags: [u8; 4],
    /// The records, by partition id; an absent partition is all zero.
    pub partitions: [PartitionRecord; PARTITION_RECORDS],
}

impl FirmwareTable {
    /// The record of a partition.
    pub fn partition(&self, partition: FirmwarePartition) -> &PartitionRecord {
        &self.partitions[usize::from(partition.id())]
    }
}

/// One partition of the flash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PartitionRecord {
    /// Checksum of the image.
    pub image_crc: u32,
    /// Length of the image.
    pub image_bytes: u32,
    /// Low half of the image's version.
    pub image_version: u16,
    /// Whether the partition holds a valid image.
    pub valid: bool,
    /// Whether this partition is used at the next start.
    pub active: bool,
    /// First byte of the partition.
    pub start: u32,
    /// Last byte of the partition.
    pub end: u32,
    /// Where the image starts.
    pub offset: u32,
    /// Size of the partition in dwords.
    pub size_dwords: u32,
    /// Whether the partition refuses downloads.
    pub read_only: bool,
    /// Whether what runs was started from here.
    pub running: bool,
}

impl PartitionRecord {
    fn encode(&self, out: &mut Vec<u8>) {
        out.put_u32(self.image_crc);
        out.put_u32(self.image_bytes);
        out.put_u16(self.image_version);
        out.extend_from_slice(&[self.valid.into(), self.active.into()]);
        for word in [self.start, self.end, self.offset, self.size_dwords] {
            out.put_u32(word);
        }
        out.extend_from_slice(&[self.read_only.into(), self.running.into(), 0, 0]);
    }

    fn parse(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let record = Self {
            image_crc: reader.u32()?,
            image_bytes: reader.u32()?,
            image_version: reader.u16()?,
            valid: reader.u8()? != 0,
            active: reader.u8()? != 0,
            start: reader.u32()?,
            end: reader.u32()?,
            offset: reader.u32()?,
            size_dwords: reader.u32()?,
            read_only: reader.u8()? != 0,
            running: reader.u8()? != 0,
        };
        reader.skip(2)?;
        Ok(record)
    }
}

impl Command for FirmwareTableGet {
    const ID: CommandId = CommandId::PART_INFO;
    const ASKS: &'static str = "tell its firmware partitions";
    type Answer = FirmwareTable;

    fn input(&self) -> Vec<u8> {
        vec![SUB_TABLE]
    }

    fn parse_input(_input: &[u8]) -> Result<Self, DecodeError> {
        Ok(Self)
    }

    fn wanted_bytes(&self) -> u16 {
        TABLE_BYTES as u16
    }

    fn answer_bytes(answer: &FirmwareTable) -> Vec<u8> {
        let mut out = Vec::with_capacity(TABLE_BYTES);
        out.put_u32(answer.running.0);
        out.put_u32(answer.flash_bytes);
        out.put_u16(answer.device);
        out.extend_from_slice(&[answer.ecc, 0]);
        out.extend_from_slice(&answer.running_flags);
        out.resize(TABLE_HEAD_BYTES, 0);
        for record in &answer.partitions {
            record.encode(&mut out);
        }
        out
    }

    fn parse_answer(&self, data: &[u8]) -> Result<FirmwareTable, DecodeError> {
        let mut reader = Reader::new(data, "the firmware partitions");
        let running = FirmwareVersion(reader.u32()?);
        let flash_bytes = reader.u32()?;
        let device = reader.u16()?;
        let ecc = reader.u8()?;
        reader.skip(1)?;
        let running_flags = reader.array()?;
        reader.skip(TABLE_HEAD_BYTES - 16)?;
        let mut partitions = [PartitionRecord::default(); PARTITION_RECORDS];
        for record in &mut partitions {
            *record = PartitionRecord::parse(&mut reader)?;
        }
        Ok(FirmwareTable { running, flash_bytes, device, ecc, running_flags, partitions })
    }
}

/// Asks for the metadata of the image in one partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FirmwareImageGet {
    /// The partition's id. The CLI asks for 0 to 9, never for the log.
    pub partition: u8,
}

/// Metadata of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirmwareImage {
    /// Version of the metadata's layout.
    pub header_version: u32,
    /// Version that a secured switch compares.
    pub secure_version: u32,
    /// Length of the header in front of the image.
    pub header_bytes: u32,
    /// Length of the metadata.
    pub metadata_bytes: u32,
    /// Length of the image.
    pub image_bytes: u32,
    /// What the image is for.
    pub kind: ImageKind,
    /// Firmware id.
    pub firmware_id: u8,
    /// Version of the image.
    pub version: FirmwareVersion,
    /// Sequence number.
    pub sequence: u32,
    /// Date as text.
    pub date: [u8; 8],
    /// Time as text.
    pub time: [u8; 8],
    /// Name as text, filled with zeros.
    pub name: [u8; 16],
    /// Checksum of the image.
    pub image_crc: u32,
    /// Modulus of the public key, all zero when there is none.
    pub key_modulus: Box<[u8; KEY_MODULUS_BYTES]>,
    /// Exponent of the public key.
    pub key_exponent: u32,
    /// Boot options.
    pub boot_options: [u8; 20],
    /// Checksum of the metadata.
    pub metadata_crc: u32,
}

impl Command for FirmwareImageGet {
    const ID: CommandId = CommandId::PART_INFO;
    const ASKS: &'static str = "tell a firmware image's version";
    type Answer = FirmwareImage;

    fn input(&self) -> Vec<u8> {
        vec![SUB_IMAGE, self.partition]
    }

    fn parse_input(input: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(input, "a firmware image request");
        reader.skip(1)?;
        Ok(Self { partition: reader.u8()? })
    }

    fn wanted_bytes(&self) -> u16 {
        IMAGE_BYTES as u16
    }

    fn answer_bytes(answer: &FirmwareImage) -> Vec<u8> {
        let mut out = Vec::with_capacity(IMAGE_BYTES);
        out.extend_from_slice(&IMAGE_MAGIC);
        let lengths = [answer.header_bytes, answer.metadata_bytes, answer.image_bytes];
        for word in [answer.header_version, answer.secure_version].into_iter().chain(lengths) {
            out.put_u32(word);
        }
        out.put_u32(answer.kind.code());
        out.extend_from_slice(&[answer.firmware_id, 0, 0, 0]);
        out.put_u32(answer.version.0);
        out.put_u32(answer.sequence);
        out.put_zeros(4);
        out.extend_from_slice(&answer.date);
        out.extend_from_slice(&answer.time);
        out.extend_from_slice(&answer.name);
        out.put_zeros(4);
        out.put_u32(answer.image_crc);
        out.extend_from_slice(answer.key_modulus.as_slice());
        out.put_u32(answer.key_exponent);
        out.extend_from_slice(&answer.boot_options);
        out.put_u32(answer.metadata_crc);
        out
    }

    fn parse_answer(&self, data: &[u8]) -> Result<FirmwareImage, DecodeError> {
        let mut reader = Reader::new(data, "a firmware image's metadata");
        if reader.array()? != IMAGE_MAGIC {
            let (expected, got) = ("the mark of firmware metadata", "other bytes");
            return Err(DecodeError::Unexpected { expected, got });
        }
        let [header_version, secure_version, header_bytes] = words(&mut reader)?;
        let [metadata_bytes, image_bytes, kind] = words(&mut reader)?;
        let firmware_id = reader.u8()?;
        reader.skip(3)?;
        let [version, sequence] = words(&mut reader)?;
        reader.skip(4)?;
        let (date, time, name) = (reader.array()?, reader.array()?, reader.array()?);
        reader.skip(4)?;
        Ok(FirmwareImage {
            header_version,
            secure_version,
            header_bytes,
            metadata_bytes,
            image_bytes,
            kind: ImageKind::from_code(kind),
            firmware_id,
            version: FirmwareVersion(version),
            sequence,
            date,
            time,
            name,
            image_crc: reader.u32()?,
            key_modulus: Box::new(reader.array()?),
            key_exponent: reader.u32()?,
            boot_options: reader.array()?,
            metadata_crc: reader.u32()?,
        })
    }
}

fn words<const N: usize>(reader: &mut Reader<'_>) -> Result<[u32; N], DecodeError> {
    let mut out = [0; N];
    for word in &mut out {
        *word = reader.u32()?;
    }
    Ok(out)
}
