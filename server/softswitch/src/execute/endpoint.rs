//! Reaching into adapters (section 5.12): whatever is reached must be there, with its link up.

use patchbay_switchtec::command::endpoint::{
    BarRead, BarWrite, ConfigRead, ConfigWrite, DeviceManage, TunnelConfig, TunnelOperation, TunnelState,
};
use patchbay_switchtec::{Pdfid, code};

use crate::endpoint::{BadPlace, MemoryError};
use crate::rack::{Function, Link};
use crate::switch::Switch;

/// How much of a command an adapter of ours sends back: the two dwords that start every command.
const MANAGE_ECHO_BYTES: usize = 8;

impl From<BadPlace> for u32 {
    fn from(_: BadPlace) -> Self {
        code::BAD_PARAMETER
    }
}

impl From<MemoryError> for u32 {
    fn from(error: MemoryError) -> Self {
        match error {
            MemoryError::OutOfRange => code::BAD_PARAMETER,
            MemoryError::Full => code::BAD_FIRMWARE_STATE,
        }
    }
}

/// A function that can be reached.
fn function(switch: &Switch, pdfid: Pdfid) -> Result<Function, u32> {
    let slot = switch.slot_of(pdfid).filter(|slot| matches!(switch.link(slot.port), Link::Up(_)));
    let found = slot.and_then(|slot| slot.adapter.functions.iter().find(|known| known.pdfid == pdfid));
    found.cloned().ok_or(code::NO_SUCH_FUNCTION)
}

pub(super) fn tunnel(switch: &mut Switch, config: &TunnelConfig) -> Result<Option<TunnelState>, u32> {
    let pdfid = function(switch, config.function)?.pdfid;
    match config.operation {
        TunnelOperation::Enable => switch.endpoints.set_tunnel(pdfid, TunnelState::Enabled),
        TunnelOperation::Disable => switch.endpoints.set_tunnel(pdfid, TunnelState::Disabled),
        TunnelOperation::Status => return Ok(Some(switch.endpoints.tunnel(pdfid))),
    }
    Ok(None)
}

pub(super) fn config_read(switch: &Switch, read: &ConfigRead) -> Result<u32, u32> {
    let function = function(switch, read.place.function)?;
    Ok(switch.endpoints.config.read(&function, read.place)?)
}

pub(super) fn config_write(switch: &mut Switch, write: &ConfigWrite) -> Result<(), u32> {
    let function = function(switch, write.place.function)?;
    Ok(switch.endpoints.config.write(&function, write.place, write.value)?)
}

pub(super) fn bar_read(switch: &Switch, read: &BarRead) -> Result<Vec<u8>, u32> {
    let function = function(switch, read.function)?;
    Ok(switch.endpoints.memory.read(&function, read.bar, read.address, read.count_bytes.into())?)
}

pub(super) fn bar_write(switch: &mut Switch, write: &BarWrite) -> Result<(), u32> {
    let function = function(switch, write.function)?;
    Ok(switch.endpoints.memory.write(&function, write.bar, write.address, &write.data)?)
}

/// What a device's own commands mean is not public: our adapters acknowledge each by sending its start back.
pub(super) fn manage(switch: &Switch, manage: &DeviceManage) -> Result<Vec<u8>, u32> {
    function(switch, manage.function)?;
    Ok(manage.command[..MANAGE_ECHO_BYTES].to_vec())
}
