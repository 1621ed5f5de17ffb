//! Tables of every shape survive inserts, updates and deletes made on two nodes at once.

mod indexes;
mod shape;
mod structure;
mod types;
mod virtual_columns;
