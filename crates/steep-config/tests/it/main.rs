//! The configuration from outside: files, variables and flags in, values or mistakes out.

mod hostile;
mod layers;
mod mistakes;
mod reference;
mod secrets;
mod seed;
mod support;
