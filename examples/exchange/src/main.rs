//! 公文交换: a small document exchange between departments, as an application behind the gate looks.
//!
//! It listens on loopback, believes nobody but the identity token of its gate, and uses nothing of
//! the system in front of it: a JWT library and the gate's published keys are enough.
//!
//! ```text
//! exchange --listen 127.0.0.1:8000 --jwks FILE --issuer gate-1 --audience exchange
//! ```
//!
//! With `--request-key FILE` the gate's tokens are good for a connection, and `FILE` is what it
//! shares with its application to tie requests to them.

mod documents;
mod identity;

use axum::Router;
use axum::middleware;
use axum::routing::get;
use data_encoding::BASE64URL_NOPAD;
use documents::Documents;
use identity::Verifier;
use std::process::ExitCode;
use std::sync::Arc;

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("exchange: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn std::error::Error>> {
    let value = |name: &str| {
        let mut words = std::env::args().skip_while(|word| word != name).skip(1);
        words.next().ok_or_else(|| format!("{name} is missing"))
    };
    let shared = match std::env::args().any(|word| word == "--request-key") {
        true => Some(std::fs::read_to_string(value("--request-key")?)?),
        false => None,
    };
    let shared = shared.map(|text| BASE64URL_NOPAD.decode(text.trim().as_bytes())).transpose()?;
    let [jwks, issuer, audience] = [value("--jwks")?, value("--issuer")?, value("--audience")?];
    let verifier = Arc::new(Verifier::new(&jwks, &issuer, &audience, shared.as_deref()));
    let routes = Router::new()
        .route("/", get(documents::front))
        .route("/documents/{unit}", get(documents::list).post(documents::send))
        .route(
            "/documents/{unit}/{document}",
            get(documents::read).put(documents::change).delete(documents::withdraw),
        )
        .route("/documents/{unit}/{document}/attachment", get(documents::attachment))
        .layer(middleware::from_fn_with_state(verifier, identity::required))
        .with_state(Arc::new(Documents::sample()));
    let listener = tokio::net::TcpListener::bind(value("--listen")?).await?;
    axum::serve(listener, routes).await?;
    Ok(())
}
