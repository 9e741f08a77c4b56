'use strict';
// Drives the ali-ons client for Gantry's tests: requests are JSON lines on standard input, answers
// ({"id":..,"ok":..} or {"id":..,"error":..}) and events ({"event":..}) are JSON lines on standard
// output. One process is one RocketMQ client id, so a test starts a process for each client. It ends
// when its standard input ends.

const crypto = require('crypto');
const readline = require('readline');
const { Consumer, Message, Producer } = require('ali-ons');

// The client wants something to look up name servers with, and does not use it when it is told one.
const common = {
  nameSrv: process.argv[2],
  httpclient: {},
  logger: { info() {}, debug() {}, warn() {}, error() {} },
};
const clients = new Map();

function say(line) {
  process.stdout.write(JSON.stringify(line) + '\n');
}

function describe(body) {
  const md5 = crypto.createHash('md5').update(body).digest('hex');
  return body.length > 4096 ? { size: body.length, md5 } : { size: body.length, md5, body: body.toString() };
}

const operations = {
  async producer({ name, group }) {
    const producer = new Producer({ ...common, producerGroup: group });
    producer.on('error', error => say({ event: 'error', client: name, message: error.message }));
    await producer.ready();
    clients.set(name, producer);
  },

  async send({ name, topic, tag, keys, body, bodySize, delayLevel }) {
    // Random, or the client would compress a large body to next to nothing.
    const content = bodySize === undefined ? Buffer.from(body) : crypto.randomBytes(bodySize);
    const message = new Message(topic, tag, content);
    if (keys) message.keys = keys;
    if (delayLevel) message.delayTimeLevel = delayLevel;
    const at = Date.now();
    const sent = await clients.get(name).send(message);
    const queue = sent.messageQueue;
    return {
      status: sent.sendStatus,
      msgId: sent.msgId,
      offset: Number(sent.queueOffset),
      broker: queue && queue.brokerName,
      queue: Number(queue && queue.queueId),
      md5: describe(content).md5,
      at,
    };
  },

  // A message whose tag is "flaky" fails until it has come back `failTimes` times.
  async consumer({ name, group, topic, tags, broadcast, fromFirst, failTimes }) {
    const options = { ...common, consumerGroup: group, isBroadcast: !!broadcast };
    if (fromFirst) options.consumeFromWhere = 'CONSUME_FROM_FIRST_OFFSET';
    const consumer = new Consumer(options);
    consumer.on('error', error => say({ event: 'error', client: name, message: error.message }));
    clients.set(name, consumer);
    consumer.subscribe(topic, tags || '*', async message => {
      const { msgId, queueId, queueOffset, reconsumeTimes, properties } = message;
      say({
        event: 'message',
        client: name,
        msgId,
        topic: message.topic,
        tags: message.tags,
        keys: message.keys,
        queue: queueId,
        offset: Number(queueOffset),
        reconsumeTimes,
        properties,
        at: Date.now(),
        ...describe(message.body),
      });
      // An exception, because for a retry the client drops what its handler returns.
      if (message.tags === 'flaky' && reconsumeTimes < failTimes) throw new Error('flaky');
    });
    await consumer.ready();
  },

  async queues({ name }) {
    return [ ...clients.get(name).processQueueTable.values() ]
      .map(({ messageQueue }) => messageQueue)
      .map(({ topic, brokerName, queueId }) => ({ topic, broker: brokerName, queue: queueId }));
  },

  // The local ports of the client's connections by the server's address.
  async connections({ name }) {
    const channels = [ ...clients.get(name)._mqClient._channels ];
    return Object.fromEntries(channels.map(([ server, { _socket } ]) => [ server, _socket.localPort ]));
  },

  async close({ name }) {
    await clients.get(name).close();
    clients.delete(name);
  },
};

async function handle(line) {
  const request = JSON.parse(line);
  try {
    const result = await operations[request.op](request);
    say({ id: request.id, ok: result === undefined ? null : result });
  } catch (error) {
    say({ id: request.id, error: error.message, code: error.code });
  }
}

process.on('unhandledRejection', error => say({ event: 'error', message: String(error && error.message) }));
const input = readline.createInterface({ input: process.stdin });
input.on('line', handle);
input.on('close', () => process.exit(0));
