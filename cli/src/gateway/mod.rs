//! A server that answers signed links over folders as COS answers them over buckets.
//!
//! `route` decides what a request may have, `bucket` reads it, `respond` puts answers and refusals in COS's form; this
//! file listens. Everything that a stranger can make the gateway hold is bounded: connections, header bytes, the time
//! to send a header, to take the next byte of an answer and to process a picture, and the pictures processed at once.

mod bucket;
mod respond;
mod route;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::num::NonZero;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use cosimg::sign::Echo;
use cosimg::{Credential, Limits, Verifier};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_io_timeout::TimeoutStream;

pub(crate) use bucket::Bucket;

use crate::output;

/// Connections held at once; more wait in the system's queue.
const CONNECTIONS: usize = 64;
/// Bytes of a request line and its headers. COS allows keys of 850 bytes and rules of a few kilobytes.
const HEADER_BYTES: usize = 32 << 10;
/// Time to send them, and to stay idle between two requests.
const HEADER_TIME: Duration = Duration::from_secs(10);
/// Time without taking a byte of an answer.
const WRITE_TIME: Duration = Duration::from_secs(30);
/// Time for answers under way when the gateway stops.
const STOP_TIME: Duration = Duration::from_secs(10);

/// What a gateway serves and to whom.
pub(crate) struct Config {
    pub(crate) buckets: Vec<Bucket>,
    pub(crate) credentials: Vec<Credential>,
    /// Limits of processing.
    pub(crate) limits: Limits,
    /// A line on standard error for each request.
    pub(crate) log: bool,
}

/// A gateway that listens and does not answer yet.
pub(crate) struct Gateway {
    listener: TcpListener,
    address: SocketAddr,
    shared: Arc<Shared>,
}

/// What the requests of a gateway share.
struct Shared {
    buckets: Vec<Arc<Bucket>>,
    verifier: Verifier,
    limits: Limits,
    log: bool,
    /// One permit for each picture that may be processed at once.
    workers: Arc<Semaphore>,
    requests: AtomicU64,
}

impl Gateway {
    pub(crate) async fn bind(listen: SocketAddr, config: Config) -> io::Result<Self> {
        let listener = TcpListener::bind(listen).await?;
        let address = listener.local_addr()?;
        // As COS does, a refusal shows what was compared, so that a signer can be debugged; tokens in it are redacted.
        let verifier = Verifier::new().strict(true).echo(Echo::Redacted);
        let verifier = config.credentials.into_iter().fold(verifier, Verifier::credential);
        let shared = Shared {
            buckets: config.buckets.into_iter().map(Arc::new).collect(),
            verifier,
            limits: config.limits,
            log: config.log,
            workers: Arc::new(Semaphore::new(available_parallelism().map_or(1, NonZero::get))),
            requests: AtomicU64::new(0),
        };
        Ok(Self { listener, address, shared: Arc::new(shared) })
    }

    /// Where it listens; with port 0 asked for, the port that it got.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until `stop` is ready, then lets the answers under way finish.
    pub(crate) async fn run(self, stop: impl Future<Output = ()>) {
        let graceful = GracefulShutdown::new();
        let connections = Arc::new(Semaphore::new(CONNECTIONS));
        let mut stop = pin!(stop);
        loop {
            let next = async {
                let permit = Arc::clone(&connections).acquire_owned().await;
                (permit, self.listener.accept().await)
            };
            let (permit, accepted) = tokio::select! {
                () = &mut stop => break,
                next = next => next,
            };
            match accepted {
                Ok((stream, _)) => {
                    let connection = serve(stream, Arc::clone(&self.shared));
                    let connection = graceful.watch(connection);
                    tokio::spawn(async move {
                        // An error is a client that went away or was too slow: the connection is closed.
                        let _ = connection.await;
                        drop(permit);
                    });
                }
                Err(error) => {
                    output::note(format_args!("accept: {error}"));
                    sleep(Duration::from_millis(100)).await;
                }
            }
        }
        drop(self.listener);
        if timeout(STOP_TIME, graceful.shutdown()).await.is_err() {
            output::note("some answers were cut off");
        }
    }
}

fn serve(
    stream: TcpStream,
    shared: Arc<Shared>,
) -> impl hyper_util::server::graceful::GracefulConnection<Error = hyper::Error> + Send {
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(WRITE_TIME));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEADER_TIME).max_header_size(HEADER_BYTES);
    http.serve_connection(
        TokioIo::new(Box::pin(stream)),
        service_fn(move |request| {
            let shared = Arc::clone(&shared);
            async move {
                let started = Instant::now();
                let id = respond::Id::new(shared.requests.fetch_add(1, Ordering::Relaxed));
                let (head, _) = request.into_parts();
                let mut log = route::Log::default();
                let answer = route::answer(&shared, &head, &mut log).await;
                if shared.log {
                    log.print(&head, &answer, started.elapsed());
                }
                Ok::<_, Infallible>(respond::response(&head, answer, &id))
            }
        }),
    )
}
