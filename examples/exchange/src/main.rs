//! 公文交换: a small document exchange between departments, as an application behind the gate looks.
//!
//! It listens on loopback, believes nobody but the identity token of its gate, and uses nothing of
//! the system in front of it: a JWT library and the gate's published keys are enough.
//!
//! ```text
//! exchange --listen 127.0.0.1:8000 --jwks FILE --issuer gate-1 --audience exchange
//! ```

mod documents;
mod identity;

use axum::Router;
use axum::middleware;
use axum::routing::get;
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
    let verifier =
        Arc::new(Verifier::new(&value("--jwks")?, &value("--issuer")?, &value("--audience")?));
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
