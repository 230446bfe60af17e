//! A name server that says what a test tells it to, over UDP and TCP.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hickory_resolver::proto::op::{Message, OpCode, ResponseCode};
use hickory_resolver::proto::rr::rdata::{CNAME, SOA, TXT};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UdpSocket};

/// A question, with the name fully qualified and lower-case.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Question {
    Text(String),
    V4(String),
    V6(String),
    Alias(String),
}

/// What the name server answers.
#[derive(Clone)]
pub(super) enum Says {
    /// TXT records, each with its strings, and their TTL in seconds.
    Texts(Vec<Vec<String>>, u32),
    /// Addresses that must not be remembered.
    Addresses(Vec<IpAddr>),
    Alias(String),
    /// The name is there, and nothing of the kind.
    Nothing,
    NoSuchName,
    Code(ResponseCode),
    /// Not a word.
    Silence,
    /// What was asked for, and then bytes that are no answer.
    Garbage,
    /// The same, so much later.
    Late(Duration, Box<Says>),
}

impl Says {
    pub(super) fn texts(texts: &[&str]) -> Says {
        Says::Texts(
            texts.iter().map(|text| vec![(*text).to_owned()]).collect(),
            600,
        )
    }

    pub(super) fn addresses(addresses: &[&str]) -> Says {
        Says::Addresses(addresses.iter().map(|text| text.parse().unwrap()).collect())
    }
}

type Zone = Arc<dyn Fn(&Question) -> Says + Send + Sync>;

pub(super) struct NameServer {
    pub(super) address: SocketAddr,
    asked: Arc<Mutex<Vec<Question>>>,
    over_tcp: Arc<AtomicUsize>,
}

impl NameServer {
    pub(super) async fn start(
        zone: impl Fn(&Question) -> Says + Send + Sync + 'static,
    ) -> NameServer {
        let (udp, tcp) = bind().await;
        let server = NameServer {
            address: udp.local_addr().unwrap(),
            asked: Arc::default(),
            over_tcp: Arc::default(),
        };
        let zone: Zone = Arc::new(zone);
        tokio::spawn(serve_udp(udp, zone.clone(), server.asked.clone()));
        tokio::spawn(serve_tcp(
            tcp,
            zone,
            server.asked.clone(),
            server.over_tcp.clone(),
        ));
        server
    }

    /// How often it was asked this.
    pub(super) fn asked(&self, question: &Question) -> usize {
        self.asked
            .lock()
            .unwrap()
            .iter()
            .filter(|asked| *asked == question)
            .count()
    }

    /// Every question so far.
    pub(super) fn questions(&self) -> Vec<Question> {
        self.asked.lock().unwrap().clone()
    }

    /// How many questions came over TCP.
    pub(super) fn over_tcp(&self) -> usize {
        self.over_tcp.load(Ordering::SeqCst)
    }
}

/// Both on one port: a port that is free for one may be taken for the other.
async fn bind() -> (UdpSocket, TcpListener) {
    loop {
        let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
        if let Ok(udp) = UdpSocket::bind(tcp.local_addr().unwrap()).await {
            return (udp, tcp);
        }
    }
}

async fn serve_udp(socket: UdpSocket, zone: Zone, asked: Arc<Mutex<Vec<Question>>>) {
    let socket = Arc::new(socket);
    let mut packet = [0; 4096];
    while let Ok((len, from)) = socket.recv_from(&mut packet).await {
        let (socket, zone, asked) = (socket.clone(), zone.clone(), asked.clone());
        let packet = packet[..len].to_vec();
        tokio::spawn(async move {
            let answer = answer(&packet, &zone, &asked).await?;
            socket.send_to(&fitting(answer), from).await.ok()
        });
    }
}

/// What does not fit into a packet is left out, and the header says so.
fn fitting(answer: Vec<u8>) -> Vec<u8> {
    if answer.len() <= 1232 {
        return answer;
    }
    let mut short = Message::from_vec(&answer).unwrap();
    short.metadata.truncation = true;
    short.answers.clear();
    short.to_vec().unwrap()
}

async fn serve_tcp(
    listener: TcpListener,
    zone: Zone,
    asked: Arc<Mutex<Vec<Question>>>,
    count: Arc<AtomicUsize>,
) {
    while let Ok((stream, _)) = listener.accept().await {
        count.fetch_add(1, Ordering::SeqCst);
        tokio::spawn(serve_stream(stream, zone.clone(), asked.clone()));
    }
}

async fn serve_stream(mut stream: TcpStream, zone: Zone, asked: Arc<Mutex<Vec<Question>>>) {
    while let Ok(len) = stream.read_u16().await {
        let mut packet = vec![0; len.into()];
        if stream.read_exact(&mut packet).await.is_err() {
            return;
        }
        let Some(answer) = answer(&packet, &zone, &asked).await else {
            continue;
        };
        let Ok(len) = u16::try_from(answer.len()) else {
            return;
        };
        let sent = [len.to_be_bytes().as_slice(), &answer].concat();
        if stream.write_all(&sent).await.is_err() {
            return;
        }
    }
}

async fn answer(packet: &[u8], zone: &Zone, asked: &Mutex<Vec<Question>>) -> Option<Vec<u8>> {
    let query = Message::from_vec(packet).ok()?;
    let name = query.queries.first()?.name().clone();
    let text = name.to_ascii().to_ascii_lowercase();
    let question = match query.queries[0].query_type() {
        RecordType::TXT => Question::Text(text),
        RecordType::A => Question::V4(text),
        RecordType::AAAA => Question::V6(text),
        RecordType::CNAME => Question::Alias(text),
        other => panic!("nobody asks for {other}"),
    };
    asked.lock().unwrap().push(question.clone());
    let mut answer = Message::response(query.metadata.id, OpCode::Query);
    answer.add_query(query.queries[0].clone());
    answer.metadata.recursion_desired = true;
    answer.metadata.recursion_available = true;
    let record = |ttl, data| Record::from_rdata(name.clone(), ttl, data);
    let mut says = zone(&question);
    if let Says::Late(wait, later) = says {
        tokio::time::sleep(wait).await;
        says = *later;
    }
    match says {
        Says::Texts(texts, ttl) => {
            let texts = texts
                .into_iter()
                .map(|strings| record(ttl, RData::TXT(TXT::new(strings))));
            answer.add_answers(texts);
        }
        Says::Addresses(ips) => {
            let is_asked = |ip: &IpAddr| ip.is_ipv4() == matches!(question, Question::V4(_));
            answer.add_answers(
                ips.into_iter()
                    .filter(is_asked)
                    .map(|ip| record(0, RData::from(ip))),
            );
        }
        Says::Alias(target) => {
            let target = Name::from_ascii(target).unwrap();
            answer.add_answer(record(60, RData::CNAME(CNAME(target))));
        }
        Says::Nothing => nothing(&mut answer, ResponseCode::NoError),
        Says::NoSuchName => nothing(&mut answer, ResponseCode::NXDomain),
        Says::Code(code) => answer.metadata.response_code = code,
        Says::Silence | Says::Late(..) => return None,
        Says::Garbage => {
            let mut bytes = answer.to_vec().unwrap();
            bytes[7] = 9;
            bytes.extend([0xc0; 40]);
            return Some(bytes);
        }
    }
    Some(answer.to_vec().unwrap())
}

/// With the authority that says how long this counts: 40 min.
fn nothing(answer: &mut Message, code: ResponseCode) {
    answer.metadata.response_code = code;
    let zone = Name::from_ascii("example.").unwrap();
    let soa = SOA::new(zone.clone(), zone.clone(), 1, 60, 60, 60, 2400);
    answer.add_authority(Record::from_rdata(zone, 3600, RData::SOA(soa)));
}
