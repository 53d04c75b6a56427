//! One GET over a fresh connection, with a Host header of the caller's choice.

use std::io;
use std::net::SocketAddr;

use http_body_util::{BodyExt, Empty, Limited};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::failure::{Failure, Outcome};

const BODY_BYTES: usize = 256 << 20;

/// What the gateway answered.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) content_type: String,
    pub(super) body: Vec<u8>,
}

impl Reply {
    /// The code of COS's error document, where the body is one.
    pub(super) fn code(&self) -> Option<&str> {
        let xml = std::str::from_utf8(&self.body).ok().filter(|_| self.content_type == "application/xml")?;
        let (_, rest) = xml.split_once("<Error>")?.1.split_once("<Code>")?;
        rest.split_once("</Code>").map(|(code, _)| code)
    }
}

pub(super) async fn get(address: SocketAddr, host: &str, target: &str) -> Outcome<Reply> {
    exchange(address, host, target).await.map_err(|e| Failure::io(format_args!("GET {address}"), &e))
}

async fn exchange(address: SocketAddr, host: &str, target: &str) -> io::Result<Reply> {
    let request = Request::get(target).header(HOST, host).body(Empty::<Bytes>::new()).map_err(io::Error::other)?;
    let stream = TokioIo::new(TcpStream::connect(address).await?);
    let (mut sender, connection) = http1::handshake(stream).await.map_err(io::Error::other)?;
    // Ends when the sender is dropped.
    tokio::spawn(connection);
    let response = sender.send_request(request).await.map_err(io::Error::other)?;
    let content_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let content_type = content_type.unwrap_or_default().to_owned();
    let status = response.status().as_u16();
    let body = Limited::new(response.into_body(), BODY_BYTES).collect().await.map_err(io::Error::other)?;
    Ok(Reply { status, content_type, body: body.to_bytes().into() })
}
