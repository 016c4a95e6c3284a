//! A library that programs in Rust get certificates with (`instant-acme`): it opens an account by
//! its binding, gets a certificate, changes its key, gets another one, revokes, and ends.

use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use instant_acme::{
    Account, AuthorizationStatus, BodyWrapper, BytesResponse, ChallengeType, ExternalAccountKey,
    HttpClient, Identifier, NewAccount, NewOrder, OrderStatus, RetryPolicy, RevocationRequest,
};
use rustls_pki_types::{CertificateDer, ServerName};
use std::pin::Pin;
use std::sync::Arc;
use tests::machines::Site;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// What it speaks over: a connection for each request, to whoever leads to the city's root.
#[derive(Clone)]
struct Pinned(Arc<rustls::ClientConfig>);

impl Pinned {
    fn new(site: &Site) -> Box<Self> {
        let root = std::fs::read(site.root()).unwrap();
        let root = pki::pem::read(&root, pki::pem::Kind::Certificate).unwrap();
        let root = pki::Certificate::read(&root[0]).unwrap().sha256();
        Box::new(Self(mtls::tls::client(root, None).unwrap()))
    }

    async fn answer(self, request: Request<BodyWrapper<Bytes>>) -> Response<Full<Bytes>> {
        let (mut head, body) = request.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let authority = head.uri.authority().unwrap().clone();
        head.uri = head.uri.path_and_query().unwrap().as_str().parse().unwrap();
        head.headers.insert("host", authority.as_str().parse().unwrap());
        let place = ("127.0.0.1", authority.port_u16().unwrap());
        let stream = TcpStream::connect(place).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let stream = TlsConnector::from(self.0).connect(name, stream).await.unwrap();
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let request = Request::from_parts(head, Full::new(body));
        let (head, body) = sender.send_request(request).await.unwrap().into_parts();
        Response::from_parts(head, Full::new(body.collect().await.unwrap().to_bytes()))
    }
}

type Answering = Pin<Box<dyn Future<Output = Result<BytesResponse, instant_acme::Error>> + Send>>;

impl HttpClient for Pinned {
    fn request(&self, request: Request<BodyWrapper<Bytes>>) -> Answering {
        let own = self.clone();
        Box::pin(async move { Ok(BytesResponse::from(own.answer(request).await)) })
    }
}

/// From the order to the certificate: its leaf.
async fn issued(site: &Site, account: &Account, name: &str) -> pki::Certificate {
    let identifiers = [Identifier::Dns(name.to_owned())];
    let mut order = account.new_order(&NewOrder::new(&identifiers)).await.unwrap();
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization.unwrap();
        assert_eq!(authorization.status, AuthorizationStatus::Pending);
        let mut challenge = authorization.challenge(ChallengeType::Http01).unwrap();
        let path = format!("/.well-known/acme-challenge/{}", challenge.token);
        site.names.set_file(&path, challenge.key_authorization().as_str());
        challenge.set_ready().await.unwrap();
    }
    let status = order.poll_ready(&RetryPolicy::default()).await.unwrap();
    assert_eq!(status, OrderStatus::Ready);
    let mut params = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.distinguished_name = rcgen::DistinguishedName::new();
    let key = rcgen::KeyPair::generate().unwrap();
    order.finalize_csr(params.serialize_request(&key).unwrap().der()).await.unwrap();
    let chain = order.poll_certificate(&RetryPolicy::default()).await.unwrap();
    let blocks = pki::pem::read(chain.as_bytes(), pki::pem::Kind::Certificate).unwrap();
    assert_eq!(blocks.len(), 2, "leaf and issuing CA");
    pki::Certificate::read(&blocks[0]).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn instant_acme_gets_renews_and_revokes() {
    let site = Site::open().await;
    let wanted = NewAccount {
        contact: &["mailto:ops@acme.test"],
        terms_of_service_agreed: true,
        only_return_existing: false,
    };
    let builder = || Account::builder_with_http(Pinned::new(&site));
    let unbound = builder().create(&wanted, site.directory(), None).await;
    let Err(instant_acme::Error::Api(problem)) = unbound.map(|_| ()) else {
        panic!("an account without a binding")
    };
    let kind = problem.r#type.unwrap();
    assert_eq!(kind, "urn:ietf:params:acme:error:externalAccountRequired");
    let binding = ExternalAccountKey::new(site.secret.kid.clone(), &site.secret.hmac);
    let (mut account, _) =
        builder().create(&wanted, site.directory(), Some(&binding)).await.unwrap();
    let first = issued(&site, &account, "www.acme.test").await;
    account.update_contacts(&[]).await.unwrap();
    let _credentials = account.update_key().await.unwrap();
    let next = issued(&site, &account, "www.acme.test").await;
    assert_ne!(first.serial(), next.serial());
    let der = CertificateDer::from(next.der().to_vec());
    let revocation = RevocationRequest { certificate: &der, reason: None };
    account.revoke(&revocation).await.unwrap();
    assert!(account.revoke(&revocation).await.is_err(), "it is revoked");
    account.clone().deactivate().await.unwrap();
    let identifiers = [Identifier::Dns("www.acme.test".into())];
    assert!(account.new_order(&NewOrder::new(&identifiers)).await.is_err(), "it is over");
}
