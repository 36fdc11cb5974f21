//! The command line; every option can also be given as a `PATCHBAY_*` variable.

use crate::ctl::CtlOptions;
use crate::racks::{CheckOptions, RackOptions};
use clap::{Args, Parser, Subcommand};
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::path::PathBuf;
use std::str::FromStr;
use thiserror::Error;

/// The TCP port on which switches listen (protocol sheet, section 1.1).
pub const SWITCH_PORT: u16 = patchbay_switchtec::client::DEFAULT_PORT;

/// A manager for I/O virtualization switches.
#[derive(Debug, Parser)]
#[command(name = "patchbay", version, about)]
pub struct Cli {
    /// What to log, as in "info" or "patchbay_engine=debug".
    #[arg(long, global = true, env = "PATCHBAY_LOG", default_value = "info")]
    pub log: String,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the program does.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Manage switches: the board, the history and the JSON door.
    Serve(ServeOptions),
    /// Run emulated switches that anything speaking MRPC over Ethernet can drive.
    Softswitch(SoftswitchOptions),
    /// Check every entry of the ledger, and say where it was changed if it was.
    Verify(VerifyOptions),
}

/// How to serve.
#[derive(Clone, Debug, Args)]
pub struct ServeOptions {
    /// Where browsers and programs reach Patchbay.
    #[arg(long, env = "PATCHBAY_LISTEN", default_value = "127.0.0.1:3000", value_name = "ADDR:PORT")]
    pub listen: SocketAddr,
    /// The folder for the database; made when it does not exist.
    #[arg(long, env = "PATCHBAY_DATA", default_value = "data", value_name = "DIR")]
    pub data: PathBuf,
    /// A switch to manage, as IPv4 address and optional port (54545 unless given). May be repeated; in the variable,
    /// separate several by commas.
    #[arg(long = "switch", env = "PATCHBAY_SWITCH", value_delimiter = ',', value_name = "ADDR[:PORT]")]
    pub switches: Vec<SwitchAddress>,
    /// Also run the built-in lab, on another built-in rack or a rack file if one is named. With no switch given it runs
    /// anyway.
    #[arg(long, env = "PATCHBAY_LAB", num_args = 0..=1, value_name = "NAME|FILE")]
    pub lab: Option<Option<PathBuf>>,
    /// A file with names for the hosts of those switches, which no switch knows. Hosts of one name on several switches are
    /// one server.
    #[arg(long, env = "PATCHBAY_HOSTS", value_name = "FILE")]
    pub hosts: Option<PathBuf>,
    /// How many seconds a switch may take to answer before it counts as away.
    #[arg(
        long,
        env = "PATCHBAY_ANSWER_WITHIN",
        default_value_t = 30,
        value_parser = clap::value_parser!(u64).range(1..=300),
        value_name = "SECONDS"
    )]
    pub answer_within: u64,
    /// Listen on an address that others can reach, although nobody has to sign in.
    #[arg(long, env = "PATCHBAY_INSECURE_OPEN")]
    pub insecure_open: bool,
}

/// How to run emulated switches, or what else to do with their racks.
#[derive(Clone, Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct SoftswitchOptions {
    /// Make or look at a rack file instead.
    #[command(subcommand)]
    pub command: Option<SoftswitchCommand>,
    /// Where the first switch listens; the others listen at the addresses that follow. The vendor's own tool only
    /// reaches port 54545.
    #[arg(
        long,
        env = "PATCHBAY_SOFTSWITCH_LISTEN",
        default_value = "127.0.0.1:54545",
        value_name = "ADDR:PORT"
    )]
    pub listen: SocketAddr,
    /// A rack file, or the name of a built-in rack: lab (unless given), large, pair or transcripts.
    #[arg(long, env = "PATCHBAY_RACK", value_name = "NAME|FILE")]
    pub rack: Option<PathBuf>,
    /// Keep the switch's state in this file, so that it survives a restart. Several switches keep theirs in files of
    /// their own, with the switch's name added.
    #[arg(long, env = "PATCHBAY_SOFTSWITCH_STATE", value_name = "FILE")]
    pub state: Option<PathBuf>,
    /// Take orders at this Unix socket: see "patchbay softswitch ctl". Several switches take theirs at sockets of their
    /// own, with the switch's name added.
    #[arg(long, env = "PATCHBAY_SOFTSWITCH_CONTROL", value_name = "FILE")]
    pub control: Option<PathBuf>,
}

/// What to do with racks other than serving them.
#[derive(Clone, Debug, Subcommand)]
pub enum SoftswitchCommand {
    /// Print a rack file of any size.
    Rack(RackOptions),
    /// Say what a rack holds, or what is wrong with its file.
    Check(CheckOptions),
    /// Give a running switch an order: pull a cable, fail a command, restart.
    Ctl(CtlOptions),
}

/// Which ledger to check.
#[derive(Clone, Debug, Args)]
pub struct VerifyOptions {
    /// The folder with the database.
    #[arg(long, env = "PATCHBAY_DATA", default_value = "data", value_name = "DIR")]
    pub data: PathBuf,
}

/// Where a switch is: an IPv4 address with a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SwitchAddress(pub SocketAddrV4);

/// Why a text is no switch address.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "{0:?} is not the address of a switch. Write an IPv4 address, with a port if it is not {SWITCH_PORT}: 10.0.0.5 or 10.0.0.5:54545"
)]
pub struct SwitchAddressError(String);

impl FromStr for SwitchAddress {
    type Err = SwitchAddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bare = || text.parse::<Ipv4Addr>().map(|ip| SocketAddrV4::new(ip, SWITCH_PORT));
        text.parse().or_else(|_| bare()).map(Self).map_err(|_| SwitchAddressError(text.to_owned()))
    }
}

impl fmt::Display for SwitchAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn serve(words: &[&str]) -> Result<ServeOptions, clap::Error> {
        let cli = Cli::try_parse_from(["patchbay", "serve"].iter().chain(words))?;
        match cli.command {
            Command::Serve(options) => Ok(options),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_switch_is_an_address_with_the_usual_port_unless_another_is_given() {
        let options = serve(&["--switch", "10.0.0.5", "--switch", "10.0.0.6:7000"]).expect("two addresses");
        let texts: Vec<_> = options.switches.iter().map(ToString::to_string).collect();
        assert_eq!(texts, ["10.0.0.5:54545", "10.0.0.6:7000"]);
    }

    #[test]
    fn what_is_no_address_says_what_to_write() {
        for text in ["rack-12", "10.0.0.5:99999", "::1", ""] {
            let error = serve(&["--switch", text]).expect_err(text).to_string();
            assert!(error.contains("IPv4"), "{error}");
        }
    }

    #[test]
    fn a_switch_may_take_half_a_minute_to_answer_unless_told_otherwise() {
        assert_eq!(serve(&[]).expect("nothing").answer_within, 30);
        assert_eq!(serve(&["--answer-within", "2"]).expect("two seconds").answer_within, 2);
        assert!(serve(&["--answer-within", "0"]).is_err());
    }

    #[test]
    fn the_lab_is_off_bare_or_with_a_file() {
        assert_eq!(serve(&[]).expect("nothing").lab, None);
        assert_eq!(serve(&["--lab"]).expect("bare").lab, Some(None));
        assert_eq!(serve(&["--lab", "r.toml"]).expect("with a file").lab, Some(Some("r.toml".into())));
    }
}
