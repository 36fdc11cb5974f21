//! One kept-alive connection to the door for programs, as cheap as HTTP can be: what measures must not cost more than
//! what is measured.

use anyhow::{Context, Result, bail};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use patchbay_api::{Problem, TopologyView};
use patchbay_domain::{ChangeId, Entry, FunctionId, Generation, HostId, LedgerPage, Seq};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::net::SocketAddr;
use thiserror::Error;
use tokio::net::TcpStream;

/// Entries asked for at once: as many as a page may hold.
const LEDGER_PAGE: u32 = 1000;

/// There is no connection, or it ended before the answer: whether the request was carried out is not known.
#[derive(Debug, Error)]
#[error("no answer from {address}: {why}")]
pub struct Broken {
    address: SocketAddr,
    why: String,
}

/// An answer as it came.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: Bytes,
}

/// Where a change is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// On its way.
    Open,
    /// Done and read back.
    Applied,
    /// All as before.
    RolledBack,
    /// Needs a person.
    Stuck,
    /// A word that came later: an ending that is none of the others.
    #[serde(other)]
    Other,
}

/// A change that was answered with its end.
#[derive(Clone, Debug, Deserialize)]
pub struct Ended {
    /// Its id.
    pub id: ChangeId,
    /// How it ended.
    pub stage: Stage,
    /// What to send as `seen` next; none for one that had ended before it was asked for.
    pub generation: Option<Generation>,
}

/// What came of asking for a change.
#[derive(Clone, Debug)]
pub enum Submitted {
    /// It was accepted and has ended.
    Ended(Box<Ended>),
    /// It was not accepted: nothing was recorded, and nothing was done.
    Refused(Box<Problem>),
}

/// One connection to a server.
pub struct Door {
    address: SocketAddr,
    sender: SendRequest<Full<Bytes>>,
}

impl Answer {
    /// The body as what it should be.
    ///
    /// # Errors
    /// An answer that is none of success, or another body.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T> {
        if !(200..300).contains(&self.status) {
            bail!("answered {}: {}", self.status, String::from_utf8_lossy(&self.body));
        }
        serde_json::from_slice(&self.body)
            .with_context(|| format!("answered {}", String::from_utf8_lossy(&self.body)))
    }

    /// What came of asking for a change and waiting for it.
    ///
    /// # Errors
    /// An answer that is neither a change nor a problem, or one that the server has with itself.
    pub fn submitted(&self) -> Result<Submitted> {
        match self.status {
            200 => Ok(Submitted::Ended(self.read()?)),
            409 | 422 | 503 => Ok(Submitted::Refused(serde_json::from_slice(&self.body)?)),
            _ => self.read().map(Submitted::Ended),
        }
    }
}

/// What a client wants: functions, each with the host that shall have it, or none.
pub type Wanted = Vec<(FunctionId, Option<HostId>)>;

/// An intent as a program writes it by hand, in the words that every version of the door understands.
pub fn intent(wanted: &[(FunctionId, Option<HostId>)]) -> Value {
    let one = |(function, to): &(FunctionId, Option<HostId>)| json!({ "function": function, "to": to });
    json!({ "moves": wanted.iter().map(one).collect::<Vec<_>>() })
}

/// The body of a request for a change.
pub fn change(wanted: &[(FunctionId, Option<HostId>)], reason: &str, seen: Generation) -> Vec<u8> {
    json!({ "intent": intent(wanted), "reason": reason, "seen": seen }).to_string().into_bytes()
}

impl Door {
    /// Opens a connection.
    ///
    /// # Errors
    /// [`Broken`] when nobody listens there.
    pub async fn open(address: SocketAddr) -> Result<Self, Broken> {
        let broken = |why: String| Broken { address, why };
        let stream = TcpStream::connect(address).await.map_err(|e| broken(e.to_string()))?;
        stream.set_nodelay(true).map_err(|e| broken(e.to_string()))?;
        let (sender, connection) =
            handshake(TokioIo::new(stream)).await.map_err(|e| broken(e.to_string()))?;
        // Its error is told to whoever waits for an answer.
        tokio::spawn(async move { drop(connection.await) });
        Ok(Self { address, sender })
    }

    async fn send(
        &mut self,
        method: Method,
        path: &str,
        body: Vec<u8>,
    ) -> Result<Response<Incoming>, Broken> {
        let address = self.address;
        let broken = |why: String| Broken { address, why };
        let mut request = Request::builder().method(method).uri(path).header("host", address.to_string());
        if !body.is_empty() {
            request = request.header("content-type", "application/json");
        }
        let request = request.body(Full::new(Bytes::from(body))).map_err(|e| broken(e.to_string()))?;
        self.sender.ready().await.map_err(|e| broken(e.to_string()))?;
        self.sender.send_request(request).await.map_err(|e| broken(e.to_string()))
    }

    async fn ask(&mut self, method: Method, path: &str, body: Vec<u8>) -> Result<Answer, Broken> {
        let response = self.send(method, path, body).await?;
        let status = response.status().as_u16();
        let body = response.into_body().collect().await;
        let body = body.map_err(|e| Broken { address: self.address, why: e.to_string() })?.to_bytes();
        Ok(Answer { status, body })
    }

    /// Turns this connection into a stream.
    ///
    /// # Errors
    /// [`Broken`] when there is no answer.
    pub async fn stream(mut self, path: &str) -> Result<Incoming, Broken> {
        Ok(self.send(Method::GET, path, Vec::new()).await?.into_body())
    }

    /// Asks for an address.
    ///
    /// # Errors
    /// [`Broken`] when there is no answer.
    pub async fn get(&mut self, path: &str) -> Result<Answer, Broken> {
        self.ask(Method::GET, path, Vec::new()).await
    }

    /// Sends JSON to an address.
    ///
    /// # Errors
    /// [`Broken`] when there is no answer.
    pub async fn post(&mut self, path: &str, body: Vec<u8>) -> Result<Answer, Broken> {
        self.ask(Method::POST, path, body).await
    }

    /// Asks for a change and waits for its end.
    ///
    /// # Errors
    /// [`Broken`] when there is no answer: nobody knows what became of it then.
    pub async fn submit(&mut self, body: Vec<u8>) -> Result<Answer, Broken> {
        self.post("/api/v1/changes?wait=true", body).await
    }

    /// The picture.
    ///
    /// # Errors
    /// No answer, or another one.
    pub async fn topology(&mut self) -> Result<TopologyView> {
        self.get("/api/v1/topology").await?.read()
    }

    /// All entries after this one, oldest first.
    ///
    /// # Errors
    /// No answer, or another one.
    pub async fn ledger(&mut self, mut after: Seq) -> Result<Vec<Entry>> {
        let mut entries = Vec::new();
        loop {
            let path = format!("/api/v1/ledger?after={after}&limit={LEDGER_PAGE}");
            let page: LedgerPage = self.get(&path).await?.read()?;
            entries.extend(page.entries);
            match page.next_after {
                Some(next) => after = next,
                None => return Ok(entries),
            }
        }
    }
}
