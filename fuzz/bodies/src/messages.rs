//! Stored records, batches, properties.

use protocol::message::batch::{elements, encode_element};
use protocol::message::{MessageExt, Properties, RecordParts, RecordView, encode_record};
use protocol::message::{property_of, records};

/// One or more stored records.
pub fn record(data: &[u8]) {
    let mut length = 0;
    for record in records(data).map_while(Result::ok) {
        length += record.total_size();
        one_record(&record);
    }
    assert!(length <= data.len(), "no record takes more than there is");
    if let Ok(record) = RecordView::parse(data) {
        one_record(&record);
    }
}

fn one_record(record: &RecordView<'_>) {
    assert_eq!(record.bytes().len(), record.total_size());
    assert!(record.body().len() + record.topic().len() < record.total_size());
    let _any = (record.check_crc(), record.tags_code(), record.store_host());
    let Ok(message) = MessageExt::from_record(record, false) else {
        return;
    };
    // Decompressing is bounded, and may fail.
    let _any = MessageExt::from_record(record, true);
    let _any = message.inner_messages();
    let mut bytes = Vec::new();
    if message.encode_record(&mut bytes).is_err() {
        return;
    }
    let again = RecordView::parse(&bytes).expect("a record of ours can be read");
    assert!(again.check_crc());
    let again = MessageExt::from_record(&again, false).expect("and made a message of");
    // Ours differs in size, checksum and host bits where the other writer was careless; its
    // properties are written in the one form that reads the same.
    let expected = MessageExt {
        store_size: again.store_size,
        body_crc: again.body_crc,
        sys_flag: again.sys_flag,
        born_host: again.born_host,
        store_host: again.store_host,
        ..message.clone()
    };
    assert_eq!(again, expected);
    assert_eq!(
        again.born_host.ip().to_canonical(),
        message.born_host.ip().to_canonical()
    );
    let parts = RecordParts {
        topic: record.topic(),
        body: record.body(),
        properties: record.properties(),
        queue_id: record.queue_id(),
        flag: record.flag(),
        sys_flag: record.sys_flag(),
        born_timestamp: record.born_timestamp(),
        born_host: record.born_host(),
        store_host: record.store_host(),
        reconsume_times: record.reconsume_times(),
        prepared_transaction_offset: record.prepared_transaction_offset(),
    };
    bytes.clear();
    if encode_record(&parts, &mut bytes).is_ok() {
        let again = RecordView::parse(&bytes).expect("a record of ours can be read");
        assert_eq!(
            (again.topic(), again.body(), again.properties()),
            (record.topic(), record.body(), record.properties())
        );
    }
}

/// The body of a batch request.
pub fn batch(data: &[u8]) {
    let mut bytes = Vec::new();
    let read: Vec<_> = elements(data).map_while(Result::ok).collect();
    for element in &read {
        encode_element(element.flag, element.body, element.properties, &mut bytes)
            .expect("what was read is within the limits");
    }
    assert!(
        bytes.len() <= data.len(),
        "no element takes more than there is"
    );
    let again: Vec<_> = elements(&bytes).map_while(Result::ok).collect();
    assert_eq!(again, read, "what is written reads the same");
}

/// A properties text: both ways to read it agree, and it is written so that it reads the same.
pub fn properties(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let properties = Properties::parse(text);
    for (name, value) in properties.iter() {
        assert_eq!(properties.get(name), Some(value));
        assert_eq!(property_of(text, name), Some(value), "{name}");
    }
    let written = properties.to_wire_string();
    assert_eq!(written.len(), properties.wire_length());
    assert_eq!(Properties::parse(&written), properties);
}
