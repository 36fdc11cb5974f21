//! The server and the emulated switches, each in a process of its own that can be killed at any instant.

use anyhow::{Context, Result, ensure};
use patchbay_softswitch::Lab;
use std::net::{SocketAddr, SocketAddrV4};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// What the programs log: nothing that slows them down while they are measured.
const LOG: &str = "error";

/// The program under test.
#[derive(Clone, Debug)]
pub struct Program(PathBuf);

impl Program {
    /// The one that Cargo built together with this test or bench.
    pub fn built() -> Self {
        Self(PathBuf::from(env!("CARGO_BIN_EXE_patchbay")))
    }

    /// Another build, for comparing two.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Where it is, for people.
    pub fn path(&self) -> &Path {
        &self.0
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.0);
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("PATCHBAY_")) {
            command.env_remove(name);
        }
        command.args(["--log", LOG]).stdout(Stdio::piped()).stderr(Stdio::inherit()).kill_on_drop(true);
        command
    }

    /// Checks the ledger of a data folder that no server has open.
    ///
    /// # Errors
    /// When it does not hold together; the error is what the program says.
    pub async fn verify(&self, data: &Path) -> Result<()> {
        let mut command = self.command();
        command.arg("verify").arg("--data").arg(data).stderr(Stdio::piped());
        let output = command.output().await.context("the program runs")?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "the ledger does not verify: {said}");
        Ok(())
    }
}

/// A process and what it prints.
struct Speaking {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Speaking {
    fn spawn(mut command: Command) -> Result<Self> {
        let mut child = command.spawn().context("the program starts")?;
        let output = child.stdout.take().context("its output is piped")?;
        Ok(Self { child, lines: BufReader::new(output).lines() })
    }

    /// Reads the next line, and returns the word behind ` is at `.
    async fn place(&mut self) -> Result<String> {
        let line = self.lines.next_line().await?.context("the program ended before it said where it is")?;
        let (_, place) = line.split_once(" is at ").with_context(|| format!("{line:?} says no place"))?;
        Ok(place.to_owned())
    }

    /// Ends it as a power cut would, and waits until it is gone.
    async fn kill(&mut self) -> Result<()> {
        self.child.kill().await.context("the process can be killed")
    }

    /// Asks it to end, and waits until it has.
    async fn stop(mut self) -> Result<ExitStatus> {
        let pid = self.child.id().context("the process runs")?.to_string();
        let asked = Command::new("kill").args(["-TERM", &pid]).status().await?;
        ensure!(asked.success(), "the process could not be asked to end");
        Ok(self.child.wait().await?)
    }
}

/// A running `patchbay serve`.
pub struct Server {
    process: Speaking,
    /// Where its doors are.
    pub address: SocketAddr,
}

impl Server {
    /// Starts it for these switches. Returns when it says where it is; it may not have read a switch by then.
    ///
    /// # Errors
    /// When it ends instead.
    pub async fn start(program: &Program, data: &Path, switches: &[SocketAddrV4]) -> Result<Self> {
        let mut command = program.command();
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data);
        for switch in switches {
            command.args(["--switch", &switch.to_string()]);
        }
        let mut process = Speaking::spawn(command)?;
        let url = process.place().await?;
        let address = url.strip_prefix("http://").context("an address")?.parse()?;
        Ok(Self { process, address })
    }

    /// Ends it as a power cut would.
    ///
    /// # Errors
    /// When the system does not let us.
    pub async fn kill(&mut self) -> Result<()> {
        self.process.kill().await
    }

    /// Ends it in good order.
    ///
    /// # Errors
    /// When it does not end well.
    pub async fn stop(self) -> Result<()> {
        let status = self.process.stop().await?;
        ensure!(status.success(), "the server ended with {status}");
        Ok(())
    }
}

/// A running `patchbay softswitch` with all switches of one rack file.
pub struct SwitchProcess {
    process: Speaking,
    /// Where its switches listen, in the order of the file.
    pub addresses: Vec<SocketAddrV4>,
}

/// How to run a rack file.
#[derive(Clone, Debug)]
pub struct RackFile {
    path: PathBuf,
    listen: SocketAddrV4,
    state: Option<PathBuf>,
    switches: usize,
}

impl RackFile {
    /// Writes the text to a file and remembers how its switches are to run: the first at `listen`, the others at the
    /// addresses that follow, their state beside the file if `stateful`.
    ///
    /// # Errors
    /// When the text is no rack, or the file cannot be written.
    pub fn write(path: PathBuf, text: &str, listen: SocketAddrV4, stateful: bool) -> Result<Self> {
        let switches = Lab::parse(text, "the rack")?.racks().len();
        std::fs::write(&path, text)?;
        let state = stateful.then(|| path.with_extension("json"));
        Ok(Self { path, listen, state, switches })
    }

    /// Starts its switches. Returns when all of them listen.
    ///
    /// # Errors
    /// When an address is taken.
    pub async fn start(&self, program: &Program) -> Result<SwitchProcess> {
        let mut command = program.command();
        command.args(["softswitch", "--listen", &self.listen.to_string(), "--rack"]).arg(&self.path);
        if let Some(state) = &self.state {
            command.arg("--state").arg(state);
        }
        let mut process = Speaking::spawn(command)?;
        let mut addresses = Vec::with_capacity(self.switches);
        for _ in 0..self.switches {
            addresses.push(process.place().await?.parse()?);
        }
        Ok(SwitchProcess { process, addresses })
    }
}

impl SwitchProcess {
    /// Ends all of its switches as a power cut would.
    ///
    /// # Errors
    /// When the system does not let us.
    pub async fn kill(mut self) -> Result<()> {
        self.process.kill().await
    }
}
