//! Frames byte by byte, as clients in other languages send and read them.

use super::*;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

struct Raw(TcpStream);

impl Raw {
    async fn of(namesrv: &Namesrv) -> Self {
        Self(TcpStream::connect(namesrv.local_addr()).await.unwrap())
    }

    async fn send(&mut self, header: &str, body: &[u8]) {
        let header_length = u32::try_from(header.len()).unwrap();
        let length = 4 + header_length + u32::try_from(body.len()).unwrap();
        let mut frame = Vec::new();
        frame.extend_from_slice(&length.to_be_bytes());
        frame.extend_from_slice(&header_length.to_be_bytes());
        frame.extend_from_slice(header.as_bytes());
        frame.extend_from_slice(body);
        self.0.write_all(&frame).await.unwrap();
    }

    /// The serialisation, the header and the body of one frame.
    async fn receive(&mut self) -> (u8, Vec<u8>, Vec<u8>) {
        let receiving = async {
            let length = self.0.read_u32().await.unwrap();
            let word = self.0.read_u32().await.unwrap();
            let (kind, header_length) = (word.to_be_bytes()[0], word & 0x00FF_FFFF);
            let mut header = vec![0; usize::try_from(header_length).unwrap()];
            self.0.read_exact(&mut header).await.unwrap();
            let mut body = vec![0; usize::try_from(length - 4 - header_length).unwrap()];
            self.0.read_exact(&mut body).await.unwrap();
            (kind, header, body)
        };
        tokio::time::timeout(SOON, receiving).await.unwrap()
    }
}

#[tokio::test]
async fn an_old_client_registers_and_asks_with_hand_made_json() {
    let namesrv = start().await;
    let mut raw = Raw::of(&namesrv).await;
    // Numbers instead of text, no serializeTypeCurrentRPC, a line feed at the end: old C++.
    raw.send(
        "{\"code\":103,\"language\":\"CPP\",\"version\":64,\"opaque\":7,\"flag\":0,\"extFields\":{\
         \"brokerId\":0,\"brokerName\":\"b\",\"brokerAddr\":\"h:1\",\"clusterName\":\"c\",\
         \"haServerAddr\":\"h:2\",\"compressed\":\"0\"}}\n",
        b"{'topicConfigSerializeWrapper':{topicConfigTable:{'T':{'topicName':'T','perm':6,\
          'readQueueNums':4,'writeQueueNums':4},'U':{'topicName':'U'}}}}\n",
    )
    .await;
    let (kind, header, body) = raw.receive().await;
    assert_eq!(kind, 0);
    let header = String::from_utf8(header).unwrap();
    assert!(header.contains(r#""code":0"#), "{header}");
    assert!(header.contains(r#""opaque":7"#), "{header}");
    assert!(header.contains(r#""flag":1"#), "{header}");
    assert!(body.is_empty());

    raw.send(
        r#"{"code":105,"language":"CPP","version":64,"opaque":8,"flag":0,"extFields":{"topic":"T"}}"#,
        b"",
    )
    .await;
    let (_, _, body) = raw.receive().await;
    assert_eq!(
        String::from_utf8(body).unwrap(),
        r#"{"brokerDatas":[{"brokerAddrs":{0:"h:1"},"brokerName":"b","cluster":"c","enableActingMaster":false}],"filterServerTable":{},"queueDatas":[{"brokerName":"b","perm":6,"readQueueNums":4,"topicSysFlag":0,"writeQueueNums":4}]}"#
    );
}

#[tokio::test]
async fn a_one_way_request_is_obeyed_and_not_answered() {
    let namesrv = start().await;
    let mut raw = Raw::of(&namesrv).await;
    raw.send(
        r#"{"code":100,"language":"GO","version":317,"opaque":1,"flag":2,"extFields":{"namespace":"n","key":"k","value":"v"}}"#,
        b"",
    )
    .await;
    raw.send(
        r#"{"code":101,"language":"GO","version":317,"opaque":2,"flag":0,"extFields":{"namespace":"n","key":"k"}}"#,
        b"",
    )
    .await;
    let (_, header, _) = raw.receive().await;
    let header = String::from_utf8(header).unwrap();
    assert!(header.contains(r#""opaque":2"#), "{header}");
    assert!(header.contains(r#""value":"v""#), "{header}");
}

#[tokio::test]
async fn a_binary_question_gets_a_binary_answer() {
    let namesrv = start().await;
    let mut raw = Raw::of(&namesrv).await;
    // code 105, language OTHER, version 401, opaque 5, flag 0, no remark, one field.
    let mut header = vec![0, 105, 7, 1, 0x91, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0];
    let fields = [&[0, 5][..], b"topic", &[0, 0, 0, 1], b"T"].concat();
    header.extend_from_slice(&u32::try_from(fields.len()).unwrap().to_be_bytes());
    header.extend_from_slice(&fields);
    let header_length = u32::try_from(header.len()).unwrap();
    let mut frame = (header_length + 4).to_be_bytes().to_vec();
    frame.extend_from_slice(&(0x0100_0000 | header_length).to_be_bytes());
    frame.extend_from_slice(&header);
    // In two parts, as a slow network would deliver it.
    raw.0.write_all(&frame[..9]).await.unwrap();
    raw.0.flush().await.unwrap();
    raw.0.write_all(&frame[9..]).await.unwrap();
    let (kind, header, _) = raw.receive().await;
    assert_eq!(kind, 1);
    assert_eq!(header[..2], [0, 17], "TOPIC_NOT_EXIST");
    assert_eq!(header[5..9], [0, 0, 0, 5], "the opaque of the question");
}

#[tokio::test]
async fn broken_frames_end_their_connection_and_no_others() {
    let namesrv = start().await;
    let healthy = Peer::of(&namesrv);
    healthy.route("T").await;
    for garbage in [
        &b"\xff\xff\xff\xff"[..],
        b"\x00\x00\x00\x04\x00\x00\x00\x09",
        b"GET / HTTP/1.1\r\n\r\n",
    ] {
        let mut raw = Raw::of(&namesrv).await;
        raw.0.write_all(garbage).await.unwrap();
        let mut rest = Vec::new();
        // Closed or reset, in time and without a word.
        let read = tokio::time::timeout(SOON, raw.0.read_to_end(&mut rest)).await;
        drop(read.expect("closed in time"));
        assert!(rest.is_empty());
    }
    healthy.route("T").await;
}
