'use strict';

const assert = require('node:assert/strict');
const { X509Certificate } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');

const { Message, errors } = require('azure-iot-common');
const { Client } = require('azure-iot-device');
const { Mqtt, MqttWs } = require('azure-iot-device-mqtt');

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

module.exports = { transports: { Mqtt, MqttWs }, scenarios };
