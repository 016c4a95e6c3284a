//! Asks one resolver, which the configuration names, afresh for each look: nothing is kept, so that
//! what a zone says counts from when it says it.

use acme::dns::{self, DnsError, DnsRecord, RecordKind};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;
use system::random;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

/// Time for one answer, and how often it is asked for.
const ANSWER_MAX: Duration = Duration::from_secs(2);
const TRIES: usize = 3;
/// Largest answer over TCP.
const TCP_BYTES_MAX: usize = 16 * 1024;
/// Aliases that are followed one after the other.
const ALIASES_MAX: usize = 8;
/// Datagrams that are no answer of this question and are passed by.
const STRANGE_MAX: usize = 16;

/// A resolver.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Resolver(pub(crate) SocketAddr);

/// Why a name was not looked up.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ResolverError {
    #[error(transparent)]
    Answer(#[from] DnsError),
    #[error("解析服务没有应答 / the resolver does not answer")]
    Silent,
    #[error("没有随机数 / no randomness")]
    Random(#[from] random::NoRandomness),
}

impl Resolver {
    /// The records of a name, or of the one that it is an alias of: a resolver that follows aliases
    /// has done so already.
    pub(crate) async fn ask(
        &self,
        name: &str,
        kind: RecordKind,
    ) -> Result<Vec<DnsRecord>, ResolverError> {
        let mut name = name.to_owned();
        for _ in 0..ALIASES_MAX {
            let records = self.ask_once(&name, kind).await?;
            let [DnsRecord::Alias(target)] = records.as_slice() else { return Ok(records) };
            name = target.clone();
        }
        Err(DnsError::Failed.into())
    }

    /// What an answer says of a name.
    async fn ask_once(
        &self,
        name: &str,
        kind: RecordKind,
    ) -> Result<Vec<DnsRecord>, ResolverError> {
        for _ in 0..TRIES {
            let id = u16::from_be_bytes(random::bytes()?);
            let question = dns::question(id, name, kind)?;
            let read = |message: &[u8]| dns::answer(message, id, name, kind);
            let asked = tokio::time::timeout(ANSWER_MAX, self.over_udp(&question, read)).await;
            match asked {
                Ok(Ok(Err(DnsError::Truncated))) => {
                    let asked = tokio::time::timeout(ANSWER_MAX, self.over_tcp(&question)).await;
                    if let Ok(Ok(message)) = asked {
                        return Ok(read(&message)?);
                    }
                }
                Ok(Ok(answer)) => return Ok(answer?),
                Ok(Err(_)) | Err(_) => {}
            }
        }
        Err(ResolverError::Silent)
    }

    /// An answer of whoever was asked, from a port that is drawn for this question.
    async fn over_udp<T>(
        &self,
        question: &[u8],
        read: impl Fn(&[u8]) -> Result<T, DnsError>,
    ) -> std::io::Result<Result<T, DnsError>> {
        let here: SocketAddr = match self.0 {
            SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
            SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        };
        let socket = UdpSocket::bind(here).await?;
        socket.connect(self.0).await?;
        socket.send(question).await?;
        let mut buffer = [0; dns::UDP_BYTES_MAX];
        for _ in 0..STRANGE_MAX {
            let length = socket.recv(&mut buffer).await?;
            match read(buffer.get(..length).unwrap_or_default()) {
                Err(DnsError::Malformed) => {}
                answer => return Ok(answer),
            }
        }
        Ok(Err(DnsError::Malformed))
    }

    async fn over_tcp(&self, question: &[u8]) -> std::io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect(self.0).await?;
        let length = u16::try_from(question.len()).map_err(std::io::Error::other)?;
        stream.write_all(&[&length.to_be_bytes(), question].concat()).await?;
        let length = usize::from(stream.read_u16().await?);
        if length > TCP_BYTES_MAX {
            return Err(std::io::ErrorKind::InvalidData.into());
        }
        let mut message = vec![0; length];
        stream.read_exact(&mut message).await?;
        Ok(message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes a question of a server; gives it as the beginning of its answer with one record.
    async fn heard(server: &UdpSocket) -> (Vec<u8>, SocketAddr) {
        let mut question = [0; 512];
        let (length, client) = server.recv_from(&mut question).await.unwrap();
        let mut answer = question[..length - 11].to_vec();
        answer[2] = 0x81;
        answer[3] = 0x80;
        answer[7] = 1;
        answer[11] = 0;
        (answer, client)
    }

    #[tokio::test]
    async fn an_alias_that_nobody_followed_is_followed() {
        let server = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let resolver = Resolver(server.local_addr().unwrap());
        let serving = async {
            let (mut answer, client) = heard(&server).await;
            answer.extend(b"\xc0\x0c\x00\x05\x00\x01\x00\x00\x00\x01\x00\x04\x02bb\x00");
            server.send_to(&answer, client).await.unwrap();
            let (mut answer, client) = heard(&server).await;
            answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 127, 0, 0, 9]);
            server.send_to(&answer, client).await.unwrap();
        };
        let (found, ()) = tokio::join!(resolver.ask("acme.test", RecordKind::A), serving);
        assert_eq!(found.unwrap(), [DnsRecord::Address("127.0.0.9".parse().unwrap())]);
    }

    /// Datagrams of others are passed by; the answer to this question counts.
    #[tokio::test]
    async fn an_answer_is_taken_from_whoever_was_asked() {
        let server = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let resolver = Resolver(server.local_addr().unwrap());
        let serving = async {
            let (mut answer, client) = heard(&server).await;
            answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 127, 0, 0, 9]);
            let mut other = answer.clone();
            other[0] ^= 1;
            server.send_to(&other, client).await.unwrap();
            server.send_to(b"noise", client).await.unwrap();
            server.send_to(&answer, client).await.unwrap();
        };
        let (found, ()) = tokio::join!(resolver.ask("acme.test", RecordKind::A), serving);
        let expected = DnsRecord::Address("127.0.0.9".parse().unwrap());
        assert_eq!(found.unwrap(), [expected]);
    }
}
