/// Why a text is not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// It is longer than [`MAX_BYTES`](crate::MAX_BYTES).
    #[error("the text is {bytes} bytes long, at most {} are read", crate::MAX_BYTES)]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// It holds a zero byte, which PostgreSQL takes for its end.
    #[error("the text holds a zero byte at byte {at}")]
    Zero {
        /// Where.
        at: usize,
    },
    /// PostgreSQL 18 does not understand it.
    #[error("{message}")]
    Syntax {
        /// PostgreSQL's words.
        message: String,
    },
    /// A statement is nested more deeply than is read.
    #[error("a statement is nested too deeply")]
    TooDeep,
    /// The grammar knows a statement that this crate does not: a newer grammar than it was made for.
    #[error("statement at byte {at} is of a kind that is not known yet")]
    Unknown {
        /// Where it begins.
        at: usize,
    },
    /// What the grammar made of the text cannot be read.
    #[error("the parse tree cannot be read: {message}")]
    Tree {
        /// What is wrong with it.
        message: String,
    },
}

impl From<pg_query::Error> for ParseError {
    fn from(error: pg_query::Error) -> Self {
        match error {
            // `check_stack_depth` (stack_depth.c) and the depth of bison's own stack (gram.c).
            pg_query::Error::Parse(message)
                if message.contains("stack depth limit exceeded")
                    || message.contains("memory exhausted") =>
            {
                Self::TooDeep
            }
            pg_query::Error::Parse(message) => Self::Syntax { message },
            pg_query::Error::Decode(error) if error.to_string().contains("recursion limit") => {
                Self::TooDeep
            }
            other => Self::Tree { message: other.to_string() },
        }
    }
}
