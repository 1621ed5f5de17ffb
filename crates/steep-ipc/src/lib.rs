//! Frames, requests, responses and events between a steep-repl daemon and its clients.
