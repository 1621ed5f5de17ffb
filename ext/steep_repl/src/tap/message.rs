//! The logical replication protocol, as far as the tap needs it (PostgreSQL documentation,
//! "Logical Replication Message Formats").
//!
//! The bytes come from another server: every length is checked and nothing is assumed.

/// A message of the replication stream, inside its `w` (WAL data) frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Message<'a> {
    /// A transaction begins.
    Begin {
        /// Commit timestamp at the origin, microseconds since 2000-01-01.
        commit_ts: i64,
        /// Transaction id at the origin, without its epoch.
        xid: u32,
    },
    /// The transaction ends.
    Commit {
        /// End of its commit record in the publisher's WAL.
        end_lsn: u64,
    },
    /// Describes a table; the rest is [`Relation::parse`]'s.
    Relation(&'a [u8]),
    /// A change of a row of the table with this remote id; the rest is [`RowChange::parse`]'s.
    Row { kind: RowKind, relation: u32, body: &'a [u8] },
    /// The changes that follow were made on a third node and are forwarded.
    Origin,
    /// A part of a transaction that has not committed yet: streaming is on.
    StreamStart,
    /// A prepared transaction: two_phase is on.
    Prepare,
    /// Anything else.
    Other,
}

/// What happens to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RowKind {
    Insert,
    Update,
    Delete,
}

/// `w`, start and end of WAL, time of sending (walsender.c, `WalSndPrepareWrite`).
const FRAME_HEADER: usize = 1 + 8 + 8 + 8;

impl<'a> Message<'a> {
    /// Reads one message of a copy-both stream; `None` for keepalives and what is too short.
    pub(crate) fn parse(frame: &'a [u8]) -> Option<Self> {
        if *frame.first()? != b'w' {
            return None;
        }
        let mut reader = Reader(frame.get(FRAME_HEADER..)?);
        Some(match reader.byte()? {
            b'B' => {
                let _final_lsn = reader.u64()?;
                Self::Begin { commit_ts: reader.u64()?.cast_signed(), xid: reader.u32()? }
            }
            b'C' => {
                let (_flags, _commit_lsn) = (reader.byte()?, reader.u64()?);
                Self::Commit { end_lsn: reader.u64()? }
            }
            b'R' => Self::Relation(reader.0),
            b'I' => Self::row(RowKind::Insert, reader)?,
            b'U' => Self::row(RowKind::Update, reader)?,
            b'D' => Self::row(RowKind::Delete, reader)?,
            b'O' => Self::Origin,
            b'S' => Self::StreamStart,
            b'b' | b'P' => Self::Prepare,
            _ => Self::Other,
        })
    }

    fn row(kind: RowKind, mut reader: Reader<'a>) -> Option<Self> {
        let relation = reader.u32()?;
        Some(Self::Row { kind, relation, body: reader.0 })
    }
}

/// The publisher's description of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Relation {
    pub(crate) id: u32,
    pub(crate) schema: String,
    pub(crate) name: String,
    pub(crate) columns: Vec<String>,
}

impl Relation {
    /// Reads the body of a relation message.
    pub(crate) fn parse(body: &[u8]) -> Option<Self> {
        let mut reader = Reader(body);
        let id = reader.u32()?;
        let schema = reader.string()?;
        // The protocol's short for pg_catalog (logicalrep_write_namespace, proto.c).
        let schema = if schema.is_empty() { "pg_catalog".to_owned() } else { schema };
        let name = reader.string()?;
        let _replica_identity = reader.byte()?;
        let count = reader.u16()?;
        let columns = (0..count)
            .map(|_| {
                let _flags = reader.byte()?;
                let column = reader.string()?;
                let _type_and_modifier = (reader.u32()?, reader.u32()?);
                Some(column)
            })
            .collect::<Option<_>>()?;
        Some(Self { id, schema, name, columns })
    }
}

/// One column's value in a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    Null,
    /// Stored out of line and left alone by the update: the message does not have it.
    Unchanged,
    Text(&'a [u8]),
    Binary(&'a [u8]),
}

/// The rows of a change; the columns are those of the [`Relation`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RowChange<'a> {
    /// The whole old row, sent with `REPLICA IDENTITY FULL`.
    pub(crate) old: Option<Vec<Value<'a>>>,
    /// The old key, sent for a delete, or for an update that changes it; other columns are null.
    pub(crate) old_key: Option<Vec<Value<'a>>>,
    /// The new row; `None` for a delete.
    pub(crate) new: Option<Vec<Value<'a>>>,
}

impl<'a> RowChange<'a> {
    /// Reads the body of a row message.
    pub(crate) fn parse(body: &'a [u8]) -> Option<Self> {
        let mut reader = Reader(body);
        let mut change = Self { old: None, old_key: None, new: None };
        while let Some(part) = reader.byte() {
            let row = Some(reader.row()?);
            match part {
                b'O' => change.old = row,
                b'K' => change.old_key = row,
                b'N' => change.new = row,
                _ => return None,
            }
        }
        Some(change)
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(count)?;
        self.0 = tail;
        Some(head)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn byte(&mut self) -> Option<u8> {
        self.array().map(|[byte]| byte)
    }

    fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }

    fn string(&mut self) -> Option<String> {
        let end = self.0.iter().position(|byte| *byte == 0)?;
        let text = self.take(end)?;
        self.take(1)?;
        String::from_utf8(text.to_vec()).ok()
    }

    fn row(&mut self) -> Option<Vec<Value<'a>>> {
        let count = self.u16()?;
        // At least a byte each; `collect` would not know their number.
        let mut row = Vec::with_capacity(usize::from(count).min(self.0.len()));
        for _ in 0..count {
            row.push(match self.byte()? {
                b'n' => Value::Null,
                b'u' => Value::Unchanged,
                b't' => Value::Text(self.sized()?),
                b'b' => Value::Binary(self.sized()?),
                _ => return None,
            });
        }
        Some(row)
    }

    fn sized(&mut self) -> Option<&'a [u8]> {
        let length = self.u32()?;
        self.take(usize::try_from(length).ok()?)
    }
}
