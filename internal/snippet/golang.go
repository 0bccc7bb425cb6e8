package snippet

import (
	"fmt"
	"strings"
)

// goFields are the fields of hubclient.Message by the keys in a property bag.
var goFields = map[string]string{
	"$.mid": "MessageID", "$.cid": "CorrelationID", "$.uid": "UserID", "$.to": "To", "$.exp": "Expiry", "$.ct": "ContentType", "$.ce": "ContentEncoding",
	"$.on": "OutputName", "$.sub": "ComponentName", "$.ifid": "InterfaceID", "$.ctime": "CreationTime", "$.schema": "MessageSchema",
	"$.cdid": "ConnectionDeviceID", "$.cmid": "ConnectionModuleID", "$.diagid": "DiagnosticID", "$.diagctx": "DiagnosticContext", "iothub-ack": "Ack",
}

func (s *Source) golang() string {
	var set strings.Builder
	imports := "\t\"github.com/hubpanel/hubpanel/pkg/hubclient\"\n"
	for key, value := range s.System.All() {
		fmt.Fprintf(&set, "\tmessage.%s = %s\n", goFields[key], goString(value))
	}
	if len(s.Properties) > 0 {
		imports += "\t\"github.com/hubpanel/hubpanel/pkg/iothub\"\n"
		set.WriteString("\tmessage.Properties = iothub.Properties{\n")
		for _, property := range s.Properties {
			fmt.Fprintf(&set, "\t\t{Name: %s, Value: %s},\n", goString(property.Name), goString(property.Value))
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
	ended := make(chan error, 1)
	go func() { ended <- device.Run(ctx) }()

	message := hubclient.Message{Body: []byte(` + goString(string(s.Body)) + `)}
` + set.String() + `	if err := device.Send(ctx, message); err != nil { // returns when the hub has acknowledged it
		log.Print(err)
	}
	stop()
	if err := <-ended; err != nil {
		log.Fatal(err)
	}
}
`
}
