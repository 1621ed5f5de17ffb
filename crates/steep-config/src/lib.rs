//! Configuration of steep-repl: defaults, file, environment and flags, checked, with the source of each value.
