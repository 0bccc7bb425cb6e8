'use strict';

const assert = require('node:assert/strict');
const crypto = require('node:crypto');

const { Message } = require('azure-iot-common');
const device = require('azure-iot-device-mqtt');
const { Client } = require('azure-iot-device');
const { ProvisioningDeviceClient } = require('azure-iot-provisioning-device');
const { Mqtt, MqttWs } = require('azure-iot-provisioning-device-mqtt');
const { SymmetricKeySecurityClient } = require('azure-iot-security-symmetric-key');

const { within } = require('../lib/wait');

// A device talks to its hub the way it talked to DPS.
const deviceTransport = new Map([[Mqtt, device.Mqtt], [MqttWs, device.MqttWs]]);

function register(service, transport, registrationId, key, { payload, idScope = service.idScope } = {}) {
  const security = new SymmetricKeySecurityClient(registrationId, key);
  const client = ProvisioningDeviceClient.create(service.host, idScope, new transport(), security);
  if (payload !== undefined) client.setProvisioningPayload(payload);
  return within(client.register(), 'an answer', 30_000);
}

// works connects to the assigned hub and sends a message.
async function works(service, transport, assigned, key) {
  const events = await service.events({ deviceId: assigned.deviceId });
  const client = Client.fromConnectionString(`HostName=${assigned.assignedHub};DeviceId=${assigned.deviceId};SharedAccessKey=${key}`, deviceTransport.get(transport));
  await client.open();
  await client.sendEvent(new Message('provisioned'));
  assert.equal(Buffer.from((await events.next()).body, 'base64').toString(), 'provisioned');
  const twin = await client.getTwin();
  await client.close();
  await events.close();
  return twin;
}

const scenarios = {};

scenarios['registers with a key of its own'] = async ({ service, transport, prefix }) => {
  const registrationId = `${prefix}-individual`;
  const { responseBody: enrollment } = await service.provisioning.createOrUpdateIndividualEnrollment({
    registrationId,
    deviceId: `${prefix}-Device`,
    attestation: { type: 'symmetricKey' },
    initialTwin: { tags: { site: 'Łódź' }, properties: { desired: { interval: 30 } } },
  });
  const key = enrollment.attestation.symmetricKey.primaryKey;
  const assigned = await register(service, transport, registrationId, key);
  assert.equal(assigned.status, 'assigned');
  assert.equal(assigned.assignedHub, service.host);
  assert.equal(assigned.deviceId, `${prefix}-Device`);
  assert.equal(assigned.registrationId, registrationId);
  assert.equal(assigned.substatus, 'initialAssignment');
  const twin = await works(service, transport, assigned, key);
  assert.equal(twin.properties.desired.interval, 30);
  assert.deepEqual((await service.registry.getTwin(assigned.deviceId)).responseBody.tags, { site: 'Łódź' });
  const { responseBody: state } = await service.provisioning.getDeviceRegistrationState(registrationId);
  assert.equal(state.status, 'assigned');
  assert.equal(state.deviceId, assigned.deviceId);

  // Once more, as a device does that has forgotten everything.
  const again = await register(service, transport, registrationId, key);
  assert.equal(again.deviceId, assigned.deviceId);
  assert.equal(again.assignedHub, assigned.assignedHub);
};

scenarios['registers with a key derived from its group'] = async ({ service, transport, prefix }) => {
  const enrollmentGroupId = `${prefix}-group`;
  const { responseBody: group } = await service.provisioning.createOrUpdateEnrollmentGroup({ enrollmentGroupId, attestation: { type: 'symmetricKey' } });
  const registrationId = `${prefix}-member-01`;
  const key = crypto.createHmac('sha256', Buffer.from(group.attestation.symmetricKey.primaryKey, 'base64')).update(registrationId).digest('base64');
  const assigned = await register(service, transport, registrationId, key);
  assert.equal(assigned.status, 'assigned');
  assert.equal(assigned.deviceId, registrationId);
  await works(service, transport, assigned, key);
  const { responseBody: states } = await service.provisioning.createEnrollmentGroupDeviceRegistrationStateQuery({ query: '*' }, enrollmentGroupId).next();
  assert.deepEqual(states.map((state) => state.registrationId), [registrationId]);
};

scenarios['sends a payload of its own'] = async ({ service, transport, prefix }) => {
  const registrationId = `${prefix}-payload`;
  const { responseBody: enrollment } = await service.provisioning.createOrUpdateIndividualEnrollment({
    registrationId,
    attestation: { type: 'symmetricKey' },
    allocationPolicy: 'custom',
    customAllocationDefinition: { webhookUrl: 'https://function.example/', apiVersion: '2021-10-01' },
    iotHubs: [service.host],
  });
  const payload = { modelId: 'dtmi:com:example:Thermostat;1', rack: [1, 2] };
  const assigned = await register(service, transport, registrationId, enrollment.attestation.symmetricKey.secondaryKey, { payload });
  assert.equal(assigned.status, 'assigned');
  assert.deepEqual(assigned.payload, payload, 'without a webhook the emulator gives it back');
};

scenarios['is refused with a wrong key'] = async ({ service, transport, prefix }) => {
  const registrationId = `${prefix}-wrong-key`;
  await service.provisioning.createOrUpdateIndividualEnrollment({ registrationId, attestation: { type: 'symmetricKey' } });
  const key = Buffer.alloc(32, 1).toString('base64');
  await assert.rejects(register(service, transport, registrationId, key), /Not authorized/);
};

scenarios['is refused when nobody knows its registration'] = async ({ service, transport, prefix }) => {
  const key = Buffer.alloc(32, 1).toString('base64');
  await assert.rejects(register(service, transport, `${prefix}-nobody`, key), /Not authorized/);
  const known = service.info.demo.individual;
  await assert.rejects(register(service, transport, known.registrationId, known.primaryKey, { idScope: '0ne00NOBODY' }), /Not authorized/);
};

scenarios['is refused when it is disabled'] = async ({ service, transport, prefix }) => {
  const registrationId = `${prefix}-disabled`;
  const { responseBody: enrollment } = await service.provisioning.createOrUpdateIndividualEnrollment({ registrationId, attestation: { type: 'symmetricKey' }, provisioningStatus: 'disabled' });
  await assert.rejects(register(service, transport, registrationId, enrollment.attestation.symmetricKey.primaryKey), /disabled|Not authorized/i);
  const { responseBody: enabled } = await service.provisioning.createOrUpdateIndividualEnrollment({ ...enrollment, provisioningStatus: 'enabled' });
  assert.equal((await register(service, transport, registrationId, enabled.attestation.symmetricKey.primaryKey)).status, 'assigned');
};

module.exports = { transports: { Mqtt, MqttWs }, scenarios };
