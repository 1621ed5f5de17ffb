//! Identity ranges: how a node comes by the ids that its tables draw, and how a group shares them.
//!
//! What may be granted is decided by `steep-ranges` inside the extension, from what the node has
//! recorded. The daemon only asks early, asks whoever owns the lowest free ids, and carries rows to
//! nodes that cannot have them by replication. Without a daemon inserts go on: the server grants
//! itself ranges out of its node's own blocks.
//!
//! | file | what |
//! |---|---|
//! | `policy` | sizes and thresholds, as the configuration has them |
//! | `spare` | how many ids are left out when a table begins to be managed (pure) |
//! | `here` | a table of this node begins to be managed, or ends |
//! | `obtain` | one range for one table: from whom, and from whom else |
//! | `grant` | the answer to a node that asks for one |
//! | `page`, `tell`, `hear` | what a node knows, for one that joins or was restored |
//! | `join`, `leave` | a node comes, or goes |
//! | `keeper` | the task that looks at each table every second |
//! | `report`, `board` | what it has seen, for checks, metrics and commands |
//! | `bypass` | letting any id be written for a while |

mod board;
mod bypass;
mod grant;
mod hear;
mod here;
mod join;
mod keeper;
mod leave;
mod links;
mod look;
mod obtain;
mod page;
mod policy;
mod report;
mod reserve;
mod spare;
mod tell;

pub use self::board::RangeBoard;
pub use self::keeper::Reachable;
pub use self::policy::{RangePolicy, TableRanges};
pub use self::report::{Reports, TableReport};

pub(crate) use self::bypass::Bypass;
pub(crate) use self::grant::grant;
pub(crate) use self::here::{INHERITS, are_installed, known_as, require_managed, unmanage};
pub(crate) use self::join::begin_to_draw;
pub(crate) use self::keeper::Keeper;
pub(crate) use self::leave::hand_over;
pub(crate) use self::links::Links;
pub(crate) use self::look::{Managed, managed};
pub(crate) use self::obtain::{Ask, obtain, obtain_first};
pub(crate) use self::reserve::grant_from_the_end;
pub(crate) use self::spare::{Growth, occupied_to};
