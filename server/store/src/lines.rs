//! What people read of an entry: its line, and what that touched.

use crate::bulk::{Batch, Bulk};
use crate::error::StoreError;
use crate::row::{moment, stored, word};
use patchbay_domain::{
    Actor, AdapterId, Assignment, Entry, FunctionId, HistoryItem, HostId, Subject, Topology,
};
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

    /// The host or adapter that a trouble is of.
    pub(crate) fn trouble(&mut self, subject: Subject) {
        match subject {
            Subject::SwitchAway(_) => {}
            Subject::HostDown(host) | Subject::HostNarrow(host) => {
                self.hosts.insert(host);
            }
            Subject::AdapterDown(adapter) | Subject::AdapterNarrow(adapter) => {
                self.adapters.insert(adapter);
            }
        }
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

/// The line of an entry, as it is stored.
#[derive(Debug)]
pub(crate) struct Line {
    seq: i64,
    at: String,
    kind: String,
    person: Option<String>,
    title: String,
    reason: Option<String>,
    /// Kind and id of what it touched.
    subjects: Vec<(&'static str, u32)>,
}

impl Line {
    /// The line of an entry, if it has one, with what it touched.
    pub(crate) fn of(
        entry: &Entry,
        switch_name: &str,
        subjects: &Subjects,
    ) -> Result<Option<Self>, StoreError> {
        let Some(line) = HistoryItem::of(entry, switch_name) else { return Ok(None) };
        let person = match line.actor {
            Actor::Person { name, .. } => Some(name),
            Actor::Engine => None,
        };
        let hosts = subjects.hosts.iter().map(|id| ("host", id.get()));
        let adapters = subjects.adapters.iter().map(|id| ("adapter", id.get()));
        let functions = subjects.functions.iter().map(|id| ("function", id.get()));
        Ok(Some(Self {
            seq: stored(line.seq.get()),
            at: moment(line.at),
            kind: word(&line.kind)?,
            person,
            title: line.title,
            reason: line.reason,
            subjects: hosts.chain(adapters).chain(functions).collect(),
        }))
    }
}

static WRITE: Bulk<7> = Bulk::new(
    "INSERT INTO unfiled (seq, at, kind, person, title, reason, touched) SELECT * FROM",
    "WHERE column1 IS NOT NULL",
);

/// Writes lines, with what they touched. They are filed in `lines` and `subjects` later, many at once, by a trigger.
pub(crate) fn insert(batch: &mut Batch, lines: Vec<Line>) -> Result<(), StoreError> {
    let row = |line| {
        let Line { seq, at, kind, person, title, reason, subjects } = line;
        let touched = serde_json::to_string(&subjects)?;
        Ok([seq.into(), at.into(), kind.into(), person.into(), title.into(), reason.into(), touched.into()])
    };
    let rows = lines.into_iter().map(row).collect::<Result<Vec<_>, StoreError>>()?;
    WRITE.add(batch, rows);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::Store;
    use crate::open::options;
    use crate::row::query_plan;
    use sqlx::ConnectOptions;

    #[tokio::test]
    async fn the_functions_of_unfiled_lines_are_looked_up_whatever_statistics_there_are() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("rack.db");
        let _store = Store::open(&path).await.expect("a new database");
        let mut raw = options(&path).connect().await.expect("a second connection");
        for analysed in [false, true] {
            if analysed {
                let few = "INSERT INTO sqlite_stat1 (tbl, idx, stat)
                           VALUES ('functions', 'sqlite_autoindex_functions_1', '64 16 1');
                           ANALYZE sqlite_schema";
                sqlx::raw_sql(few).execute(&mut raw).await.expect("as when there were few");
            }
            let plan = query_plan(&mut raw, "SELECT * FROM unfiled_subjects", None).await;
            assert!(plan.contains("SEARCH f USING INTEGER PRIMARY KEY (rowid=?)"), "{plan}");
            assert!(!plan.contains("SCAN f"), "{plan}");
        }
    }
}
