package hubproto

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTopics(t *testing.T) {
	for topic, want := range map[string]Topic{
		"devices/d/messages/events/":                                                   {Kind: Telemetry, DeviceID: "d"},
		"devices/d/messages/events/a=b/c":                                              {Kind: Telemetry, DeviceID: "d", Bag: "a=b/c"},
		"devices/d/modules/m/messages/events/%24.on=o/":                                {Kind: Telemetry, DeviceID: "d", ModuleID: "m", Bag: "%24.on=o/"},
		"devices/$a#?%/messages/events/":                                               {Kind: Telemetry, DeviceID: "$a#?%"},
		"devices/messages/messages/events/":                                            {Kind: Telemetry, DeviceID: "messages"},
		"devices/d/messages/devicebound/?a&b=":                                         {Kind: Devicebound, DeviceID: "d", Bag: "?a&b="},
		"devices/d/modules/m/inputs/in 1/a=b":                                          {Kind: ModuleInput, DeviceID: "d", ModuleID: "m", Name: "in 1", Bag: "a=b"},
		"$iothub/methods/POST/c*cmd/?$rid=1":                                           {Kind: MethodRequest, Name: "c*cmd", RID: "1"},
		"$iothub/methods/res/-1/?$rid=%41":                                             {Kind: MethodResponse, Status: -1, RID: "%41"},
		"$iothub/twin/GET/?$rid=4a5b":                                                  {Kind: TwinGet, RID: "4a5b"},
		"$iothub/twin/PATCH/properties/reported/?$rid=p_1":                             {Kind: TwinPatchReported, RID: "p_1"},
		"$iothub/twin/res/204/?$rid=p_1&$version=4":                                    {Kind: TwinResponse, Status: 204, RID: "p_1", Version: 4, HasVersion: true},
		"$iothub/twin/res/429/?$rid=p_1":                                               {Kind: TwinResponse, Status: 429, RID: "p_1"},
		"$iothub/twin/PATCH/properties/desired/?$version=9":                            {Kind: TwinDesired, Version: 9, HasVersion: true},
		"$dps/registrations/PUT/iotdps-register/?$rid=1":                               {Kind: DPSRegister, RID: "1"},
		"$dps/registrations/GET/iotdps-get-operationstatus/?$rid=2&operationId=4.d0a6": {Kind: DPSPoll, RID: "2", OperationID: "4.d0a6"},
		"$dps/registrations/res/202/?$rid=1&retry-after=3":                             {Kind: DPSResponse, Status: 202, RID: "1", RetryAfter: 3 * time.Second, HasRetryAfter: true},
		"$dps/registrations/res/200/?$rid=1":                                           {Kind: DPSResponse, Status: 200, RID: "1"},
	} {
		got, err := ParseTopic(topic)
		require.NoError(t, err, topic)
		require.Equal(t, want, got, topic)
		require.Equal(t, topic, got.String())
		require.NotEqual(t, "unknown", got.Kind.String())
	}
	// Read, though written otherwise.
	got, err := ParseTopic("$dps/registrations/GET/iotdps-get-operationstatus/?operationId=a%2Fb&%24rid=2")
	require.NoError(t, err)
	require.Equal(t, Topic{Kind: DPSPoll, RID: "2", OperationID: "a/b"}, got)
	got, err = ParseTopic("$dps/registrations/res/202/?$rid=1&retry-after=soon")
	require.NoError(t, err)
	require.False(t, got.HasRetryAfter)

	require.Equal(t, "devices/d/messages/devicebound/#", DeviceboundFilter("d"))
	require.Equal(t, "devices/d/modules/m/inputs/#", ModuleInputsFilter("d", "m"))
	require.Empty(t, Topic{}.String())
	require.Equal(t, "unknown", TopicKind(99).String())
	require.Equal(t, "devices/d/modules/m/messages/events/%24.on=o",
		string(AppendTelemetryTopic(nil, "d", "m", &SystemProperties{OutputName: "o"}, nil)))
}

func TestParseTopicSaysWhatIsWrong(t *testing.T) {
	for topic, text := range map[string]string{
		"":                            "telemetry goes to devices/{device id}/messages/events/",
		"a/b":                         "none of IoT Hub's or DPS's",
		"devices/":                    "names no device",
		"devices//messages/events/":   "names no device",
		"devices/d/messages/events":   "lacks its last slash",
		"devices/d/other":             "none of a device's",
		"devices/d/modules/":          "names no module",
		"devices/d/modules/m/x":       "none of a device's",
		"devices/d/modules/m/inputs/": "names no input",
		"devices/d/modules/m/messages/devicebound/":                               "none of a device's",
		"$iothub/methods/POST/m/":                                                 "lacks its ?",
		"$iothub/methods/POST//?$rid=1":                                           "needs one method name",
		"$iothub/methods/POST/a/b/?$rid=1":                                        "needs one method name",
		"$iothub/methods/POST/m?$rid=1":                                           "needs one method name",
		"$iothub/methods/POST/m/?rid=1":                                           "lacks its $rid",
		"$iothub/methods/res/ok/?$rid=1":                                          "needs a status",
		"$iothub/methods/res/99999999999/?$rid=1":                                 "needs a status",
		"$iothub/twin/GET/x/?$rid=1":                                              "? has to follow",
		"$iothub/twin/GET/?$rid=":                                                 "lacks its $rid",
		"$iothub/twin/res/200?$rid=1":                                             "needs a status",
		"$iothub/twin/PATCH/properties/desired/?x":                                "lacks its $version",
		"$iothub/twin/PATCH/properties/desired/?$version=one":                     "not a whole number",
		"$dps/registrations/GET/iotdps-get-operationstatus/?$rid=1":               "lacks its operationId",
		"$dps/registrations/GET/iotdps-get-operationstatus/?$rid=1&operationId=%": "broken % escape",
		"$iothub/twin/other":                                                      "none of IoT Hub's",
	} {
		_, err := ParseTopic(topic)
		require.ErrorContains(t, err, text, topic)
	}
}

func FuzzParseTopic(f *testing.F) {
	f.Add("devices/d/modules/m/messages/events/%24.on=o/")
	f.Add("$dps/registrations/GET/iotdps-get-operationstatus/?$rid=2&operationId=4.d0a6")
	f.Add("$iothub/twin/res/204/?$rid=p_1&$version=4")
	f.Fuzz(func(t *testing.T, topic string) {
		got, err := ParseTopic(topic)
		if err != nil {
			return
		}
		again, err := ParseTopic(got.String())
		require.NoError(t, err)
		// What a kind has no place for in its text is dropped on the way.
		again.Version, again.HasVersion, again.RetryAfter, again.HasRetryAfter, again.OperationID = got.Version, got.HasVersion, got.RetryAfter, got.HasRetryAfter, got.OperationID
		again.RID = got.RID
		require.Equal(t, got, again)
	})
}
