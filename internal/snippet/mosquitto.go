package snippet

import "github.com/hubpanel/hubpanel/internal/hubproto"

func (s *Source) mosquitto() string {
	user := hubproto.Username{Host: s.bareHost(), DeviceID: s.DeviceID, ModuleID: s.ModuleID, APIVersion: hubproto.APIVersion}
	topic := hubproto.AppendTelemetryTopic(nil, s.DeviceID, s.ModuleID, &s.System, s.Properties)
	ca := "/etc/ssl/certs/ca-certificates.crt"
	if s.Ours {
		ca = "certs/ca.pem"
	}
	token := "# An hour: az iot hub generate-sas-token --hub-name " + bashLine(s.hubName()) + " --device-id " + bashLine(s.DeviceID) + " --query sas -o tsv\n" +
		"SAS_TOKEN='<the SAS token>'\n"
	return token + "mosquitto_pub -V mqttv311 -q 1 \\\n" +
		"  -h " + bashWord(s.bareHost()) + " -p 8883 --cafile " + ca + " \\\n" +
		"  -i " + bashWord(hubproto.ClientID(s.DeviceID, s.ModuleID)) + " \\\n" +
		"  -u " + bashWord(user.String()) + " -P \"$SAS_TOKEN\" \\\n" +
		"  -t " + bashWord(string(topic)) + " \\\n" +
		"  -m " + bashWord(string(s.Body)) + "\n"
}
