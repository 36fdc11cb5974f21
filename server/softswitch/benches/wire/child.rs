//! The server in a process of its own: this program again, with other words on its command line.

use std::error::Error;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddrV4;
use std::process::{Command, Stdio};

use patchbay_softswitch::{Lab, Options, Softswitch, generate};

use crate::steps::{MANY, MANY_NAME};

/// A server process; it ends when this is dropped.
pub struct Child {
    process: std::process::Child,
    /// Where its switches listen.
    pub addresses: Vec<SocketAddrV4>,
}

impl Drop for Child {
    fn drop(&mut self) {
        // It ends by itself when its input does; waiting leaves no zombie behind.
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

impl Child {
    /// Starts a server for a rack of [`lab`] and waits until it listens.
    pub fn start(rack: &str) -> Result<Self, Box<dyn Error>> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["serve", rack]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn()?;
        let output = process.stdout.take().ok_or("the server has no output")?;
        let mut child = Self { process, addresses: Vec::new() };
        for line in BufReader::new(output).lines() {
            match line?.as_str() {
                "ready" => return Ok(child),
                address => child.addresses.push(address.parse()?),
            }
        }
        Err("the server ended before it listened".into())
    }

    /// Processor time that it and this process have used so far, in microseconds.
    pub fn cpu_us(&self) -> Result<f64, Box<dyn Error>> {
        Ok(cpu_us(self.process.id())? + cpu_us(std::process::id())?)
    }

    /// Memory it holds, in MiB.
    pub fn resident_mib(&self) -> Result<f64, Box<dyn Error>> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS line")?;
        let kib: f64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kib / 1024.0)
    }
}

/// Processor time of all threads of a process, which other processes on the machine change little.
fn cpu_us(process: u32) -> Result<f64, Box<dyn Error>> {
    let mut ns = 0.0;
    for thread in std::fs::read_dir(format!("/proc/{process}/task"))? {
        let text = std::fs::read_to_string(thread?.path().join("schedstat"))?;
        ns += text.split_whitespace().next().ok_or("an empty schedstat")?.parse::<f64>()?;
    }
    Ok(ns / 1e3)
}

/// The built-in rack with this name, or that of the many clients.
pub fn lab(name: &str) -> Result<Lab, Box<dyn Error>> {
    if name == MANY_NAME {
        return Ok(Lab::parse(&generate(&MANY)?, name)?);
    }
    Ok(Lab::by_name(name).ok_or("no such rack")??)
}

/// The server process: all switches of a rack of [`lab`] on the loopback, until standard input ends.
pub fn serve(rack: &str) -> Result<(), Box<dyn Error>> {
    rlimit::increase_nofile_limit(super::OPEN_FILES)?;
    let lab = lab(rack)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut running = Vec::new();
    for rack in lab.into_racks() {
        let listen = "127.0.0.1:0".parse()?;
        let switch = runtime.block_on(Softswitch::start(rack, listen, Options::default()))?;
        println!("{}", switch.addr());
        running.push(switch);
    }
    println!("ready");
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
