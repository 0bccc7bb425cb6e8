'use strict';

const assert = require('node:assert/strict');

const { Client } = require('azure-iot-device');
const { Mqtt } = require('azure-iot-device-mqtt');
const { Client: ServiceClient, Registry } = require('azure-iothub');

const { within } = require('../lib/wait');

const scenarios = {};

// status is the HTTP status of the answer that made an error.
const status = (err) => err.response?.statusCode ?? err.statusCode;

async function fails(promise, want, name) {
  await assert.rejects(within(promise, 'an answer'), (err) => {
    assert.equal(status(err), want, `${err.name}: ${err.message}`);
    if (name) assert.equal(err.name, name);
    return true;
  });
}

scenarios['manages devices'] = async ({ service, prefix }) => {
  const { registry } = service;
  const deviceId = `${prefix}-device.1:a@b'c,d=e!*`;
  const { responseBody: created, httpResponse } = await registry.create({ deviceId, statusReason: 'new' });
  assert.equal(httpResponse.statusCode, 200);
  assert.equal(created.deviceId, deviceId);
  assert.equal(created.status, 'enabled');
  assert.equal(created.statusReason, 'new');
  assert.equal(created.connectionState, 'Disconnected');
  assert.ok(created.etag && created.generationId);
  for (const key of Object.values(created.authentication.symmetricKey)) assert.ok(Buffer.from(key, 'base64').length >= 16);
  await fails(registry.create({ deviceId }), 409, 'DeviceAlreadyExistsError');

  const { responseBody: read } = await registry.get(deviceId);
  assert.equal(read.etag, created.etag);
  assert.deepEqual(read.authentication.symmetricKey, created.authentication.symmetricKey);

  const { responseBody: updated } = await registry.update({ ...read, status: 'disabled', statusReason: 'rest' });
  assert.equal(updated.status, 'disabled');
  assert.deepEqual(updated.authentication.symmetricKey, created.authentication.symmetricKey);
  assert.notEqual(updated.etag, created.etag);

  const { responseBody: all } = await registry.list();
  assert.ok(all.some((d) => d.deviceId === deviceId));
  await registry.delete(deviceId);
  await fails(registry.get(deviceId), 404, 'DeviceNotFoundError');
  await fails(registry.delete(deviceId), 404, 'DeviceNotFoundError');
};

scenarios['manages many devices at once'] = async ({ service, prefix }) => {
  const { registry } = service;
  const devices = Array.from({ length: 20 }, (_, i) => ({ deviceId: `${prefix}-bulk-${i}` }));
  const { responseBody: added } = await registry.addDevices(devices);
  assert.equal(added.isSuccessful, true);
  assert.deepEqual(added.errors, []);
  assert.equal((await registry.get(devices[7].deviceId)).responseBody.status, 'enabled');
  assert.equal((await registry.updateDevices(devices.map((d) => ({ ...d, status: 'disabled' })), true)).responseBody.isSuccessful, true);
  const { responseBody: changed } = await registry.get(devices[7].deviceId);
  assert.equal(changed.status, 'disabled');
  const { responseBody: renewed } = await registry.updateDevices([{ deviceId: changed.deviceId, status: 'enabled', etag: changed.etag }], false);
  assert.equal(renewed.isSuccessful, true);
  assert.equal((await registry.removeDevices(devices, true)).responseBody.isSuccessful, true);
  await fails(registry.get(devices[7].deviceId), 404);
};

scenarios['manages modules'] = async ({ service }) => {
  const { registry } = service;
  const { deviceId } = await service.device();
  const { responseBody: created } = await registry.addModule({ deviceId, moduleId: 'camera', managedBy: 'somebody' });
  assert.equal(created.moduleId, 'camera');
  assert.equal(created.managedBy, 'somebody');
  await registry.addModule({ deviceId, moduleId: 'lamp' });
  const { responseBody: all } = await registry.getModulesOnDevice(deviceId);
  assert.deepEqual(all.map((m) => m.moduleId).sort(), ['camera', 'lamp']);
  const { responseBody: read } = await registry.getModule(deviceId, 'camera');
  assert.equal(read.etag, created.etag);
  const { responseBody: updated } = await registry.updateModule({ ...read, managedBy: 'nobody' }, true);
  assert.equal(updated.managedBy, 'nobody');
  await fails(registry.updateModule({ ...read, managedBy: 'late' }), 412, 'InvalidEtagError');
  await registry.updateModuleTwin(deviceId, 'camera', { tags: { lens: 'wide' } }, '*');
  assert.deepEqual((await registry.getModuleTwin(deviceId, 'camera')).responseBody.tags, { lens: 'wide' });
  await registry.removeModule(deviceId, 'camera');
  await fails(registry.getModule(deviceId, 'camera'), 404);
  await fails(registry.getModulesOnDevice(`${deviceId}-nobody`), 404);
};

scenarios['changes twins'] = async ({ service }) => {
  const { registry } = service;
  const { deviceId } = await service.device();
  const { responseBody: twin } = await registry.getTwin(deviceId);
  assert.equal(twin.deviceId, deviceId);
  assert.ok(twin.etag);
  assert.equal(twin.properties.desired.$version, 1);
  await twin.update({ tags: { building: { name: '43', floor: 1 } }, properties: { desired: { a: 1, b: { c: 'd' } } } });
  assert.deepEqual(twin.tags, { building: { name: '43', floor: 1 } });
  await fails(registry.updateTwin(deviceId, { tags: { late: true } }, 'AAAAAAAAAAA='), 412, 'InvalidEtagError');
  const { responseBody: changed } = await registry.updateTwin(deviceId, { tags: { building: { floor: null } }, properties: { desired: { a: null } } }, '*');
  assert.deepEqual(changed.tags, { building: { name: '43' } });
  assert.equal('a' in changed.properties.desired, false);
  assert.deepEqual(changed.properties.desired.b, { c: 'd' });
  assert.equal(changed.properties.desired.$version, 3);
  assert.ok(changed.properties.desired.$metadata.b.c.$lastUpdated);
  await fails(registry.updateTwin(deviceId, { properties: { desired: { 'bad key': 1 } } }, '*'), 400);
  await fails(registry.getTwin(`${deviceId}-nobody`), 404, 'DeviceNotFoundError');
};

scenarios['queries, page by page'] = async ({ service, prefix }) => {
  const { registry } = service;
  const ids = Array.from({ length: 5 }, (_, i) => `${prefix}-query-${i}`);
  await registry.addDevices(ids.map((deviceId) => ({ deviceId })));
  for (const id of ids) await registry.updateTwin(id, { tags: { run: prefix, even: Number(id.at(-1)) % 2 === 0 } }, '*');
  const query = registry.createQuery(`SELECT * FROM devices WHERE tags.run = '${prefix}'`, 2);
  const pages = [];
  while (query.hasMoreResults) {
    const { result } = await query.nextAsTwin(query.continuationToken);
    pages.push(result.map((twin) => twin.deviceId));
    assert.ok(pages.length <= 3, 'more pages than there are devices');
  }
  assert.deepEqual(pages.map((page) => page.length), [2, 2, 1]);
  assert.deepEqual(pages.flat().sort(), ids);
  const even = await registry.createQuery(`SELECT deviceId, tags.even FROM devices WHERE tags.run = '${prefix}' AND tags.even = true`).next();
  assert.equal(even.result.length, 3);
  const none = registry.createQuery(`SELECT * FROM devices WHERE tags.run = 'nobody'`);
  assert.deepEqual((await none.nextAsTwin()).result, []);
  assert.equal(none.hasMoreResults, false);
  await fails(registry.createQuery('SELECT nonsense').next(), 400);
};

scenarios['counts'] = async ({ service }) => {
  const { responseBody: before } = await service.registry.getRegistryStatistics();
  assert.equal(before.totalDeviceCount, before.enabledDeviceCount + before.disabledDeviceCount);
  await service.device();
  const { responseBody: after } = await service.registry.getRegistryStatistics();
  assert.ok(after.totalDeviceCount > 0);
};

scenarios['calls methods that nobody answers'] = async ({ service }) => {
  const device = await service.device();
  const call = (deviceId) => service.client.invokeDeviceMethod(deviceId, { methodName: 'reboot', responseTimeoutInSeconds: 5 });
  await fails(call(device.deviceId), 404); // not connected; the SDK has no error of its own for that
  await fails(call(`${device.deviceId}-nobody`), 404, 'DeviceNotFoundError');

  const client = Client.fromConnectionString(device.connectionString, Mqtt);
  await client.open();
  client.onDeviceMethod('other', (request, response) => response.send(200, assert.ifError));
  // Online, but nothing in this program is called reboot.
  const started = Date.now();
  await fails(service.client.invokeDeviceMethod(device.deviceId, { methodName: 'reboot', responseTimeoutInSeconds: 5, connectTimeoutInSeconds: 5 }), 504, 'GatewayTimeoutError');
  assert.ok(Date.now() - started >= 4000);
  await client.close();
};

scenarios['is refused with a wrong key'] = async ({ service }) => {
  const key = Buffer.alloc(32, 1).toString('base64');
  const wrong = `HostName=${service.host};SharedAccessKeyName=iothubowner;SharedAccessKey=${key}`;
  await fails(Registry.fromConnectionString(wrong).list(), 401, 'UnauthorizedError');
  await fails(ServiceClient.fromConnectionString(wrong).invokeDeviceMethod('x', { methodName: 'y' }), 401, 'UnauthorizedError');
};

scenarios['manages enrollments'] = async ({ service, prefix }) => {
  const { provisioning } = service;
  const registrationId = `${prefix}-enrollment`;
  const { responseBody: created } = await provisioning.createOrUpdateIndividualEnrollment({ registrationId, attestation: { type: 'symmetricKey' } });
  assert.equal(created.provisioningStatus, 'enabled');
  assert.ok(created.etag);
  const { responseBody: mechanism } = await provisioning.getIndividualEnrollmentAttestationMechanism(registrationId);
  assert.equal(mechanism.type, 'symmetricKey');
  assert.ok(mechanism.symmetricKey.primaryKey);
  const { responseBody: read } = await provisioning.getIndividualEnrollment(registrationId);
  assert.equal(read.etag, created.etag);
  const { responseBody: updated } = await provisioning.createOrUpdateIndividualEnrollment({ ...read, provisioningStatus: 'disabled' });
  assert.equal(updated.provisioningStatus, 'disabled');
  const { responseBody: kept } = await provisioning.getIndividualEnrollmentAttestationMechanism(registrationId);
  assert.deepEqual(kept.symmetricKey, mechanism.symmetricKey);
  await fails(provisioning.createOrUpdateIndividualEnrollment({ ...read, provisioningStatus: 'enabled' }), 412);
  await fails(provisioning.createOrUpdateIndividualEnrollment({ registrationId, attestation: { type: 'symmetricKey' } }), 409);
  await fails(provisioning.deleteIndividualEnrollment(registrationId, read.etag), 412);
  await provisioning.deleteIndividualEnrollment(registrationId, updated.etag);
  await fails(provisioning.getIndividualEnrollment(registrationId), 404);
  await fails(provisioning.getDeviceRegistrationState(registrationId), 404);

  const enrollments = Array.from({ length: 5 }, (_, i) => ({ registrationId: `${prefix}-bulk-${i}`, attestation: { type: 'symmetricKey' } }));
  // Without a callback the SDK's promise never settles.
  const bulk = (operation) => within(new Promise((resolve, reject) => {
    provisioning.runBulkEnrollmentOperation(operation, (err, result) => (err ? reject(err) : resolve(result)));
  }), 'an answer');
  assert.deepEqual(await bulk({ mode: 'create', enrollments }), { isSuccessful: true, errors: [] });
  const query = provisioning.createIndividualEnrollmentQuery({ query: 'SELECT * FROM enrollments' }, 2);
  const found = [];
  let pages = 0;
  while (query.hasMoreResults) {
    const { responseBody: page } = await query.next(query.continuationToken);
    assert.ok(page.length <= 2);
    found.push(...page.map((e) => e.registrationId));
    assert.ok(++pages < 100, 'pages without end');
  }
  for (const e of enrollments) assert.ok(found.includes(e.registrationId));
  assert.equal((await bulk({ mode: 'delete', enrollments })).isSuccessful, true);
  await fails(provisioning.getIndividualEnrollment(enrollments[0].registrationId), 404);
};

scenarios['manages enrollment groups'] = async ({ service, prefix }) => {
  const { provisioning } = service;
  const enrollmentGroupId = `${prefix}-group`;
  const { responseBody: created } = await provisioning.createOrUpdateEnrollmentGroup({ enrollmentGroupId, attestation: { type: 'symmetricKey' } });
  assert.equal(created.enrollmentGroupId, enrollmentGroupId);
  const { responseBody: mechanism } = await provisioning.getEnrollmentGroupAttestationMechanism(enrollmentGroupId);
  assert.ok(mechanism.symmetricKey.primaryKey);
  const { responseBody: read } = await provisioning.getEnrollmentGroup(enrollmentGroupId);
  const { responseBody: updated } = await provisioning.createOrUpdateEnrollmentGroup({ ...read, reprovisionPolicy: { updateHubAssignment: true, migrateDeviceData: true } });
  assert.deepEqual(updated.reprovisionPolicy, { updateHubAssignment: true, migrateDeviceData: true });
  const { responseBody: all } = await provisioning.createEnrollmentGroupQuery({ query: '*' }).next();
  assert.ok(all.some((g) => g.enrollmentGroupId === enrollmentGroupId));
  assert.deepEqual((await provisioning.createEnrollmentGroupDeviceRegistrationStateQuery({ query: '*' }, enrollmentGroupId).next()).responseBody, []);
  await provisioning.deleteEnrollmentGroup(updated);
  await fails(provisioning.getEnrollmentGroup(enrollmentGroupId), 404);
};

module.exports = { transports: { Https: undefined }, scenarios };
