//! Clients that ask for one change after another, and remember exactly what they were told.

use super::wishes;
use crate::checks::{Asked, Heard};
use crate::rig::{Board, Broken, Door, Stage, Submitted, door};
use anyhow::{Context, Result, bail};
use fastrand::Rng;
use patchbay_domain::Outcome;
use std::net::SocketAddr;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

/// What the clients are to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Rest,
    /// Work at this server. Shifts are numbered, so that a client whose server has gone waits for the next one.
    Work {
        shift: u64,
        server: SocketAddr,
    },
}

/// All clients.
pub struct Crowd {
    orders: watch::Sender<Order>,
    reports: mpsc::Receiver<Vec<Asked>>,
    answers: watch::Receiver<u64>,
    clients: JoinSet<Result<()>>,
    size: usize,
    shift: u64,
}

struct Client {
    name: usize,
    rng: Rng,
    orders: watch::Receiver<Order>,
    reports: mpsc::Sender<Vec<Asked>>,
    answers: watch::Sender<u64>,
    asked: u64,
}

impl Crowd {
    /// So many clients, resting.
    pub fn new(size: usize, seed: u64) -> Self {
        let (report, reports) = mpsc::channel(size);
        let (orders, answers) = (watch::Sender::new(Order::Rest), watch::Sender::new(0));
        let mut clients = JoinSet::new();
        for name in 0..size {
            let client = Client {
                name,
                rng: Rng::with_seed(seed.wrapping_add(1 + name as u64)),
                orders: orders.subscribe(),
                reports: report.clone(),
                answers: answers.clone(),
                asked: 0,
            };
            clients.spawn(client.run());
        }
        Self { orders, reports, answers: answers.subscribe(), clients, size, shift: 0 }
    }

    /// Lets them work at a server.
    pub fn work(&mut self, server: SocketAddr) {
        self.shift += 1;
        self.orders.send_replace(Order::Work { shift: self.shift, server });
    }

    /// Waits until they were given so many more answers.
    ///
    /// # Errors
    /// When a client has found something that cannot be.
    pub async fn answered(&mut self, more: u64) -> Result<()> {
        let wanted = *self.answers.borrow() + more;
        tokio::select! {
            reached = self.answers.wait_for(|count| *count >= wanted) => reached.map(drop).context("clients work"),
            ended = self.clients.join_next() => ended.context("there are clients")??,
        }
    }

    /// Lets them rest, and returns what they asked for and were told once the last has come to rest.
    ///
    /// # Errors
    /// When a client has found something that cannot be.
    pub async fn rest(&mut self) -> Result<Vec<Asked>> {
        self.orders.send_replace(Order::Rest);
        let mut all = Vec::new();
        for _ in 0..self.size {
            tokio::select! {
                report = self.reports.recv() => all.extend(report.context("clients report")?),
                ended = self.clients.join_next() => ended.context("there are clients")???,
            }
        }
        Ok(all)
    }
}

impl Client {
    async fn run(mut self) -> Result<()> {
        let mut worked = 0;
        loop {
            let is_new = |order: &Order| matches!(order, Order::Work { shift, .. } if *shift > worked);
            let Ok(order) = self.orders.wait_for(is_new).await.map(|order| *order) else { return Ok(()) };
            let Order::Work { shift, server } = order else { continue };
            worked = shift;
            let mut asked = Vec::new();
            match self.work(order, server, &mut asked).await {
                Ok(()) => {}
                // The server was killed; what had no answer by then is remembered as such.
                Err(error) if error.is::<Broken>() => {}
                Err(error) => return Err(error),
            }
            self.reports.send(asked).await.context("somebody counts")?;
        }
    }

    /// Asks until told to rest, or until the server is gone.
    async fn work(&mut self, order: Order, server: SocketAddr, asked: &mut Vec<Asked>) -> Result<()> {
        let mut door = Door::open(server).await?;
        while *self.orders.borrow() == order {
            let board = Board(door.topology().await?);
            let wanted = wishes::draw(&mut self.rng, &board);
            self.asked += 1;
            let reason = format!("client {}, request {}", self.name, self.asked);
            let body = door::change(&wanted, &reason, board.0.generation);
            asked.push(Asked { wanted, reason, heard: Heard::Nothing });
            let heard = heard(&door.submit(body).await?.submitted()?)?;
            if let Some(last) = asked.last_mut() {
                last.heard = heard;
            }
            self.answers.send_modify(|count| *count += 1);
        }
        Ok(())
    }
}

/// What an answer promises.
pub fn heard(answer: &Submitted) -> Result<Heard> {
    match answer {
        Submitted::Ended(ended) => {
            let outcome = match ended.stage {
                Stage::Applied => Outcome::Applied,
                Stage::RolledBack => Outcome::RolledBack,
                Stage::Stuck => Outcome::Stuck,
                Stage::Open | Stage::Other => bail!("a change was answered that has not ended: {ended:?}"),
            };
            Ok(Heard::Ended { change: ended.id, outcome })
        }
        // It may have been accepted before the server was told to stop.
        Submitted::Refused(problem) if problem.code == "stopping" => Ok(Heard::Nothing),
        Submitted::Refused(_) => Ok(Heard::Refused),
    }
}
