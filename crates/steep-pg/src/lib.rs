//! What steep-repl asks of a PostgreSQL server, one module for each catalog or feature.
