//! SCEP (RFC 8894) beside ACME and EST, an operation a file: `asked` reads what is asked for,
//! `operation` opens a message and says what becomes of it, `answer` says it. `authority` holds the
//! key that devices encrypt for, whose certificate is that of a system like any other.
//!
//! This process opens what devices encrypt, and its word counts nowhere: the challenge stands in
//! the request that the device's key signed, and what a device signs to renew goes to the CA as it
//! came, with the key of its content.

mod answer;
pub(crate) mod authority;
mod caps;
mod enrol;
mod known;
mod opened;
mod operation;
mod poll;

use crate::machines::state::MachinesState;
use answer::ScepRefused;
use axum::body::Bytes as Body;
use axum::extract::{DefaultBodyLimit, FromRequest, Query, Request, State};
use axum::response::Response;
use axum::routing::get;
use axum::{Router, middleware};
use data_encoding::BASE64;
use mtls::TlsConnection;
use records::Code;
use scep::message::MESSAGE_BYTES_MAX;
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;

/// Where it is, and where devices look that know no other place (RFC 8894 4.1).
const PATHS: [&str; 2] = ["/scep", "/cgi-bin/pkiclient.exe"];
/// A body that takes longer is refused.
const BODY_SECONDS_MAX: u64 = 15;

/// What the query says (RFC 8894 4.1).
#[derive(Deserialize)]
struct ScepQuery {
    #[serde(default)]
    operation: String,
    #[serde(default)]
    message: String,
}

/// Whether a path is one of these.
pub(crate) fn is_scep(path: &str) -> bool {
    PATHS.contains(&path)
}

/// The routes.
pub(crate) fn router() -> Router<Arc<MachinesState>> {
    let [own, usual] = PATHS;
    let method =
        || get(show).post(ask).fallback(|| async { ScepRefused::from(Code::MethodNotAllowed) });
    Router::new().route(own, method()).route(usual, method())
}

/// The same alone, for a listener without TLS: messages are signed and encrypted by themselves, and
/// many devices speak nothing else.
pub(crate) fn plain_router(state: Arc<MachinesState>) -> Router {
    router()
        .fallback(|| async { ScepRefused::from(Code::NotFound) })
        .layer(DefaultBodyLimit::max(MESSAGE_BYTES_MAX))
        .layer(middleware::from_fn(answer::undressed))
        .with_state(state)
}

/// What is asked by GET: one operation of them in base64.
async fn show(
    State(state): State<Arc<MachinesState>>,
    query: Result<Query<ScepQuery>, axum::extract::rejection::QueryRejection>,
    request: Request,
) -> Result<Response, ScepRefused> {
    let Query(asked) = query.map_err(|_| Code::Malformed)?;
    match asked.operation.as_str() {
        "GetCACaps" => Ok(caps::show()),
        "GetCACert" => authority::show(&state),
        // There is no certificate of a CA that follows on the one that is.
        "GetNextCACert" => Err(Code::NotFound.into()),
        "PKIOperation" => {
            let source = source_of(&request);
            operation::answer(&state, &decoded(&asked.message)?, source).await
        }
        _ => Err(Code::Malformed.into()),
    }
}

/// A message by POST, as it is.
async fn ask(
    State(state): State<Arc<MachinesState>>,
    query: Result<Query<ScepQuery>, axum::extract::rejection::QueryRejection>,
    request: Request,
) -> Result<Response, ScepRefused> {
    let Query(asked) = query.map_err(|_| Code::Malformed)?;
    if asked.operation != "PKIOperation" {
        return Err(Code::Malformed.into());
    }
    let source = source_of(&request);
    let limit = Duration::from_secs(BODY_SECONDS_MAX);
    let body = tokio::time::timeout(limit, Body::from_request(request, &state)).await;
    let body = body.map_err(|_| Code::RequestLate)?.map_err(|_| Code::TooLarge)?;
    operation::answer(&state, &body, source).await
}

/// From which subscriber a request came.
fn source_of(request: &Request) -> u128 {
    let connection = request.extensions().get::<TlsConnection>();
    connection.and_then(|connection| connection.subscriber).unwrap_or_default()
}

/// What base64 in a query holds; a plus that was not escaped came as a blank.
fn decoded(text: &str) -> Result<Vec<u8>, Code> {
    if text.len() > MESSAGE_BYTES_MAX * 2 {
        return Err(Code::TooLarge);
    }
    let is_line = |byte: &u8| matches!(byte, b'\r' | b'\n');
    let plus = |byte: u8| if byte == b' ' { b'+' } else { byte };
    let text: Vec<u8> = text.bytes().filter(|byte| !is_line(byte)).map(plus).collect();
    BASE64.decode(&text).map_err(|_| Code::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_of_a_query_is_read_with_its_plus_escaped_or_not() {
        let der = [0x30, 0x82, 1, 0xfb, 0xef, 0xbe];
        let text = BASE64.encode(&der);
        assert!(text.contains('+'), "{text}");
        assert_eq!(decoded(&text), Ok(der.to_vec()));
        assert_eq!(decoded(&text.replace('+', " ")), Ok(der.to_vec()));
        assert_eq!(decoded(&format!("{text}\r\n")), Ok(der.to_vec()));
        for wrong in ["!", "MII", "=", "MI_-"] {
            assert_eq!(decoded(wrong), Err(Code::Malformed), "{wrong}");
        }
        let long = "A".repeat(MESSAGE_BYTES_MAX * 2 + 4);
        assert_eq!(decoded(&long), Err(Code::TooLarge));
    }

    #[test]
    fn devices_find_it_at_the_usual_place_too() {
        assert!(is_scep("/scep") && is_scep("/cgi-bin/pkiclient.exe"));
        assert!(!is_scep("/scep/") && !is_scep("/acme/directory"));
    }
}
