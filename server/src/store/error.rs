//! What can go wrong in the database, without naming the library that says so.

use std::fmt;

/// Why a read or a write did not happen. Nothing of a failed write is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreError {
    /// The database cannot be reached, is full, or could not make the write durable.
    Unavailable(String),
    /// A unique, foreign or check constraint said no; holds what the database named.
    Conflict(String),
    /// The row that the write continues does not exist (any more).
    Missing(&'static str),
    /// A stored value does not parse into the type that it was written from.
    Corrupt(String),
    /// A statement and the schema disagree: a fault in this program.
    Fault(String),
}

impl StoreError {
    /// What was asked for did not end: its task is gone.
    pub fn given_up() -> StoreError {
        StoreError::Unavailable("it was given up".to_owned())
    }

    /// True where the same write may succeed when it is tried again later.
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unavailable(why) => write!(f, "the database is not available: {why}"),
            Self::Conflict(what) => write!(f, "a constraint refused the write: {what}"),
            Self::Missing(what) => write!(f, "there is no such {what}"),
            Self::Corrupt(what) => write!(f, "a stored value cannot be read: {what}"),
            Self::Fault(what) => write!(f, "a statement does not fit the schema: {what}"),
        }
    }
}

impl std::error::Error for StoreError {}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(inner) => {
                let kind = inner.kind();
                if inner.is_unique_violation()
                    || inner.is_foreign_key_violation()
                    || inner.is_check_violation()
                    || kind == sqlx::error::ErrorKind::NotNullViolation
                {
                    let name = inner.constraint().unwrap_or_default();
                    return Self::Conflict(format!("{name} {}", inner.message()).trim().to_owned());
                }
                // "SQL logic error" of SQLite and class 42 of PostgreSQL: the statement is wrong.
                match inner.code().as_deref() {
                    Some("1") => Self::Fault(inner.message().to_owned()),
                    Some(code) if code.len() == 5 && code.starts_with("42") => {
                        Self::Fault(inner.message().to_owned())
                    }
                    _ => Self::Unavailable(inner.to_string()),
                }
            }
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
                Self::Corrupt(error.to_string())
            }
            sqlx::Error::Encode(_)
            | sqlx::Error::ColumnNotFound(_)
            | sqlx::Error::ColumnIndexOutOfBounds { .. }
            | sqlx::Error::TypeNotFound { .. }
            | sqlx::Error::RowNotFound => Self::Fault(error.to_string()),
            other => Self::Unavailable(other.to_string()),
        }
    }
}

impl From<sqlx::migrate::MigrateError> for StoreError {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        match error {
            sqlx::migrate::MigrateError::Execute(inner) => inner.into(),
            other => Self::Fault(other.to_string()),
        }
    }
}
