'use strict';

const assert = require('node:assert/strict');

const { Message } = require('azure-iot-common');
const { ModuleClient } = require('azure-iot-device');
const { Mqtt, MqttWs } = require('azure-iot-device-mqtt');

const { event, until, within } = require('../lib/wait');

const scenarios = {};

scenarios['sends to its outputs'] = async ({ service, transport }) => {
  const module = await service.module();
  const events = await service.events(module);
  const client = ModuleClient.fromConnectionString(module.connectionString, transport);
  await client.open();
  const message = new Message('{"alert":true}');
  message.messageId = 'alert-1';
  message.properties.add('level', 'high/low');
  await client.sendOutputEvent('output one', message);
  const first = await events.next();
  assert.equal(first.deviceId, module.deviceId);
  assert.equal(first.moduleId, module.moduleId);
  assert.equal(Buffer.from(first.body, 'base64').toString(), '{"alert":true}');
  assert.deepEqual(first.properties, { level: 'high/low' });
  assert.equal(first.systemProperties['message-id'], 'alert-1');
  assert.equal(first.systemProperties['output-name'] ?? first.systemProperties['iothub-outputname'], 'output one');
  assert.equal(first.systemProperties['iothub-connection-module-id'], module.moduleId);

  await client.sendEvent(new Message('to no output'));
  const second = await events.next();
  assert.equal(second.moduleId, module.moduleId);
  assert.equal(Buffer.from(second.body, 'base64').toString(), 'to no output');
  await client.close();
  await events.close();
};

scenarios['receives at its inputs'] = async ({ service, transport }) => {
  const module = await service.module();
  const client = ModuleClient.fromConnectionString(module.connectionString, transport);
  await client.open();
  const received = event(client, 'inputMessage');
  await service.sendToInput(module, 'input1', 'hello', { 'iothub-messageid': 'in-1', 'iothub-properties': 'A=b%2Fc' });
  const [input, message] = await received;
  assert.equal(input, 'input1');
  assert.equal(message.getData().toString(), 'hello');
  assert.equal(message.messageId, 'in-1');
  assert.equal(message.properties.getValue('A'), 'b/c');
  await client.complete(message);
  await client.close();
};

scenarios['reads and reports its twin'] = async ({ service, transport }) => {
  const module = await service.module();
  const { registry } = service;
  await registry.updateModuleTwin(module.deviceId, module.moduleId, { properties: { desired: { speed: 1 } } }, '*');
  const client = ModuleClient.fromConnectionString(module.connectionString, transport);
  await client.open();
  const twin = await client.getTwin();
  assert.equal(twin.properties.desired.speed, 1);
  await new Promise((resolve, reject) => {
    twin.properties.reported.update({ speed: 1, unused: null }, (err) => (err ? reject(err) : resolve()));
  });
  const { responseBody } = await registry.getModuleTwin(module.deviceId, module.moduleId);
  assert.equal(responseBody.moduleId, module.moduleId);
  assert.equal(responseBody.properties.reported.speed, 1);
  assert.equal('unused' in responseBody.properties.reported, false);
  const device = (await registry.getTwin(module.deviceId)).responseBody;
  assert.equal('speed' in device.properties.reported, false, 'a module has a twin of its own');

  const speeds = [];
  twin.on('properties.desired.speed', (speed) => speeds.push(speed));
  await until(() => speeds.length === 1, 'the document for the new listener');
  // The SDK does not say when it has subscribed.
  await until(async () => {
    await registry.updateModuleTwin(module.deviceId, module.moduleId, { properties: { desired: { speed: 2 } } }, '*');
    return speeds.includes(2);
  }, 'a desired change');
  await client.close();
};

scenarios['answers direct methods'] = async ({ service, transport }) => {
  const module = await service.module();
  const client = ModuleClient.fromConnectionString(module.connectionString, transport);
  await client.open();
  client.onMethod('start', (request, response) => response.send(200, { got: request.payload }, assert.ifError));
  const { result } = await service.client.invokeDeviceMethod(module.deviceId, module.moduleId, { methodName: 'start', payload: { at: 'once' }, connectTimeoutInSeconds: 10 });
  assert.deepEqual(result, { status: 200, payload: { got: { at: 'once' } } });
  await assert.rejects(within(service.client.invokeDeviceMethod(module.deviceId, { methodName: 'start' }), 'an answer'), 'the device itself is not connected');
  await client.close();
};

scenarios['comes back when the link breaks'] = async ({ service, transport }) => {
  const module = await service.module();
  const client = ModuleClient.fromConnectionString(module.connectionString, transport);
  const messages = [];
  client.on('inputMessage', (input, m) => messages.push(`${input}: ${m.getData()}`));
  await client.open();
  await service.sendToInput(module, 'a', 'one');
  await until(() => messages.length === 1, 'a message');
  const back = event(client, 'connect', 'the connection after the break');
  await service.cut(module);
  await back;
  await service.sendToInput(module, 'b', 'two');
  // The break may have swallowed the acknowledgement of the first, which then comes again.
  await until(() => messages.includes('b: two'), 'a message after the break');
  await client.close();
};

module.exports = { transports: { Mqtt, MqttWs }, scenarios };
