//! What a lab can order: how the rack is to break, and how the switch is to fail.

use std::fmt;

use patchbay_switchtec::Pdfid;
use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use crate::fault::FaultId;
use crate::gate::Phase;
use crate::kind::CommandKind;
use crate::restart::Retention;

/// One thing to do to a rack. In JSON the field `order` says which, for example
/// `{"order": "pull_cable", "port": "web-01"}`.
///
/// Where a `command` is left out, binds and unbinds are meant together; `nth` counts from now, 1 is the next one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "order", rename_all = "snake_case", deny_unknown_fields)]
#[expect(missing_docs, reason = "the variants say what their fields are")]
pub enum Order {
    /// Pulls the cable of a host port. Its bindings stay.
    PullCable { port: PortName },
    /// Plugs the cable of a host port in.
    PlugCable { port: PortName },
    /// Takes an adapter out of its slot after the switch has been told. Its bindings go.
    PullAdapter { port: PortName },
    /// Puts the adapter back into its slot. Its functions come back unbound.
    PlugAdapter { port: PortName },
    /// Tears an adapter out of its slot without a warning: the port reports errors as well.
    SurpriseRemove { port: PortName },
    /// Lets a link train narrower or slower; what is left out is again as the port is built.
    Train {
        port: PortName,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        width: Option<u8>,
        #[serde(default, rename = "gen", skip_serializing_if = "Option::is_none")]
        rate: Option<u8>,
    },
    /// Reports an error on a port's link.
    RaiseAer { port: PortName, severity: Severity },
    /// Sets the die temperature.
    Heat { celsius: f64 },
    /// Lets commands take longer, until the fault is cancelled.
    Slow {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        command: Option<CommandKind>,
        ms: u64,
    },
    /// Never answers a command, and does not carry it out.
    Hang {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        command: Option<CommandKind>,
        #[serde(default = "next")]
        nth: u64,
    },
    /// Answers a command with a result code other than zero, and does not carry it out.
    Refuse {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        command: Option<CommandKind>,
        #[serde(default = "next")]
        nth: u64,
        code: u32,
    },
    /// Closes the connection of a command without an answer, before or after it took effect.
    DropConnection {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        command: Option<CommandKind>,
        #[serde(default = "next")]
        nth: u64,
        when: Phase,
    },
    /// Forgets a fault that still waits for its command.
    CancelFault { id: FaultId },
    /// Restarts the switch: answers stop, connections drop, events are lost, and it listens again.
    Reboot { bindings: Retention },
    /// Binds functions behind every client's back, under the same rules.
    Bind { port: PortName, logical_port: u8, functions: Vec<FunctionName> },
    /// Unbinds a logical port behind every client's back, under the same rules.
    Unbind { port: PortName, logical_port: u8 },
    /// Gives a function another PDFID, as a renumbering by the firmware does. Bindings follow.
    Rename { function: FunctionName, to: FunctionName },
    /// Puts another adapter into a slot: a model of the catalogue, or one the rack came with.
    Swap { port: PortName, adapter: String },
    /// Ends every fault: plugs, trains, cools, and forgets the faults that wait for commands.
    Heal {},
    /// Changes nothing and tells the condition of everything.
    Status {},
}

fn next() -> u64 {
    1
}

/// How bad an error is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Corrected by the hardware.
    Correctable,
    /// A request was lost.
    NonFatal,
    /// The link cannot be trusted any more.
    Fatal,
}

/// A port by its number, or by the name of the host or adapter at its other end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum PortName {
    /// The physical port id.
    Number(u8),
    /// The name of a host or an adapter; a number in quotes means the port when nothing has that name.
    Name(String),
}

/// A function by its PDFID: a number, or a text such as `"0x1001"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FunctionName(pub Pdfid);

impl From<u8> for PortName {
    fn from(number: u8) -> Self {
        Self::Number(number)
    }
}

impl From<&str> for PortName {
    fn from(name: &str) -> Self {
        Self::Name(name.to_owned())
    }
}

impl std::str::FromStr for PortName {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self::from(text))
    }
}

impl fmt::Display for PortName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Name(name) => write!(f, "{name:?}"),
        }
    }
}

impl From<u16> for FunctionName {
    fn from(pdfid: u16) -> Self {
        Self(Pdfid::new(pdfid))
    }
}

/// A text that is no PDFID.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no PDFID; write a number such as 0x1001")]
pub struct NotAPdfid(String);

impl std::str::FromStr for FunctionName {
    type Err = NotAPdfid;

    fn from_str(text: &str) -> Result<Self, NotAPdfid> {
        let number = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
            Some(digits) => u16::from_str_radix(digits, 16),
            None => text.parse(),
        };
        number.map(Self::from).map_err(|_| NotAPdfid(text.to_owned()))
    }
}

impl fmt::Display for FunctionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for FunctionName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Reads a number or a text.
struct NumberOrText<T> {
    expected: &'static str,
    number: fn(u64) -> Option<T>,
    text: fn(&str) -> Option<T>,
}

impl<T> Visitor<'_> for NumberOrText<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<T, E> {
        (self.number)(number).ok_or_else(|| E::invalid_value(de::Unexpected::Unsigned(number), &self))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<T, E> {
        let found = u64::try_from(number).ok().and_then(self.number);
        found.ok_or_else(|| E::invalid_value(de::Unexpected::Signed(number), &self))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        (self.text)(text).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
    }
}

impl<'de> Deserialize<'de> for PortName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberOrText {
            expected: "a port's number, or the name of its host or adapter",
            number: |number| u8::try_from(number).ok().map(Self::Number),
            text: |text| Some(Self::from(text)),
        })
    }
}

impl<'de> Deserialize<'de> for FunctionName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberOrText {
            expected: "a PDFID such as 4097 or \"0x1001\"",
            number: |number| u16::try_from(number).ok().map(Self::from),
            text: |text| text.parse().ok(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_read_as_people_write_them() {
        let order: Order = serde_json::from_str(r#"{"order":"pull_cable","port":"web-01"}"#).unwrap();
        assert_eq!(order, Order::PullCable { port: "web-01".into() });
        let order: Order = serde_json::from_str(r#"{"order":"train","port":16,"gen":2}"#).unwrap();
        assert_eq!(order, Order::Train { port: 16.into(), width: None, rate: Some(2) });
        let order: Order =
            serde_json::from_str(r#"{"order":"rename","function":4097,"to":"0x1F00"}"#).unwrap();
        assert_eq!(order, Order::Rename { function: 0x1001.into(), to: 0x1F00.into() });
        let order: Order = serde_json::from_str(r#"{"order":"hang"}"#).unwrap();
        assert_eq!(order, Order::Hang { command: None, nth: 1 });
        let order: Order =
            serde_json::from_str(r#"{"order":"drop_connection","command":"bind","nth":2,"when":"after"}"#)
                .unwrap();
        let bind = Some(CommandKind::Bind);
        assert_eq!(order, Order::DropConnection { command: bind, nth: 2, when: Phase::After });
    }

    #[test]
    fn mistakes_say_what_is_expected() {
        for (text, expected) in [
            (r#"{"order":"pull_cabel","port":1}"#, "unknown variant `pull_cabel`"),
            (r#"{"order":"heal","port":1}"#, "unknown field `port`"),
            (r#"{"order":"pull_cable","port":1,"fast":true}"#, "unknown field `fast`"),
            (r#"{"order":"pull_cable","port":true}"#, "a port's number, or the name of its host or adapter"),
            (r#"{"order":"pull_cable","port":256}"#, "a port's number"),
            (r#"{"order":"pull_cable"}"#, "missing field `port`"),
            (r#"{"order":"hang","command":"dance"}"#, "the name of a command"),
            (r#"{"order":"rename","function":"vf1","to":1}"#, "a PDFID such as"),
            (r#"{"order":"reboot","bindings":"maybe"}"#, "unknown variant `maybe`"),
        ] {
            let error = serde_json::from_str::<Order>(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        for order in [
            Order::Train { port: 4.into(), width: Some(2), rate: None },
            Order::Refuse { command: None, nth: 3, code: 0x84005 },
            Order::Bind { port: "a".into(), logical_port: 1, functions: vec![0x1001.into()] },
            Order::Reboot { bindings: Retention::Lose },
            Order::RaiseAer { port: 0.into(), severity: Severity::NonFatal },
            Order::Heal {},
        ] {
            let text = serde_json::to_string(&order).unwrap();
            assert_eq!(serde_json::from_str::<Order>(&text).unwrap(), order, "{text}");
        }
    }
}
