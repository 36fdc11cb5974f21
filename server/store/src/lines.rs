//! What people read of an entry: its line, and what that touched.

use crate::error::StoreError;
use crate::row::{moment, stored, word};
use patchbay_domain::{Actor, AdapterId, Assignment, Entry, FunctionId, HistoryItem, HostId, Topology};
use serde::Serialize;
use sqlx::SqliteConnection;
use std::collections::BTreeSet;

/// The hosts, adapters and functions that an entry touched.
#[derive(Debug, Default)]
pub(crate) struct Subjects {
    /// The hosts.
    pub(crate) hosts: BTreeSet<HostId>,
    /// The adapters.
    pub(crate) adapters: BTreeSet<AdapterId>,
    /// The functions.
    pub(crate) functions: BTreeSet<FunctionId>,
}

impl Subjects {
    /// A function that goes from one place to another, and the hosts of both.
    pub(crate) fn function(&mut self, id: FunctionId, from: Option<Assignment>, to: Option<Assignment>) {
        self.functions.insert(id);
        self.hosts.extend([from, to].into_iter().flatten().map(|at| at.host));
    }

    /// Everything that two pictures show differently.
    pub(crate) fn between(before: &Topology, after: &Topology) -> Self {
        let mut all = Self::default();
        let hosts = before.hosts.keys().chain(after.hosts.keys());
        all.hosts.extend(hosts.filter(|id| before.hosts.get(id) != after.hosts.get(id)));
        let adapters = before.adapters.keys().chain(after.adapters.keys());
        all.adapters.extend(adapters.filter(|id| before.adapters.get(id) != after.adapters.get(id)));
        let functions: BTreeSet<_> = before.functions.keys().chain(after.functions.keys()).collect();
        for id in functions {
            let (old, new) = (before.functions.get(id), after.functions.get(id));
            if old != new {
                all.function(*id, old.and_then(|f| f.assigned), new.and_then(|f| f.assigned));
                all.adapters.extend([old, new].into_iter().flatten().map(|f| f.adapter));
            }
        }
        all
    }
}

/// Writes the line of an entry, if it has one, with what it touched. The adapters of touched functions are added.
pub(crate) async fn write(
    connection: &mut SqliteConnection,
    entry: &Entry,
    switch_name: &str,
    subjects: &Subjects,
) -> Result<(), StoreError> {
    let Some(line) = HistoryItem::of(entry, switch_name) else { return Ok(()) };
    let person = match &line.actor {
        Actor::Person { name, .. } => Some(name.as_str()),
        Actor::Engine => None,
    };
    let seq = stored(line.seq.get());
    sqlx::query("INSERT INTO lines (seq, at, kind, person, title, reason) VALUES (?, ?, ?, ?, ?, ?)")
        .bind(seq)
        .bind(moment(line.at))
        .bind(word(&line.kind)?)
        .bind(person)
        .bind(&line.title)
        .bind(&line.reason)
        .execute(&mut *connection)
        .await?;
    write_subjects(connection, "host", &subjects.hosts, seq).await?;
    write_subjects(connection, "function", &subjects.functions, seq).await?;
    sqlx::query(
        "INSERT INTO subjects (kind, id, seq)
         SELECT 'adapter', value, ?1 FROM json_each(?2)
         UNION SELECT 'adapter', f.adapter, ?1 FROM json_each(?3) JOIN functions f ON f.id = value",
    )
    .bind(seq)
    .bind(serde_json::to_string(&subjects.adapters)?)
    .bind(serde_json::to_string(&subjects.functions)?)
    .execute(connection)
    .await?;
    Ok(())
}

/// All in one statement: a first discovery touches thousands of functions.
async fn write_subjects<T: Serialize>(
    connection: &mut SqliteConnection,
    kind: &'static str,
    ids: &BTreeSet<T>,
    seq: i64,
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO subjects (kind, id, seq) SELECT ?, value, ? FROM json_each(?)")
        .bind(kind)
        .bind(seq)
        .bind(serde_json::to_string(ids)?)
        .execute(connection)
        .await?;
    Ok(())
}
