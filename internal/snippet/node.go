package snippet

import (
	"cmp"
	"fmt"
)

func (s *Source) node() string {
	client := "const { " + s.clientClass("Client", "ModuleClient") + ", Message } = require(\"azure-iot-device\");\n"
	set := s.setSystem("//", map[string]string{
		"$.ct": "  message.contentType = %s;", "$.ce": "  message.contentEncoding = %s;", "$.mid": "  message.messageId = %s;",
		"$.cid": "  message.correlationId = %s;", "$.uid": "  message.userId = %s;", "$.to": "  message.to = %s;", "$.exp": "  message.expiryTimeUtc = %s;",
		"$.sub": "  message.properties.add(\"dt-subject\", %s);", "$.ifid": "  message.interfaceId = %s;",
	}, s.outputKey())
	for _, property := range s.Properties {
		fmt.Fprintf(set, "  message.properties.add(%s, %s);\n", scriptString(property.Name), scriptString(property.Value))
	}
	return "// npm install azure-iot-device azure-iot-device-mqtt\n" + s.environment("//") + client +
		"const { MqttWs } = require(\"azure-iot-device-mqtt\"); // MQTT over WebSocket, port 443\n\n" +
		"(async () => {\n" +
		"  const device = " + s.clientClass("Client", "ModuleClient") + ".fromConnectionString(process.env.IOTHUB_DEVICE_CONNECTION_STRING, MqttWs);\n" +
		"  await device.open();\n" +
		"  const message = new Message(" + scriptString(string(s.Body)) + ");\n" + set.String() +
		"  await device." + s.clientClass("sendEvent(", "sendOutputEvent("+scriptString(cmp.Or(s.System.OutputName, "output"))+", ") + "message);\n" +
		"  await device.close();\n" +
		"})();\n"
}
