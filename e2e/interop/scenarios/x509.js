'use strict';

const assert = require('node:assert/strict');
const { X509Certificate } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');

const { Message, errors } = require('azure-iot-common');
const { Client } = require('azure-iot-device');
const { Mqtt, MqttWs } = require('azure-iot-device-mqtt');
const { ProvisioningDeviceClient } = require('azure-iot-provisioning-device');
const provisioning = require('azure-iot-provisioning-device-mqtt');
const { X509Security } = require('azure-iot-security-x509');

const { within } = require('../lib/wait');

// certificate reads one of those that interop_test.go has made.
function certificate(name) {
  const read = (suffix) => fs.readFileSync(path.join(process.env.HUBPANEL_X509, name + suffix), 'utf8');
  return { cert: read('.cert.pem'), key: read('.key.pem') };
}

const sha1 = (pem) => new X509Certificate(pem).fingerprint.replaceAll(':', '');
const sha256 = (pem) => new X509Certificate(pem).fingerprint256.replaceAll(':', '');

async function connect(service, transport, device, x509) {
  const client = Client.fromConnectionString(`HostName=${service.host};DeviceId=${device.deviceId};x509=true`, transport);
  await client.setOptions(x509);
  await within(client.open(), 'an answer');
  return client;
}

const scenarios = {};

scenarios['connects by its thumbprint'] = async ({ service, transport, prefix }) => {
  const first = certificate('first');
  const second = certificate('second');
  const device = await service.device({
    authentication: { type: 'selfSigned', x509Thumbprint: { primaryThumbprint: sha1(first.cert), secondaryThumbprint: sha256(second.cert) } },
  });
  for (const x509 of [first, second]) {
    const client = await connect(service, transport, device, x509);
    const events = await service.events(device);
    await client.sendEvent(new Message('signed'));
    const event = await events.next();
    assert.equal(Buffer.from(event.body, 'base64').toString(), 'signed');
    assert.match(JSON.parse(event.systemProperties['iothub-connection-auth-method']).type, /^x509/);
    assert.ok((await client.getTwin()).properties);
    await client.close();
    await events.close();
  }

  const other = await service.device({
    deviceId: `${prefix}-other`,
    authentication: { type: 'selfSigned', x509Thumbprint: { primaryThumbprint: sha1(first.cert) } },
  });
  await assert.rejects(connect(service, transport, other, second), errors.UnauthorizedError, 'with a certificate that is not its own');
  await (await connect(service, transport, other, first)).close();
};

// provisions registers with a certificate, whose common name is the registration id, and connects to the assigned hub with it.
async function provisions(service, transport, name) {
  const x509 = certificate(name);
  const client = ProvisioningDeviceClient.create(service.host, service.idScope, new provisioning[transport.name](), new X509Security(name, x509));
  const assigned = await within(client.register(), 'an answer', 30_000);
  assert.equal(assigned.status, 'assigned');
  assert.equal(assigned.assignedHub, service.host);
  const events = await service.events(assigned);
  const device = await connect(service, transport, assigned, x509);
  await device.sendEvent(new Message('provisioned'));
  assert.equal(Buffer.from((await events.next()).body, 'base64').toString(), 'provisioned');
  await device.close();
  await events.close();
  return assigned;
}

scenarios['is provisioned by its certificate'] = async ({ service, transport, prefix }) => {
  const registrationId = `individual-${transport.name.toLowerCase()}`;
  await service.provisioning.createOrUpdateIndividualEnrollment({
    registrationId,
    deviceId: `${prefix}-device`,
    attestation: { type: 'x509', x509: { clientCertificates: { primary: { certificate: certificate(registrationId).cert } } } },
  });
  assert.equal((await provisions(service, transport, registrationId)).deviceId, `${prefix}-device`);
};

scenarios['is provisioned by its group\'s certificate'] = async ({ service, transport, prefix }) => {
  const registrationId = `member-${transport.name.toLowerCase()}`;
  await service.provisioning.createOrUpdateEnrollmentGroup({
    enrollmentGroupId: `${prefix}-group`,
    attestation: { type: 'x509', x509: { signingCertificates: { primary: { certificate: certificate('ca').cert } } } },
  });
  assert.equal((await provisions(service, transport, registrationId)).deviceId, registrationId);
};

module.exports = { transports: { Mqtt, MqttWs }, scenarios };
