package panel

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// copySource is the device on the page and the message that it would send, without secrets: what every target is made from.
type copySource struct {
	host, deviceID, moduleID string
	ours                     bool // the hub is the emulator beside the page: its certificate is the development CA's
	message                  hubclient.Message
}

// copyTarget is a way to be the same device elsewhere. Its texts hold placeholders where secrets belong.
type copyTarget struct {
	id, name string // of a program or a library: the same in every language
	text     func(*copySource) string
}

var copyTargets = []copyTarget{
	{"az-send", "az iot device send-d2c-message", (*copySource).azSend},
	{"az-simulate", "az iot device simulate", (*copySource).azSimulate},
	{"mosquitto", "mosquitto_pub", (*copySource).mosquitto},
	{"node", "Node.js (azure-iot-device)", (*copySource).node},
	{"python", "Python (azure-iot-device)", (*copySource).python},
	{"go", "Go (hubclient)", (*copySource).golang},
}

// copyState is the choice of the card.
type copyState struct {
	target string
	result result
}

// Placeholders for what is not known, and for what is never shown.
const (
	someHost   = "HUB.azure-devices.net"
	someDevice = "DEVICE"
	someKey    = "<the device's key>"
)

// copySourceLocked reads the page. The hub inside the page can be reached by nobody else, so a placeholder stands for it.
func (p *Panel) copySourceLocked() *copySource {
	credentials := p.device.credentials
	if !p.device.running() {
		if next, err := hubclient.ParseConnectionString(p.device.connection.text); err == nil {
			credentials = next
		}
	}
	s := &copySource{host: credentials.Host, deviceID: credentials.DeviceID, moduleID: credentials.ModuleID, message: p.telemetry.message()}
	s.ours = p.hub == hubServed && s.host == p.cloud.info.HubHostName
	if s.host == "" || s.host == inPageHost {
		s.host = someHost
	}
	if s.deviceID == "" {
		s.deviceID = someDevice
	}
	clean := p.secretsLocked().clean
	s.message.Body = []byte(clean(string(s.message.Body)))
	for key, value := range s.message.SystemProperties.All() {
		s.message.SystemProperties.Set(key, clean(value))
	}
	s.message.Properties = append(hubproto.Properties(nil), s.message.Properties...)
	for i := range s.message.Properties {
		property := &s.message.Properties[i]
		property.Name, property.Value = clean(property.Name), clean(property.Value)
	}
	return s
}

// copyTextLocked is the text of a target.
func (p *Panel) copyTextLocked(id string) string {
	for _, t := range copyTargets {
		if t.id == id {
			return t.text(p.copySourceLocked())
		}
	}
	return ""
}

// hubName is the hub's name as az has it: the first part of its host's. az reaches no emulator: a placeholder stands for one.
func (s *copySource) hubName() string {
	name, domain, _ := strings.Cut(s.host, ".")
	if !strings.HasPrefix(domain, "azure-devices.") {
		return "HUB"
	}
	return name
}

// bareHost is the host without the port at which the page reached it.
func (s *copySource) bareHost() string {
	if host, _, err := net.SplitHostPort(s.host); err == nil {
		return host
	}
	return s.host
}

// shellQuoted is a word of a POSIX shell that means s and nothing else.
func shellQuoted(s string) string {
	plain := strings.IndexFunc(s, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("-_./:@%+,", r))
	}) < 0
	if plain && s != "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// stringLiteral is a string literal of JavaScript and of Python alike: JSON's, with U+2028 and U+2029 escaped.
func stringLiteral(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string always can be
	return strings.TrimSpace(b.String())
}

// azProperties is the bag as az writes it: a=b;c=d, the system properties by their names on the wire.
func (s *copySource) azProperties() string {
	var list []string
	for key, value := range s.message.SystemProperties.All() {
		list = append(list, key+"="+value)
	}
	for _, property := range s.message.Properties {
		list = append(list, property.Name+"="+property.Value)
	}
	return strings.Join(list, ";")
}

func (s *copySource) az(command, properties string, more ...string) string {
	lines := []string{"az iot device " + command, "--hub-name " + shellQuoted(s.hubName()), "--device-id " + shellQuoted(s.deviceID)}
	if bag := s.azProperties(); bag != "" {
		lines = append(lines, properties+" "+shellQuoted(bag))
	}
	lines = append(lines, "--data "+shellQuoted(string(s.message.Body)))
	return "az extension add --name azure-iot # once\naz login           # az asks the hub for the key itself\n" +
		strings.Join(append(lines, more...), " \\\n  ") + "\n"
}

func (s *copySource) azSend() string { return s.az("send-d2c-message", "--props") }

func (s *copySource) azSimulate() string {
	return s.az("simulate", "--properties", "--msg-count 10", "--msg-interval 3")
}

func (s *copySource) mosquitto() string {
	user := hubproto.Username{Host: s.bareHost(), DeviceID: s.deviceID, ModuleID: s.moduleID, APIVersion: hubproto.APIVersion}
	topic := hubproto.AppendTelemetryTopic(nil, s.deviceID, s.moduleID, &s.message.SystemProperties, s.message.Properties)
	ca := "/etc/ssl/certs/ca-certificates.crt"
	if s.ours {
		ca = "certs/ca.pem"
	}
	token := "# An hour: az iot hub generate-sas-token --hub-name " + shellQuoted(s.hubName()) + " --device-id " + shellQuoted(s.deviceID) + " --query sas -o tsv\n" +
		"SAS_TOKEN='<the SAS token>'\n"
	return token + "mosquitto_pub -V mqttv311 -q 1 \\\n" +
		"  -h " + shellQuoted(s.bareHost()) + " -p 8883 --cafile " + ca + " \\\n" +
		"  -i " + shellQuoted(hubproto.ClientID(s.deviceID, s.moduleID)) + " \\\n" +
		"  -u " + shellQuoted(user.String()) + " -P \"$SAS_TOKEN\" \\\n" +
		"  -t " + shellQuoted(string(topic)) + " \\\n" +
		"  -m " + shellQuoted(string(s.message.Body)) + "\n"
}

// environment says where the program finds its secret.
func (s *copySource) environment(comment string) string {
	module := ""
	if s.moduleID != "" {
		module = ";ModuleId=" + s.moduleID
	}
	text := comment + " export IOTHUB_DEVICE_CONNECTION_STRING='HostName=" + s.host + ";DeviceId=" + s.deviceID + module + ";SharedAccessKey=" + someKey + "'\n"
	if s.ours {
		text += comment + " The emulator speaks TLS with its own CA, certs/ca.pem, and over 443: see docs/emulator.md.\n"
	}
	return text
}

func (s *copySource) node() string {
	client := "const { " + s.clientClass("Client", "ModuleClient") + ", Message } = require(\"azure-iot-device\");\n"
	set := s.setSystem("//", map[string]string{
		"$.ct": "  message.contentType = %s;", "$.ce": "  message.contentEncoding = %s;", "$.mid": "  message.messageId = %s;",
		"$.cid": "  message.correlationId = %s;", "$.uid": "  message.userId = %s;", "$.to": "  message.to = %s;", "$.exp": "  message.expiryTimeUtc = %s;",
		"$.sub": "  message.properties.add(\"dt-subject\", %s);", "$.ifid": "  message.interfaceId = %s;",
	}, s.outputKey())
	for _, property := range s.message.Properties {
		fmt.Fprintf(set, "  message.properties.add(%s, %s);\n", stringLiteral(property.Name), stringLiteral(property.Value))
	}
	return "// npm install azure-iot-device azure-iot-device-mqtt\n" + s.environment("//") + client +
		"const { MqttWs } = require(\"azure-iot-device-mqtt\"); // MQTT over WebSocket, port 443\n\n" +
		"(async () => {\n" +
		"  const device = " + s.clientClass("Client", "ModuleClient") + ".fromConnectionString(process.env.IOTHUB_DEVICE_CONNECTION_STRING, MqttWs);\n" +
		"  await device.open();\n" +
		"  const message = new Message(" + stringLiteral(string(s.message.Body)) + ");\n" + set.String() +
		"  await device." + s.clientClass("sendEvent(", "sendOutputEvent("+stringLiteral(cmp.Or(s.message.OutputName, "output"))+", ") + "message);\n" +
		"  await device.close();\n" +
		"})();\n"
}

// setSystem sets the system properties as a library has them, a line each; of what it has no way to set, a comment is left. said is
// the key of one that is set elsewhere.
func (s *copySource) setSystem(comment string, lines map[string]string, said string) *strings.Builder {
	set := &strings.Builder{}
	for key, value := range s.message.SystemProperties.All() {
		switch line, ok := lines[key]; {
		case key == said:
		case ok:
			fmt.Fprintf(set, line+"\n", stringLiteral(value))
		default:
			fmt.Fprintf(set, "%s %s (%s) is left out: this library cannot set it.\n", comment, systemName(key), key)
		}
	}
	return set
}

// outputKey is the key of the output's name where the program says it when it sends: from a module.
func (s *copySource) outputKey() string { return s.clientClass("", "$.on") }

// clientClass chooses what SDKs call differently for a module.
func (s *copySource) clientClass(device, module string) string {
	if s.moduleID != "" {
		return module
	}
	return device
}

func (s *copySource) python() string {
	set := s.setSystem("#", map[string]string{
		"$.ct": "message.content_type = %s", "$.ce": "message.content_encoding = %s", "$.mid": "message.message_id = %s",
		"$.cid": "message.correlation_id = %s", "$.uid": "message.user_id = %s", "$.exp": "message.expiry_time_utc = %s",
		"$.on": "message.output_name = %s", "$.sub": "message.custom_properties[\"$.sub\"] = %s",
	}, "")
	for _, property := range s.message.Properties {
		fmt.Fprintf(set, "message.custom_properties[%s] = %s\n", stringLiteral(property.Name), stringLiteral(property.Value))
	}
	class := s.clientClass("IoTHubDeviceClient", "IoTHubModuleClient")
	return "# pip install azure-iot-device\n" + s.environment("#") + "import os\n" +
		"from azure.iot.device import " + class + ", Message\n\n" +
		"client = " + class + ".create_from_connection_string(\n" +
		"    os.environ[\"IOTHUB_DEVICE_CONNECTION_STRING\"],\n" +
		"    websockets=True,  # MQTT over WebSocket, port 443\n" +
		")\n" +
		"client.connect()\n" +
		"message = Message(" + stringLiteral(string(s.message.Body)) + ")\n" + set.String() +
		"client.send_message(message)\n" +
		"client.shutdown()\n"
}

func (s *copySource) golang() string {
	var set strings.Builder
	imports := "\t\"github.com/hubpanel/hubpanel/pkg/hubclient\"\n"
	names := map[string]string{"$.ct": "ContentType", "$.ce": "ContentEncoding", "$.mid": "MessageID", "$.cid": "CorrelationID", "$.uid": "UserID", "$.to": "To",
		"$.exp": "Expiry", "$.ctime": "CreationTime", "$.on": "OutputName", "$.sub": "ComponentName", "$.ifid": "InterfaceID", "$.schema": "MessageSchema",
		"$.diagid": "DiagnosticID", "$.diagctx": "DiagnosticContext"}
	for key, value := range s.message.SystemProperties.All() {
		fmt.Fprintf(&set, "\tmessage.%s = %s\n", names[key], strconv.Quote(value))
	}
	if len(s.message.Properties) > 0 {
		imports += "\t\"github.com/hubpanel/hubpanel/pkg/iothub\"\n"
		set.WriteString("\tmessage.Properties = iothub.Properties{\n")
		for _, property := range s.message.Properties {
			fmt.Fprintf(&set, "\t\t{Name: %s, Value: %s},\n", strconv.Quote(property.Name), strconv.Quote(property.Value))
		}
		set.WriteString("\t}\n")
	}
	return s.environment("//") + `package main

import (
	"context"
	"log"
	"os"

` + imports + `)

func main() {
	credentials, err := hubclient.ParseConnectionString(os.Getenv("IOTHUB_DEVICE_CONNECTION_STRING"))
	if err != nil {
		log.Fatal(err)
	}
	device, err := hubclient.New(credentials, nil) // MQTT over WebSocket, port 443
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	over := make(chan error, 1)
	go func() { over <- device.Run(ctx) }()

	message := hubclient.Message{Body: []byte(` + strconv.Quote(string(s.message.Body)) + `)}
` + set.String() + `	if err := device.Send(ctx, message); err != nil { // returns when the hub has acknowledged it
		log.Print(err)
	}
	stop()
	if err := <-over; err != nil {
		log.Fatal(err)
	}
}
`
}
