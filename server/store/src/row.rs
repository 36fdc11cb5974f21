//! Reading rows: every value that does not parse is an error that names table, row and column.

use crate::error::{StoreError, Unreadable};
use chrono::{DateTime, SecondsFormat, Utc};
use patchbay_domain::{Fingerprint, Hash, Link};
use serde::de::{DeserializeOwned, IntoDeserializer};
use serde::{Deserialize, Serialize};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, Sqlite};

/// One row, and what to call it in an error.
pub(crate) struct Cells<'a> {
    row: &'a SqliteRow,
    table: &'static str,
    id: i64,
}

impl<'a> Cells<'a> {
    /// A row of `table` whose id stands in the column `id`.
    pub(crate) fn new(row: &'a SqliteRow, table: &'static str, id: &'static str) -> Result<Self, StoreError> {
        let unnamed = Self { row, table, id: 0 };
        let id = unnamed.read::<i64>(id)?;
        Ok(Self { id, ..unnamed })
    }

    fn read<T>(&self, column: &'static str) -> Result<T, StoreError>
    where
        T: sqlx::Decode<'a, Sqlite> + sqlx::Type<Sqlite>,
    {
        self.row.try_get(column).map_err(|e| self.unreadable(column, e))
    }

    /// The error for a column of this row.
    pub(crate) fn unreadable(&self, column: &'static str, source: impl Into<Unreadable>) -> StoreError {
        StoreError::Unreadable { table: self.table, id: self.id, column, source: source.into() }
    }

    /// A number in the range of its type.
    pub(crate) fn number<T: TryFrom<i64>>(&self, column: &'static str) -> Result<T, StoreError> {
        let number = self.read::<i64>(column)?;
        T::try_from(number).map_err(|_| self.unreadable(column, Unreadable::Range(number)))
    }

    /// A number, or none.
    pub(crate) fn number_or_none<T: TryFrom<i64>>(
        &self,
        column: &'static str,
    ) -> Result<Option<T>, StoreError> {
        let Some(number) = self.read::<Option<i64>>(column)? else { return Ok(None) };
        T::try_from(number).map(Some).map_err(|_| self.unreadable(column, Unreadable::Range(number)))
    }

    /// Yes or no.
    pub(crate) fn flag(&self, column: &'static str) -> Result<bool, StoreError> {
        self.read::<i64>(column).map(|number| number != 0)
    }

    /// A text.
    pub(crate) fn text(&self, column: &'static str) -> Result<&'a str, StoreError> {
        self.read(column)
    }

    /// A text, or none.
    pub(crate) fn text_or_none(&self, column: &'static str) -> Result<Option<&'a str>, StoreError> {
        self.read(column)
    }

    /// A value stored as JSON.
    pub(crate) fn json<T: DeserializeOwned>(&self, column: &'static str) -> Result<T, StoreError> {
        serde_json::from_str(self.text(column)?).map_err(|e| self.unreadable(column, e))
    }

    /// A value stored as its word in JSON, see [`word`].
    pub(crate) fn word<T: for<'de> Deserialize<'de>>(&self, column: &'static str) -> Result<T, StoreError> {
        self.parse_word(column, self.text(column)?)
    }

    /// A value stored as its word, or none.
    pub(crate) fn word_or_none<T: for<'de> Deserialize<'de>>(
        &self,
        column: &'static str,
    ) -> Result<Option<T>, StoreError> {
        self.text_or_none(column)?.map(|text| self.parse_word(column, text)).transpose()
    }

    fn parse_word<T: for<'de> Deserialize<'de>>(
        &self,
        column: &'static str,
        text: &str,
    ) -> Result<T, StoreError> {
        T::deserialize(text.into_deserializer())
            .map_err(|e: serde::de::value::Error| self.unreadable(column, e))
    }

    /// A moment, see [`moment`].
    pub(crate) fn moment(&self, column: &'static str) -> Result<DateTime<Utc>, StoreError> {
        let moment = DateTime::parse_from_rfc3339(self.text(column)?);
        moment.map(|at| at.to_utc()).map_err(|e| self.unreadable(column, e))
    }

    /// A hash.
    pub(crate) fn hash(&self, column: &'static str) -> Result<Hash, StoreError> {
        self.text(column)?.parse::<Hash>().map_err(|e| self.unreadable(column, e))
    }

    /// The PCI identity of an adapter.
    pub(crate) fn fingerprint(&self) -> Result<Fingerprint, StoreError> {
        Ok(Fingerprint {
            vendor: self.number("vendor")?,
            device: self.number("device")?,
            subsystem_vendor: self.number("subsystem_vendor")?,
            subsystem_device: self.number("subsystem_device")?,
        })
    }

    /// The link columns of a port.
    pub(crate) fn link(&self) -> Result<Link, StoreError> {
        Ok(Link {
            up: self.flag("up")?,
            width: self.number("width")?,
            rate: self.word_or_none("rate")?,
            configured_width: self.number("configured_width")?,
            configured_rate: self.word_or_none("configured_rate")?,
        })
    }
}

/// The word of a plain enum, the same as in JSON.
pub(crate) fn word<T: Serialize>(value: &T) -> Result<String, StoreError> {
    let value = serde_json::to_value(value)?;
    value.as_str().map(str::to_owned).ok_or_else(|| {
        StoreError::Encode(<serde_json::Error as serde::ser::Error>::custom(
            "only a plain enum is stored as a word",
        ))
    })
}

/// How a moment is stored: RFC 3339 in UTC with milliseconds, so that texts sort as moments do.
pub(crate) fn moment(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// A sequence number or generation as SQLite stores it. What is beyond its range is later than everything.
pub(crate) fn stored(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// How SQLite says that it will run a query; the places for its values say nothing of it, but that of a text may.
#[cfg(test)]
pub(crate) async fn query_plan(
    connection: &mut sqlx::SqliteConnection,
    query: &str,
    bound: Option<&str>,
) -> String {
    let explain = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {query}"));
    let rows = sqlx::query_as::<_, (i64, i64, i64, String)>(explain);
    let rows = bound.into_iter().fold(rows, sqlx::query::QueryAs::bind);
    let rows = rows.fetch_all(connection).await.expect("a plan");
    rows.into_iter().map(|row| row.3).collect::<Vec<_>>().join("\n")
}
