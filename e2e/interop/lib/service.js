'use strict';

const { SharedAccessSignature } = require('azure-iot-common');
const { Client, Registry } = require('azure-iothub');
const { ProvisioningServiceClient } = require('azure-iot-provisioning-service');

const { Stream } = require('./stream');

// Service is the other side of the emulator: the official service SDKs and, for what the service offers over AMQP only, the
// emulator's own HTTP (docs/emulator.md).
class Service {
  // connect asks the emulator who it is. prefix begins the ids of what is made here.
  static async connect(prefix) {
    const answer = await fetch('https://localhost/emulator/info');
    if (!answer.ok) throw new Error(`/emulator/info: ${answer.status} ${await answer.text()}`);
    return new Service(await answer.json(), prefix);
  }

  constructor(info, prefix) {
    this.info = info;
    this.prefix = prefix;
    this.host = info.hubHostName;
    this.idScope = info.idScope;
    this.registry = Registry.fromConnectionString(info.serviceConnectionString);
    this.client = Client.fromConnectionString(info.serviceConnectionString);
    this.provisioning = ProvisioningServiceClient.fromConnectionString(info.provisioningServiceConnectionString);
  }

  // device makes a device. What is given replaces the defaults.
  async device(description = {}) {
    const { responseBody } = await this.registry.create({ deviceId: `${this.prefix}-device`, ...description });
    return this.#withConnectionString(responseBody);
  }

  // module makes a device with a module, and returns the module.
  async module() {
    const { deviceId } = await this.device();
    const { responseBody } = await this.registry.addModule({ deviceId, moduleId: 'module-1' });
    return this.#withConnectionString(responseBody);
  }

  #withConnectionString(identity) {
    const { deviceId, moduleId, authentication } = identity;
    const key = authentication.symmetricKey.primaryKey;
    const module = moduleId ? `;ModuleId=${moduleId}` : '';
    return { ...identity, connectionString: `HostName=${this.host};DeviceId=${deviceId}${module};SharedAccessKey=${key}` };
  }

  // token is a device's SAS token that lasts for some seconds.
  token({ deviceId, authentication }, seconds) {
    const expiry = Math.floor(Date.now() / 1000) + seconds;
    const resource = `${this.host}/devices/${deviceId}`;
    return SharedAccessSignature.create(resource, null, authentication.symmetricKey.primaryKey, expiry).toString();
  }

  // sendToDevice queues a cloud-to-device message.
  sendToDevice(deviceId, body, headers = {}) {
    return this.#call('POST', `/devices/${deviceId}/messages/deviceBound`, { body, headers });
  }

  // sendToInput sends to a module's input.
  sendToInput({ deviceId, moduleId }, input, body, headers = {}) {
    return this.#call('POST', `/devices/${deviceId}/modules/${moduleId}/inputs/${input}`, { body, headers });
  }

  // cut breaks the connection of a device or module, as a network would.
  cut({ deviceId, moduleId }) {
    return this.#call('DELETE', `/emulator/connections/${deviceId}` + (moduleId ? `/modules/${moduleId}` : ''));
  }

  // events follows the telemetry of a device from now on.
  async events({ deviceId }) {
    return new Stream(await this.#call('GET', '/messages/events'), (e) => e.deviceId === deviceId);
  }

  // operations follows the operations log of a device, or of a registration id, from now on.
  async operations(deviceId) {
    return new Stream(await this.#call('GET', '/emulator/operations'), (o) => o.deviceId === deviceId);
  }

  async #call(method, path, { body, headers } = {}) {
    const fields = Object.fromEntries(this.info.serviceConnectionString.split(';').map((part) => {
      const at = part.indexOf('=');
      return [part.slice(0, at), part.slice(at + 1)];
    }));
    const token = SharedAccessSignature.create(this.host, fields.SharedAccessKeyName, fields.SharedAccessKey, Math.floor(Date.now() / 1000) + 600);
    const answer = await fetch(`https://${this.host}${path}`, { method, body, headers: { ...headers, Authorization: token.toString() } });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer;
  }
}

module.exports = { Service };
