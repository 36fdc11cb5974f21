//! Bringing the tables of the picture to what was folded: who has what, what is wished, what is in
//! trouble.

use crate::bulk::{Batch, Bulk, Value};
use crate::error::StoreError;
use crate::row::stored;
use patchbay_domain::{Assignment, Drift, FunctionId, Raised, Topology};
use serde::Serialize;
use std::collections::BTreeSet;

static PLACE: Bulk<4> = Bulk::new(
    "INSERT INTO assignments (function, host, logical_port, number) SELECT * FROM",
    "WHERE column1 IS NOT NULL
     ON CONFLICT (function) DO UPDATE
     SET host = excluded.host, logical_port = excluded.logical_port, number = excluded.number",
);

/// Writes what differs between two pictures of the same functions.
pub(crate) fn settle(batch: &mut Batch, before: &Topology, after: &Topology) -> Result<(), StoreError> {
    assign(batch, before, after)?;
    drift(batch, before, after)?;
    health(batch, before, after)
}

fn assigned(picture: &Topology, function: FunctionId) -> Option<Assignment> {
    picture.functions.get(&function).and_then(|f| f.assigned)
}

fn assign(batch: &mut Batch, before: &Topology, after: &Topology) -> Result<(), StoreError> {
    let (mut released, mut placed) = (Vec::new(), Vec::new());
    let functions: BTreeSet<_> = before.functions.keys().chain(after.functions.keys()).collect();
    for &function in functions {
        match (assigned(before, function), assigned(after, function)) {
            (old, new) if old == new => {}
            (_, None) => released.push(function),
            (_, Some(at)) => {
                let host = at.host.get().into();
                placed.push([function.get().into(), host, at.logical_port.0.into(), at.number.into()]);
            }
        }
    }
    let release = "DELETE FROM assignments WHERE function IN (SELECT value FROM json_each(?))";
    rows(batch, release, &released)?;
    PLACE.add(batch, placed);
    Ok(())
}

fn drift(batch: &mut Batch, before: &Topology, after: &Topology) -> Result<(), StoreError> {
    let gone: Vec<_> = before.drift.keys().filter(|id| !after.drift.contains_key(id)).collect();
    let forget = "DELETE FROM drift WHERE function IN (SELECT value FROM json_each(?))";
    rows(batch, forget, &gone)?;
    let found: Vec<_> = after
        .drift
        .iter()
        .filter(|(id, drift)| before.drift.get(id) != Some(drift))
        .map(|(id, drift)| {
            let Drift { wished, since } = drift;
            let (host, port, number) =
                (wished.map(|at| at.host), wished.map(|at| at.logical_port), wished.map(|at| at.number));
            (id, host, port, number, stored(since.get()))
        })
        .collect();
    let wish = "INSERT INTO drift (function, host, logical_port, number, since)
         SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 FROM json_each(?) WHERE true
         ON CONFLICT (function) DO UPDATE
         SET host = excluded.host, logical_port = excluded.logical_port, number = excluded.number,
             since = excluded.since";
    rows(batch, wish, &found)
}

fn health(batch: &mut Batch, before: &Topology, after: &Topology) -> Result<(), StoreError> {
    let over: Vec<_> = before.health.keys().filter(|subject| !after.health.contains_key(subject)).collect();
    let forget = "DELETE FROM health WHERE subject IN (SELECT value FROM json_each(?))";
    rows(batch, forget, &over)?;
    let raised = after.health.iter().filter(|(subject, raised)| before.health.get(subject) != Some(raised));
    let raised: Vec<_> = raised
        .map(|(subject, raised)| {
            let Raised { switch, name, since, at, times } = raised;
            (subject, switch, name, stored(since.get()), at, times)
        })
        .collect();
    // Cleared and raised again in one group, a trouble is another one in the same row.
    let keep = "INSERT INTO health (subject, switch, name, since, at, times)
         SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5
         FROM json_each(?) WHERE true
         ON CONFLICT (subject) DO UPDATE
         SET switch = excluded.switch, name = excluded.name, since = excluded.since, at = excluded.at,
             times = excluded.times";
    rows(batch, keep, &raised)
}

/// Adds a statement for all rows at once; for none of them, not at all.
fn rows<T: Serialize>(batch: &mut Batch, statement: &'static str, rows: &[T]) -> Result<(), StoreError> {
    if !rows.is_empty() {
        batch.add(statement, vec![Value::Text(serde_json::to_string(rows)?)]);
    }
    Ok(())
}
