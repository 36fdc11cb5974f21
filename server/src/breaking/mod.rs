//! "Lab: break something": a page for the hands on the emulated hardware.
//!
//! It is no part of the product's face: it stands in this crate, talks to the emulated switches' own controls, and what
//! it does reaches Patchbay only over the wire, as it would from a rack.

mod forms;
mod page;
mod submitted;
mod view;

pub use page::LabPage;
use page::Shown;

use axum::Router;
use axum::extract::rejection::FormRejection;
use axum::extract::{DefaultBodyLimit, Form, Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::post;
use chrono::{DateTime, Utc};
use http::StatusCode;
use patchbay_app::ui::{LAB_PATH, Surroundings};
use patchbay_softswitch::{Controls, Done, Order};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use view::{Bench, Said};

/// How much of what was done is kept for the page.
const SAID_MAX: usize = 8;
/// Longest form: the largest has five short fields.
const FORM_MAX_BYTES: usize = 4 * 1024;

/// The lab's emulated switches, as far as the page needs them.
#[derive(Clone)]
pub struct LabBench(Arc<Inner>);

struct Inner {
    switches: Vec<(SocketAddr, Controls)>,
    said: Mutex<VecDeque<Said>>,
}

impl LabBench {
    /// A bench with these switches, each with the address it listens on.
    pub fn new(switches: Vec<(SocketAddr, Controls)>) -> Self {
        Self(Arc::new(Inner { switches, said: Mutex::default() }))
    }

    /// The switches as they are now.
    fn benches(&self) -> Vec<Bench> {
        let switches = self.0.switches.iter().enumerate();
        switches
            .map(|(at, (address, controls))| Bench::new(at, address.to_string(), controls.condition()))
            .collect()
    }

    /// What was done here, newest first.
    fn said(&self) -> Vec<Said> {
        self.0.said.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    fn say(&self, now: DateTime<Utc>, words: String, done: bool) {
        let mut said = self.0.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.truncate(SAID_MAX - 1);
        said.push_front(Said { at: now.format("%H:%M:%S").to_string(), words, done });
    }

    /// What the page shows beside what is known about the server.
    fn shown(&self, around: Surroundings) -> Shown {
        Shown { around, benches: self.benches(), said: self.said() }
    }

    /// Gives an order that came as a form. The words say what was done, or why it was not.
    async fn order(&self, index: usize, fields: Vec<(String, String)>) -> Result<String, String> {
        let (_, controls) =
            self.0.switches.get(index).ok_or_else(|| format!("The lab has no switch {index}."))?;
        let order: Order =
            serde_json::from_value(submitted::object(fields)).map_err(|error| sentence(&error))?;
        let waiting = match &order {
            Order::Slow { .. } => "From now on such commands are slow.",
            _ => "It waits for its command.",
        };
        match controls.order(order).await {
            Ok(Done::Changed(words)) => Ok(sentence(&words)),
            Ok(Done::Waiting(_)) => Ok(waiting.to_owned()),
            Ok(Done::Condition(_)) => Ok("Nothing was asked to change.".to_owned()),
            Err(error) => Err(sentence(&error)),
        }
    }
}

/// The emulated switch speaks in parts of sentences, for command lines; a page shows whole ones.
fn sentence(words: &impl ToString) -> String {
    let words = words.to_string();
    let mut letters = words.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str().trim_end_matches('.'))
}

/// Where the page's forms go.
pub fn routes(bench: LabBench) -> Router {
    Router::new()
        .route(&format!("{LAB_PATH}/{{index}}"), post(order))
        .layer(DefaultBodyLimit::max(FORM_MAX_BYTES))
        .with_state(bench)
}

/// Carries an order out and leads back to the page, which says what came of it.
async fn order(
    State(bench): State<LabBench>,
    Path(index): Path<usize>,
    form: Result<Form<Vec<(String, String)>>, FormRejection>,
) -> Response {
    let Form(fields) = match form {
        Ok(form) => form,
        Err(error) => return (StatusCode::BAD_REQUEST, error.body_text()).into_response(),
    };
    let (words, done) = match bench.order(index, fields).await {
        Ok(words) => (words, true),
        Err(words) => (words, false),
    };
    bench.say(Utc::now(), words, done);
    Redirect::to(LAB_PATH).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use patchbay_softswitch::{Options, Rack, Running, Softswitch};

    async fn bench() -> (Running, LabBench) {
        let listen = "127.0.0.1:0".parse().expect("an address");
        let rack = Rack::lab().expect("built in");
        let running = Softswitch::start(rack, listen, Options::default()).await.expect("it starts");
        let bench = LabBench::new(vec![(running.addr(), running.controls())]);
        (running, bench)
    }

    fn fields(fields: &[(&str, &str)]) -> Vec<(String, String)> {
        fields.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    }

    #[tokio::test]
    async fn a_form_changes_the_switch_and_a_wrong_one_says_why() {
        let (_running, bench) = bench().await;
        let pulled = bench.order(0, fields(&[("order", "pull_cable"), ("port", "0")])).await;
        assert_eq!(pulled, Ok("The cable of port 0 (web-01) is pulled.".to_owned()));
        let again = bench.order(0, fields(&[("order", "pull_cable"), ("port", "0")])).await;
        assert_eq!(again, Err("The cable of port 0 (web-01) is not plugged in.".to_owned()));
        let unknown = bench.order(0, fields(&[("order", "explode")])).await.expect_err("no such order");
        assert!(unknown.contains("explode"), "{unknown}");
        assert_eq!(bench.order(7, Vec::new()).await, Err("The lab has no switch 7.".to_owned()));
    }

    #[tokio::test]
    async fn what_was_done_is_kept_newest_first_and_bounded() {
        let (_running, bench) = bench().await;
        for number in 0..=SAID_MAX {
            bench.say(DateTime::UNIX_EPOCH, number.to_string(), true);
        }
        let said = bench.said();
        assert_eq!((said.len(), said[0].words.as_str()), (SAID_MAX, "8"));
    }
}
