//! The tables that are tortured, and what is noted about the writes.

use crate::{Failure, Group};

/// The tables, of which every one has the column `token`.
pub(super) const TABLES: [&str; 4] = ["plain", "exact", "parted", "bulk"];

/// How many keys are fought over in each table: few, so that nodes meet.
pub(super) const KEYS: u64 = 40;

/// How many rows the large table has: enough for its deletes to be kept in chunks.
pub(super) const BULK: u64 = 1_200;

/// How many values of the unique columns there are: about as many as rows.
pub(super) const VALUES: u64 = 30;

const DEFINITIONS: &str = "
create table plain (id int primary key, token text not null, n int not null default 0, u int unique, w int);
create unique index on plain (abs(w)) where w is not null;
create table exact (k int, l text, token text not null, u int unique, big text, primary key (k, l));
create table parted (id int primary key, token text not null, code text, g int generated always as (id * 2) stored)
  partition by range (id);
create table parted_1 partition of parted for values from (0) to (20);
create table parted_2 partition of parted for values from (20) to (1000);
create table bulk (id int primary key, token text not null);
create table history (relation text, operation text, old jsonb, new jsonb);
create sequence tokens;
create function note() returns trigger language plpgsql set search_path = public as $$
begin
  insert into history values (tg_argv[0], tg_op,
    case when tg_op <> 'INSERT' then to_jsonb(old) - 'big' end,
    case when tg_op <> 'DELETE' then to_jsonb(new) - 'big' end);
  return null;
end $$;
create trigger note after insert or update or delete on plain
  for each row execute function note('plain');
create trigger note after insert or update or delete on exact
  for each row execute function note('exact');
create trigger note after insert or update or delete on parted
  for each row execute function note('parted');
create trigger note after insert or update or delete on bulk
  for each row execute function note('bulk');
";

/// Makes the tables on every node.
pub(super) fn create(group: &Group) -> Result<(), Failure> {
    group.everywhere(DEFINITIONS)?;
    group.add_table("plain", "")?;
    // Whole rows in every message: an update that left its large column alone mixes with nothing.
    group.add_table("exact", "'last_write_wins', 'exact'")?;
    group.add_table("parted", "")?;
    group.add_table("bulk", "")
}

/// An expression that gives every row that is written a token of its own.
pub(super) fn token(node: &str) -> String {
    format!("'{node}' || nextval('tokens')")
}
