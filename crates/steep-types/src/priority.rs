use core::fmt;

/// How much a node counts when two nodes are compared; higher goes first.
///
/// It is the `priority` column of `steep_repl.nodes`. It breaks ties between equal commit
/// timestamps and is the rule of the `node_priority` strategy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Priority(i32);

impl Priority {
    /// Any 32-bit number is a priority.
    #[must_use]
    pub const fn new(value: i32) -> Self {
        Self(value)
    }

    /// The number as it stands in the table.
    #[must_use]
    pub const fn get(self) -> i32 {
        self.0
    }
}

impl Default for Priority {
    /// 50, the default of the `priority` column.
    fn default() -> Self {
        Self(50)
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
