'use strict';

const assert = require('node:assert/strict');

const { ConnectionString, Message, errors } = require('azure-iot-common');
const { Client } = require('azure-iot-device');
const { Mqtt, MqttWs } = require('azure-iot-device-mqtt');

const { event, until, within } = require('../lib/wait');

const scenarios = {};

scenarios['sends telemetry'] = async ({ service, transport }) => {
  const device = await service.device();
  const events = await service.events(device);
  const client = Client.fromConnectionString(device.connectionString, transport);
  await client.open();

  const message = new Message(JSON.stringify({ temperature: 21.5, city: 'Łódź' }));
  message.messageId = 'message-1:a';
  message.correlationId = 'correlation+1';
  message.userId = 'somebody';
  message.contentType = 'application/json';
  message.contentEncoding = 'utf-8';
  message.properties.add('level', 'a b/ć&c=d+e%');
  message.properties.add('name with space?', 'x');
  message.properties.add('empty', '');
  assert.equal((await client.sendEvent(message)).constructor.name, 'MessageEnqueued');

  const first = await events.next();
  assert.equal(first.deviceId, device.deviceId);
  assert.deepEqual(JSON.parse(Buffer.from(first.body, 'base64')), { temperature: 21.5, city: 'Łódź' });
  assert.deepEqual(first.properties, { level: 'a b/ć&c=d+e%', 'name with space?': 'x', empty: '' });
  assert.equal(first.systemProperties['message-id'], 'message-1:a');
  assert.equal(first.systemProperties['correlation-id'], 'correlation+1');
  assert.equal(first.systemProperties['content-type'], 'application/json');
  assert.equal(first.systemProperties['content-encoding'], 'utf-8');
  assert.equal(first.systemProperties['iothub-connection-device-id'], device.deviceId);
  assert.deepEqual(JSON.parse(first.systemProperties['iothub-connection-auth-method']).scope, 'device');

  // Without anything but bytes that are no text, and of the largest size there is.
  const bytes = Buffer.from([0, 0xff, 0xfe, 0x80, 13, 10]);
  await client.sendEvent(new Message(bytes));
  await client.sendEvent(new Message(Buffer.alloc(256 * 1024, 7)));
  const second = await events.next();
  assert.deepEqual(Buffer.from(second.body, 'base64'), bytes);
  assert.deepEqual(second.properties, {});
  const third = await events.next();
  assert.equal(Buffer.from(third.body, 'base64').length, 256 * 1024);
  assert.ok(second.sequenceNumber > first.sequenceNumber && third.sequenceNumber > second.sequenceNumber);

  await client.close();
  await events.close();
};

scenarios['sends many messages at once, in order'] = async ({ service, transport }) => {
  const device = await service.device();
  const events = await service.events(device);
  const client = Client.fromConnectionString(device.connectionString, transport);
  await client.open();
  const count = 200;
  await Promise.all(Array.from({ length: count }, (_, i) => client.sendEvent(new Message(String(i)))));
  for (let i = 0; i < count; i++) {
    assert.equal(Buffer.from((await events.next()).body, 'base64').toString(), String(i));
  }
  await client.close();
  await events.close();
};

scenarios['receives cloud-to-device messages'] = async ({ service, transport }) => {
  const device = await service.device();
  const waiting = async () => (await service.registry.getTwin(device.deviceId)).responseBody.cloudToDeviceMessageCount;
  const client = Client.fromConnectionString(device.connectionString, transport);
  await client.open();
  const first = event(client, 'message');
  await service.sendToDevice(device.deviceId, 'turn left', {
    'iothub-messageid': 'c2d-1',
    'iothub-correlationid': 'answer to 7',
    'iothub-ack': 'full',
    'Content-Type': 'text/plain',
    'Content-Encoding': 'utf-8',
    'iothub-properties': 'Mixed%20Case=a%20b%2Fc&empty=',
  });
  const [message] = await first;
  assert.equal(message.getData().toString(), 'turn left');
  assert.equal(message.messageId, 'c2d-1');
  assert.equal(message.correlationId, 'answer to 7');
  assert.equal(message.contentType, 'text/plain');
  assert.equal(message.contentEncoding, 'utf-8');
  assert.equal(message.to, `/devices/${device.deviceId}/messages/deviceBound`);
  const properties = Object.fromEntries(message.properties.propertyList.map(({ key, value }) => [key, value]));
  assert.equal(properties['Mixed Case'], 'a b/c');
  assert.equal(properties.empty, '');
  assert.equal((await client.complete(message)).constructor.name, 'MessageCompleted');
  await until(async () => await waiting() === 0, 'an empty queue');

  // While the device is away, messages wait: the hub keeps the subscription.
  await client.close();
  for (const text of ['one', 'two', 'three']) await service.sendToDevice(device.deviceId, text);
  assert.equal(await waiting(), 3);
  const again = Client.fromConnectionString(device.connectionString, transport);
  const texts = [];
  const all = new Promise((resolve) => again.on('message', (m) => {
    texts.push(m.getData().toString());
    again.complete(m, assert.ifError);
    if (texts.length === 3) resolve();
  }));
  await again.open();
  await within(all, 'three messages');
  assert.deepEqual(texts, ['one', 'two', 'three']);
  await until(async () => await waiting() === 0, 'an empty queue');
  await again.close();
};

scenarios['reads and reports its twin'] = async ({ service, transport }) => {
  const device = await service.device();
  const { registry } = service;
  const { responseBody: before } = await registry.getTwin(device.deviceId);
  await registry.updateTwin(device.deviceId, { tags: { floor: 2 }, properties: { desired: { interval: 10, fan: { on: true, level: 3 } } } }, before.etag);

  const client = Client.fromConnectionString(device.connectionString, transport);
  await client.open();
  const twin = await client.getTwin();
  assert.equal(twin.properties.desired.interval, 10);
  assert.deepEqual(twin.properties.desired.fan, { on: true, level: 3 });
  assert.equal(twin.properties.desired.$version, 2);
  assert.equal(twin.tags, undefined, 'tags are for services');

  const report = (patch) => new Promise((resolve, reject) => {
    twin.properties.reported.update(patch, (err) => (err ? reject(err) : resolve()));
  });
  await report({ firmware: { version: '1.2', build: 7 }, old: 'value', list: [1, 'two'] });
  await report({ old: null, firmware: { build: null } });
  const { reported } = (await registry.getTwin(device.deviceId)).responseBody.properties;
  assert.deepEqual(reported.firmware, { version: '1.2' });
  assert.deepEqual(reported.list, [1, 'two']);
  assert.equal('old' in reported, false);
  assert.equal(reported.$version, 3);

  // Too large: the SDK tells an error by the body's errorCode alone.
  await assert.rejects(within(report({ ok: 1, ...Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`p${i}`, 'x'.repeat(4000)])) }), 'an answer'));
  assert.equal('ok' in (await registry.getTwin(device.deviceId)).responseBody.properties.reported, false);

  // The SDK subscribes when somebody listens, and gives the whole document first.
  const patches = [];
  let fan;
  twin.on('properties.desired.fan', (value) => { fan = value; });
  twin.on('properties.desired', (patch) => patches.push(patch));
  await until(() => patches.length === 1, 'the document for the new listener');
  // It does not say when it has subscribed.
  await until(async () => {
    await registry.updateTwin(device.deviceId, { properties: { desired: { interval: 20, fan: { level: null } } } }, '*');
    return patches.length > 1;
  }, 'a desired change');
  const [, patch] = patches;
  assert.equal(patch.interval, 20);
  assert.deepEqual(patch.fan, { level: null });
  assert.ok(patch.$version > 2);
  assert.deepEqual(twin.properties.desired.fan, { on: true });
  assert.ok(fan);
  await client.close();
};

scenarios['answers direct methods'] = async ({ service, transport }) => {
  const device = await service.device();
  const client = Client.fromConnectionString(device.connectionString, transport);
  await client.open();
  const requests = [];
  client.onDeviceMethod('reboot', (request, response) => {
    requests.push(request);
    response.send(200, { in: request.payload && request.payload.delay, text: 'zażółć' }, assert.ifError);
  });
  client.onDeviceMethod('fail', (request, response) => response.send(503, 'not now', assert.ifError));
  client.onDeviceMethod('quiet', (request, response) => response.send(204, assert.ifError));
  const invoke = async (methodName, payload) => {
    const { result } = await service.client.invokeDeviceMethod(device.deviceId, { methodName, payload, responseTimeoutInSeconds: 10, connectTimeoutInSeconds: 10 });
    return result;
  };
  assert.deepEqual(await invoke('reboot', { delay: 5 }), { status: 200, payload: { in: 5, text: 'zażółć' } });
  assert.equal(requests[0].methodName, 'reboot');
  assert.deepEqual(requests[0].payload, { delay: 5 });
  assert.deepEqual(await invoke('reboot'), { status: 200, payload: { in: null, text: 'zażółć' } }, 'without a payload');
  assert.equal(requests[1].payload, null);
  assert.deepEqual(await invoke('fail', [1, 2]), { status: 503, payload: 'not now' });
  assert.equal((await invoke('quiet')).status, 204);
  const many = await Promise.all(Array.from({ length: 20 }, (_, i) => invoke('reboot', { delay: i })));
  assert.deepEqual(many.map((r) => r.payload.in), Array.from({ length: 20 }, (_, i) => i));
  await client.close();
};

scenarios['renews its token'] = async ({ service, transport }) => {
  const device = await service.device();
  const operations = await service.operations(device.deviceId);
  const events = await service.events(device);
  const client = Client.fromConnectionString(device.connectionString, transport);
  await client.setOptions({ tokenRenewal: { tokenValidTimeInSeconds: 6, tokenRenewalMarginInSeconds: 4 } }); // after 2 s
  const lost = [];
  client.on('disconnect', (reason) => lost.push(reason));
  const messages = [];
  client.on('message', (m) => messages.push(m.getData().toString()));
  await client.open();
  const connected = (o) => o.category === 'Connections' && o.operationName === 'deviceConnect' && o.level === 'Information';
  for (let i = 0; i < 3; i++) await operations.next(connected, `connection ${i + 1}`);

  // The first token has nothing to say any more, and the SDK has subscribed to nothing since then.
  await service.sendToDevice(device.deviceId, 'still there?');
  await until(() => messages.length > 0, 'a message after the renewal');
  await client.sendEvent(new Message('yes'));
  assert.equal(Buffer.from((await events.next()).body, 'base64').toString(), 'yes');
  assert.deepEqual(lost, []);
  await client.close();
  await operations.close();
  await events.close();
};

scenarios['is given a new token'] = async ({ service, transport }) => {
  const device = await service.device();
  const operations = await service.operations(device.deviceId);
  const client = Client.fromSharedAccessSignature(service.token(device, 60), transport);
  const messages = [];
  client.on('message', (m) => messages.push(m.getData().toString()));
  await client.open();
  const connected = (o) => o.category === 'Connections' && o.operationName === 'deviceConnect' && o.level === 'Information';
  await operations.next(connected, 'the first connection');
  client.updateSharedAccessSignature(service.token(device, 120));
  await operations.next(connected, 'the connection with the new token');
  await service.sendToDevice(device.deviceId, 'hello again');
  await until(() => messages.length > 0, 'a message after the renewal');
  await client.sendEvent(new Message('here'));
  await client.close();
  await operations.close();
};

scenarios['comes back when the link breaks'] = async ({ service, transport }) => {
  const device = await service.device();
  const events = await service.events(device);
  const client = Client.fromConnectionString(device.connectionString, transport);
  const messages = [];
  client.on('message', (m) => messages.push(m.getData().toString()));
  client.onDeviceMethod('ping', (request, response) => response.send(200, 'pong', assert.ifError));
  await client.open();
  const twin = await client.getTwin();
  const levels = [];
  twin.on('properties.desired', (patch) => levels.push(patch.level));
  const invoke = () => service.client.invokeDeviceMethod(device.deviceId, { methodName: 'ping', connectTimeoutInSeconds: 20 });
  assert.equal((await invoke()).result.payload, 'pong');
  await until(() => levels.length === 1, 'the document for the new listener');
  await until(async () => {
    await service.registry.updateTwin(device.deviceId, { properties: { desired: { level: 0 } } }, '*');
    return levels.includes(0);
  }, 'a desired change');

  for (let round = 1; round <= 3; round++) {
    const back = event(client, 'connect', 'the connection after the break');
    await service.cut(device);
    await back;
    assert.equal((await invoke()).result.payload, 'pong');
    await service.sendToDevice(device.deviceId, `message ${round}`);
    await until(() => messages.includes(`message ${round}`), 'a message after the break');
    await service.registry.updateTwin(device.deviceId, { properties: { desired: { level: round } } }, '*');
    await until(() => levels.includes(round), 'a desired change after the break');
    await client.sendEvent(new Message(`event ${round}`));
    assert.equal(Buffer.from((await events.next()).body, 'base64').toString(), `event ${round}`);
  }
  await client.close();
  await events.close();
};

scenarios['gives way to a second connection with its identity'] = async ({ service, transport }) => {
  const device = await service.device();
  const operations = await service.operations(device.deviceId);
  const events = await service.events(device);
  const takenOver = (o) => o.statusCode === 400027;
  const first = Client.fromConnectionString(device.connectionString, transport);
  const second = Client.fromConnectionString(device.connectionString, transport);
  await first.open();
  await second.open();
  await operations.next(takenOver, 'the end of the first connection');
  await second.sendEvent(new Message('from the second'));
  // The SDK says nothing about the loss to a program that listens to nothing: its next message connects again.
  await first.sendEvent(new Message('from the first'));
  await operations.next(takenOver, 'the end of the second connection');
  assert.equal(Buffer.from((await events.next()).body, 'base64').toString(), 'from the second');
  assert.equal(Buffer.from((await events.next()).body, 'base64').toString(), 'from the first');
  await first.close();
  await second.close();
  await operations.close();
  await events.close();
};

scenarios['announces its model'] = async ({ service, transport }) => {
  const device = await service.device();
  const client = Client.fromConnectionString(device.connectionString, transport);
  await client.setOptions({ modelId: 'dtmi:com:example:Thermostat;1' });
  await client.open();
  const { responseBody: twin } = await service.registry.getTwin(device.deviceId);
  assert.equal(twin.modelId ?? (await service.registry.createQuery(`SELECT * FROM devices WHERE deviceId = '${device.deviceId}'`).next()).result[0].modelId, 'dtmi:com:example:Thermostat;1');
  const events = await service.events(device);
  const message = new Message('{"temperature":1}');
  message.properties.add('dt-subject', 'thermostat1');
  await client.sendEvent(message);
  assert.equal((await events.next()).systemProperties['dt-subject'], 'thermostat1');
  await client.close();
  await events.close();
};

// refused opens a client and expects to be refused, once, with a reason in the operations log.
async function refused(service, deviceId, client, reason) {
  const operations = await service.operations(deviceId);
  await assert.rejects(within(client.open(), 'an answer'), (err) => {
    assert.ok(err instanceof errors.UnauthorizedError, `${err.name}: ${err.message}`);
    assert.match(err.message, /Not authorized/);
    return true;
  });
  const line = await operations.next((o) => o.category === 'Connections' && o.level !== 'Information', 'the reason in the operations log');
  assert.match(line.description, reason);
  await operations.close();
}

scenarios['is refused with a wrong key'] = async ({ service, transport }) => {
  const device = await service.device();
  const wrong = ConnectionString.parse(device.connectionString);
  const key = Buffer.alloc(32, 1).toString('base64');
  const client = Client.fromConnectionString(`HostName=${wrong.HostName};DeviceId=${wrong.DeviceId};SharedAccessKey=${key}`, transport);
  await refused(service, device.deviceId, client, /key|signature/i);
};

scenarios['is refused with an expired token'] = async ({ service, transport }) => {
  const device = await service.device();
  const client = Client.fromSharedAccessSignature(service.token(device, -600), transport);
  await refused(service, device.deviceId, client, /expired/i);
};

scenarios['is refused when it is disabled'] = async ({ service, transport }) => {
  const device = await service.device({ status: 'disabled', statusReason: 'stolen' });
  await refused(service, device.deviceId, Client.fromConnectionString(device.connectionString, transport), /disabled/i);
  await service.registry.update({ ...device, status: 'enabled', connectionString: undefined });
  const client = Client.fromConnectionString(device.connectionString, transport);
  await client.open();
  await client.close();
};

scenarios['is refused when nobody knows it'] = async ({ service, transport, prefix }) => {
  const deviceId = `${prefix}-nobody`;
  const key = Buffer.alloc(32, 1).toString('base64');
  const client = Client.fromConnectionString(`HostName=${service.host};DeviceId=${deviceId};SharedAccessKey=${key}`, transport);
  await refused(service, deviceId, client, /register it first/);
};

module.exports = { transports: { Mqtt, MqttWs }, scenarios };
