//! The answers.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;
use steep_ipc::{Level, NodeState};

use super::metrics;
use crate::watch::Watcher;

pub(super) fn router(watcher: Watcher) -> Router {
    Router::new()
        .route("/health", get(health))
        .route("/ready", get(ready))
        .route("/metrics", get(text))
        .with_state(watcher)
}

async fn health(State(watcher): State<Watcher>) -> Response {
    let status = watcher.snapshot().status;
    let code = match status.health.status {
        Level::Ok | Level::Warning => StatusCode::OK,
        Level::Critical => StatusCode::SERVICE_UNAVAILABLE,
    };
    (code, Json(&status.health)).into_response()
}

#[derive(Serialize)]
struct Readiness {
    ready: bool,
    state: NodeState,
}

async fn ready(State(watcher): State<Watcher>) -> Response {
    let state = watcher.snapshot().status.state;
    let ready = state == NodeState::Online;
    let code = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (code, Json(Readiness { ready, state })).into_response()
}

async fn text(State(watcher): State<Watcher>) -> Response {
    let body = metrics::render(&watcher.snapshot());
    ([(header::CONTENT_TYPE, metrics::CONTENT_TYPE)], body).into_response()
}
