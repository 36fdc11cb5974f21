//! The client's errors in the words of a driver.

use crate::{Reasons, SwitchtecDriver};
use patchbay_driver::DriverError;
use patchbay_switchtec::{ClientError, softswitch_reason};

impl SwitchtecDriver {
    /// Puts a failed call into the operator's words; `operation` as in "bind eth16v5 to web-03".
    pub(crate) fn failed(&self, operation: &str, error: ClientError) -> DriverError {
        let (address, operation) = (self.config.address.to_string(), operation.to_owned());
        match error {
            ClientError::Unreachable { .. } => DriverError::Unreachable { address, source: Box::new(error) },
            ClientError::Interrupted { .. } => {
                DriverError::Interrupted { address, operation, source: Box::new(error) }
            }
            ClientError::Protocol { .. } => DriverError::Nonsense { address, source: Box::new(error) },
            ClientError::Refused(refused) => {
                let known = refused.public_meaning().or_else(|| match self.config.reasons {
                    Reasons::Softswitch => softswitch_reason(refused.code),
                    Reasons::NumberOnly => None,
                });
                let number = format!("{:#x}", refused.code);
                let reason = known.map_or_else(|| number.clone(), |words| format!("{number}: {words}"));
                DriverError::Refused { operation, reason }
            }
            ClientError::FunctionCount(count) => {
                DriverError::Refused { operation, reason: count.to_string() }
            }
        }
    }
}
