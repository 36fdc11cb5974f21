//! Reaching into adapters: configuration space, BAR memory, tunnels, device management (section 5.12).

mod manage;
mod resource;
mod tunnel;

pub use manage::{DEVICE_COMMAND_BYTES, DeviceManage, MAX_DEVICE_ANSWER_BYTES};
pub use resource::{
    AccessWidth, BarRead, BarWrite, CONFIG_SPACE_BYTES, ConfigPlace, ConfigRead, ConfigWrite,
    MAX_BAR_WRITE_BYTES,
};
pub use tunnel::{TunnelConfig, TunnelOperation, TunnelState};

pub(crate) use resource::{SUB_BAR_READ, SUB_BAR_WRITE, SUB_CONFIG_READ, SUB_CONFIG_WRITE};
pub(crate) use tunnel::{SUB_TUNNEL_ENABLE, SUB_TUNNEL_STATUS};
