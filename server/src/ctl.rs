//! `patchbay softswitch ctl`: orders to a softswitch that runs elsewhere on this machine.

use crate::say::say;
use clap::{Args, Subcommand};
use patchbay_softswitch::control::send;
use patchbay_softswitch::{
    CommandKind, Done, FaultId, FunctionName, Order, Phase, PortName, Retention, Severity,
};
use serde::de::DeserializeOwned;
use serde::de::value::{Error as WordError, StrDeserializer};
use std::error::Error;
use std::path::PathBuf;
use thiserror::Error;

/// Which order to give, and to which switch.
#[derive(Clone, Debug, Args)]
pub struct CtlOptions {
    /// The control socket of the switch, as given to "patchbay softswitch --control".
    #[arg(long, env = "PATCHBAY_SOFTSWITCH_CONTROL", value_name = "FILE")]
    pub socket: PathBuf,
    /// The order.
    #[command(subcommand)]
    pub order: CtlOrder,
}

/// An order. A port is named by its number, or by its host or adapter.
#[derive(Clone, Debug, Subcommand)]
#[expect(missing_docs, reason = "the variants say what their fields are")]
pub enum CtlOrder {
    /// Pull the cable of a host port.
    PullCable { port: PortName },
    /// Plug the cable of a host port in.
    PlugCable { port: PortName },
    /// Take an adapter out of its slot.
    PullAdapter { port: PortName },
    /// Put the adapter back into its slot.
    PlugAdapter { port: PortName },
    /// Tear an adapter out of its slot without a warning.
    SurpriseRemove { port: PortName },
    /// Let a link train narrower or slower, or fully again when neither is given.
    Train {
        port: PortName,
        /// Number of lanes: 1, 2, 4, 8 or 16.
        #[arg(long)]
        width: Option<u8>,
        /// PCIe generation.
        #[arg(long = "gen")]
        rate: Option<u8>,
    },
    /// Report an error on a link: correctable, non-fatal or fatal.
    RaiseAer {
        port: PortName,
        #[arg(value_parser = word::<Severity>)]
        severity: Severity,
    },
    /// Set the die temperature, in degrees Celsius.
    Heat { celsius: f64 },
    /// Let commands take longer.
    Slow {
        ms: u64,
        #[command(flatten)]
        command: Which,
    },
    /// Never answer a command.
    Hang {
        #[command(flatten)]
        command: Which,
        #[command(flatten)]
        turn: Turn,
    },
    /// Refuse a command with a result code, such as 0x84005.
    Refuse {
        #[arg(value_parser = result_code)]
        code: u32,
        #[command(flatten)]
        command: Which,
        #[command(flatten)]
        turn: Turn,
    },
    /// Close the connection of a command, before or after it took effect.
    DropConnection {
        #[arg(value_parser = word::<Phase>)]
        when: Phase,
        #[command(flatten)]
        command: Which,
        #[command(flatten)]
        turn: Turn,
    },
    /// Forget a fault that still waits for its command; status lists them.
    CancelFault { id: u64 },
    /// Restart the switch and keep its bindings, rebuild them as the rack file has them, or lose them.
    Reboot {
        #[arg(value_parser = word::<Retention>)]
        bindings: Retention,
    },
    /// Bind functions behind every client's back.
    Bind {
        port: PortName,
        logical_port: u8,
        #[arg(required = true)]
        functions: Vec<FunctionName>,
    },
    /// Unbind a logical port behind every client's back.
    Unbind { port: PortName, logical_port: u8 },
    /// Give a function another PDFID.
    Rename { function: FunctionName, to: FunctionName },
    /// Put another adapter into a slot; status lists the models.
    Swap { port: PortName, adapter: String },
    /// End every fault.
    Heal,
    /// Print how everything is, as JSON.
    Status,
}

/// Which commands a fault concerns.
#[derive(Clone, Copy, Debug, Args)]
pub struct Which {
    /// Name of the command; without it, binds and unbinds.
    #[arg(long, value_parser = word::<CommandKind>, value_name = "NAME")]
    command: Option<CommandKind>,
}

/// Which command of its kind a fault strikes.
#[derive(Clone, Copy, Debug, Args)]
pub struct Turn {
    /// Which one, counted from now: 1 is the next.
    #[arg(long, default_value_t = 1)]
    nth: u64,
}

/// A word as orders write it; hyphens may stand for underscores.
fn word<T: DeserializeOwned>(text: &str) -> Result<T, WordError> {
    T::deserialize(StrDeserializer::new(&text.replace('-', "_")))
}

fn result_code(text: &str) -> Result<u32, std::num::ParseIntError> {
    match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => text.parse(),
    }
}

impl From<CtlOrder> for Order {
    fn from(order: CtlOrder) -> Self {
        match order {
            CtlOrder::PullCable { port } => Self::PullCable { port },
            CtlOrder::PlugCable { port } => Self::PlugCable { port },
            CtlOrder::PullAdapter { port } => Self::PullAdapter { port },
            CtlOrder::PlugAdapter { port } => Self::PlugAdapter { port },
            CtlOrder::SurpriseRemove { port } => Self::SurpriseRemove { port },
            CtlOrder::Train { port, width, rate } => Self::Train { port, width, rate },
            CtlOrder::RaiseAer { port, severity } => Self::RaiseAer { port, severity },
            CtlOrder::Heat { celsius } => Self::Heat { celsius },
            CtlOrder::Slow { ms, command: Which { command } } => Self::Slow { command, ms },
            CtlOrder::Hang { command: Which { command }, turn: Turn { nth } } => Self::Hang { command, nth },
            CtlOrder::Refuse { code, command: Which { command }, turn: Turn { nth } } => {
                Self::Refuse { command, nth, code }
            }
            CtlOrder::DropConnection { when, command: Which { command }, turn: Turn { nth } } => {
                Self::DropConnection { command, nth, when }
            }
            CtlOrder::CancelFault { id } => Self::CancelFault { id: FaultId(id) },
            CtlOrder::Reboot { bindings } => Self::Reboot { bindings },
            CtlOrder::Bind { port, logical_port, functions } => Self::Bind { port, logical_port, functions },
            CtlOrder::Unbind { port, logical_port } => Self::Unbind { port, logical_port },
            CtlOrder::Rename { function, to } => Self::Rename { function, to },
            CtlOrder::Swap { port, adapter } => Self::Swap { port, adapter },
            CtlOrder::Heal => Self::Heal {},
            CtlOrder::Status => Self::Status {},
        }
    }
}

/// An order that the switch did not carry out.
#[derive(Debug, Error)]
#[error("The order is not carried out: {0}.")]
struct NotCarriedOut(String);

/// Gives the order and prints what has become of it.
///
/// # Errors
/// A switch that cannot be reached, or an order that it does not carry out.
pub async fn run(options: &CtlOptions) -> Result<(), Box<dyn Error>> {
    for answer in send(&options.socket, &[options.order.clone().into()]).await? {
        match answer.map_err(NotCarriedOut)? {
            Done::Changed(sentence) => say(sentence)?,
            Done::Waiting(fault) => say(format_args!("fault {} waits for its command", fault.0))?,
            Done::Condition(condition) => say(serde_json::to_string_pretty(&condition)?)?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Cli, Command, SoftswitchCommand};
    use clap::Parser;

    fn order(words: &[&str]) -> Result<Order, clap::Error> {
        let start = ["patchbay", "softswitch", "ctl", "--socket", "lab.sock"];
        let cli = Cli::try_parse_from(start.iter().chain(words))?;
        let Command::Softswitch(options) = cli.command else { panic!("another command") };
        let Some(SoftswitchCommand::Ctl(options)) = options.command else { panic!("another command") };
        assert_eq!(options.socket, PathBuf::from("lab.sock"));
        Ok(options.order.into())
    }

    #[test]
    fn words_become_orders() {
        let bind = Some(CommandKind::Bind);
        let cases: [(&[&str], Order); 8] = [
            (&["pull-cable", "web-01"], Order::PullCable { port: "web-01".into() }),
            (&["train", "16", "--gen", "2"], Order::Train { port: "16".into(), width: None, rate: Some(2) }),
            (
                &["raise-aer", "0", "non-fatal"],
                Order::RaiseAer { port: "0".into(), severity: Severity::NonFatal },
            ),
            (
                &["refuse", "0x84005", "--command", "bind", "--nth", "2"],
                Order::Refuse { command: bind, nth: 2, code: 0x84005 },
            ),
            (
                &["drop-connection", "after"],
                Order::DropConnection { command: None, nth: 1, when: Phase::After },
            ),
            (&["reboot", "keep"], Order::Reboot { bindings: Retention::Keep }),
            (
                &["bind", "db-01", "3", "0x1001", "4098"],
                Order::Bind {
                    port: "db-01".into(),
                    logical_port: 3,
                    functions: vec![0x1001.into(), 0x1002.into()],
                },
            ),
            (&["heal"], Order::Heal {}),
        ];
        for (words, expected) in cases {
            assert_eq!(order(words).expect("an order"), expected);
        }
    }

    #[test]
    fn what_is_no_order_says_what_to_write() {
        for (words, expected) in [
            (&["hang", "--command", "dance"][..], "the name of a command"),
            (&["reboot", "maybe"], "`keep`, `rebuild`, `lose`"),
            (&["rename", "0x1001", "vf7"], "write a number such as 0x1001"),
            (&["bind", "db-01", "3"], "FUNCTIONS"),
        ] {
            let error = order(words).expect_err("no order").to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
