package snippet

import "fmt"

func (s *Source) python() string {
	set := s.setSystem("#", map[string]string{
		"$.ct": "message.content_type = %s", "$.ce": "message.content_encoding = %s", "$.mid": "message.message_id = %s",
		"$.cid": "message.correlation_id = %s", "$.uid": "message.user_id = %s", "$.exp": "message.expiry_time_utc = %s",
		"$.on": "message.output_name = %s", "$.sub": "message.custom_properties[\"$.sub\"] = %s",
	}, "")
	for _, property := range s.Properties {
		fmt.Fprintf(set, "message.custom_properties[%s] = %s\n", scriptString(property.Name), scriptString(property.Value))
	}
	class := s.clientClass("IoTHubDeviceClient", "IoTHubModuleClient")
	return "# pip install azure-iot-device\n" + s.environment("#") + "import os\n" +
		"from azure.iot.device import " + class + ", Message\n\n" +
		"client = " + class + ".create_from_connection_string(\n" +
		"    os.environ[\"IOTHUB_DEVICE_CONNECTION_STRING\"],\n" +
		"    websockets=True,  # MQTT over WebSocket, port 443\n" +
		")\n" +
		"client.connect()\n" +
		"message = Message(" + scriptString(string(s.Body)) + ")\n" + set.String() +
		"client.send_message(message)\n" +
		"client.shutdown()\n"
}
