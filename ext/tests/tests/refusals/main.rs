//! What cannot replicate is refused with the reason and the way out, and never does a wrong thing.

mod applying;
mod tables;
