//! The orders of a file: whether they are orders, and whether the rack has what they name.

use std::ops::Range;
use std::time::Duration;

use serde::Deserialize;
use toml::{Spanned, Value};

use super::{RackError, RackProblem, Source};
use crate::control::{Order, Timed};
use crate::rack::file::ScriptPart;
use crate::rack::{MAX_SCRIPT_MS, MAX_SCRIPT_ORDERS, Rack};
use crate::switch::Switch;

/// Keys of a part that belong to the script and not to the order.
const AFTER: &str = "after_ms";
pub(super) const SWITCH: &str = "switch";

/// The script of one switch.
pub(super) fn script(
    rack: &Rack,
    parts: &[&ScriptPart],
    source: &Source<'_>,
) -> Result<Vec<Timed>, RackError> {
    let switch = Switch::new(rack.clone().into());
    parts.iter().enumerate().map(|(at, part)| Entry { part, source }.timed(at, &switch)).collect()
}

/// The key and value of a part.
pub(super) fn value<'a>(
    part: &'a ScriptPart,
    key: &str,
) -> Option<(&'a Spanned<String>, &'a Spanned<Value>)> {
    part.iter().find(|(name, _)| name.get_ref() == key)
}

/// Where a part's order is written, for messages about the whole of it.
pub(super) fn place(part: &ScriptPart) -> Range<usize> {
    let order = value(part, "order").map(|(_, value)| value.span());
    order.or_else(|| part.keys().next().map(Spanned::span)).unwrap_or_default()
}

struct Entry<'a> {
    part: &'a ScriptPart,
    source: &'a Source<'a>,
}

impl Entry<'_> {
    fn timed(&self, at: usize, switch: &Switch) -> Result<Timed, RackError> {
        if at == MAX_SCRIPT_ORDERS {
            return Err(self.fault("order", RackProblem::TooManyOrders));
        }
        let (after, order) = (self.after()?, self.order()?);
        order.check(switch).map_err(|error| {
            self.fault(error.field().unwrap_or("order"), RackProblem::Order(error.to_string()))
        })?;
        Ok(Timed { after, order })
    }

    /// A fault at a key of the part, or at its order when it has no such key.
    fn fault(&self, key: &str, problem: RackProblem) -> RackError {
        let span = value(self.part, key).map_or_else(|| place(self.part), |(_, value)| value.span());
        self.source.fault(span, format!("script.{key}"), problem)
    }

    fn after(&self) -> Result<Duration, RackError> {
        let missing = || self.fault(AFTER, RackProblem::Syntax(format!("missing field `{AFTER}`")));
        let (_, value) = value(self.part, AFTER).ok_or_else(missing)?;
        let Value::Integer(ms) = value.get_ref() else {
            let problem = RackProblem::Syntax("expected a number of milliseconds".to_owned());
            return Err(self.fault(AFTER, problem));
        };
        if !(0..=MAX_SCRIPT_MS).contains(ms) {
            let problem = RackProblem::OutOfRange { value: *ms, min: 0, max: MAX_SCRIPT_MS };
            return Err(self.fault(AFTER, problem));
        }
        Ok(Duration::from_millis(*ms as u64))
    }

    fn order(&self) -> Result<Order, RackError> {
        let is_order = |name: &str| ![AFTER, SWITCH].contains(&name);
        let fields = self.part.iter().filter(|(name, _)| is_order(name.get_ref()));
        let table = fields.map(|(name, value)| (name.get_ref().clone(), value.get_ref().clone())).collect();
        Order::deserialize(Value::Table(table)).map_err(|error| {
            let message = error.message().to_owned();
            // The parser quotes a field it does not know; other complaints are about the order as a whole.
            let quoted = |name: &&Spanned<String>| message.contains(&format!("field `{}`", name.get_ref()));
            let key = self.part.keys().find(quoted).map_or("order", |name| name.get_ref().as_str());
            self.fault(key, RackProblem::Syntax(message.trim().to_owned()))
        })
    }
}
