package emulator_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/emulator"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

const register = "$dps/registrations/PUT/iotdps-register/?$rid=1"

// dpsConnect is what azure-iot-provisioning-device-mqtt sends.
func dpsConnect(registrationID string, key []byte) *mqttcodec.Connect {
	return &mqttcodec.Connect{
		CleanSession: true, ClientID: []byte(registrationID), UserNameFlag: true, PasswordFlag: true,
		UserName: []byte(emulator.DefaultIDScope + "/registrations/" + registrationID + "/api-version=2019-03-31&ClientVersion=azure-iot-provisioning-device-mqtt%2F1.8.1"),
		Password: []byte(hubproto.SignSAS(key, emulator.DefaultIDScope+"/registrations/"+registrationID, "registration", time.Now().Add(time.Hour))),
	}
}

func (w *world) dpsConnect(registrationID string, key []byte) *peer {
	w.t.Helper()
	d := w.dial()
	d.send(dpsConnect(registrationID, key))
	d.want("connected to DPS", &mqttcodec.Connack{})
	d.subscribe(mqttcodec.QoS1, hubproto.DPSResponseFilter)
	return d
}

// answer reads a JSON answer of DPS with a status and topic.
func (p *peer) answer(why, topic string) (body struct {
	OperationID string                     `json:"operationId"`
	Status      string                     `json:"status"`
	State       emulator.RegistrationState `json:"registrationState"`
	ErrorCode   int                        `json:"errorCode"`
	Message     string                     `json:"message"`
}) {
	p.t.Helper()
	m := p.wantPublish(why, topic, "*")
	if m.QoS == mqttcodec.QoS1 {
		p.send(&mqttcodec.Puback{PacketID: m.PacketID})
	}
	require.NoError(p.t, json.Unmarshal(m.Payload, &body), why)
	return body
}

func (w *world) enroll(e emulator.Enrollment) emulator.Enrollment {
	w.t.Helper()
	e, err := w.Enroll(w.t.Context(), e)
	require.NoError(w.t, err)
	return e
}

func TestProvisioning(t *testing.T) {
	bubble(t, &emulator.Hub{}, func(t *testing.T, w *world) {
		e := w.enroll(emulator.Enrollment{RegistrationID: "Reg-1", DeviceID: "pump", Enrolled: emulator.Enrolled{
			InitialTwin: &emulator.InitialTwin{Tags: json.RawMessage(`{"site":"north"}`), Properties: struct {
				Desired json.RawMessage `json:"desired,omitempty"`
			}{json.RawMessage(`{"interval":10}`)}},
		}})
		d := w.dpsConnect("reg-1", mustKey(t, e.Attestation.SymmetricKey.PrimaryKey))
		d.publish(register, `{"registrationId":"reg-1"}`, 2)
		d.wantPuback("before the answer: the C# SDK insists", 2)
		first := d.answer("assigning", "$dps/registrations/res/202/?$rid=1&retry-after=1")
		require.Equal(t, "assigning", first.Status)
		require.NotEmpty(t, first.OperationID)

		poll := func(rid int) string {
			return fmt.Sprintf("$dps/registrations/GET/iotdps-get-operationstatus/?$rid=%d&operationId=%s", rid, first.OperationID)
		}
		time.Sleep(time.Second)
		d.publish(poll(2), " ", 0) // Node sends a space
		require.Equal(t, "assigning", d.answer("not yet", "$dps/registrations/res/202/?$rid=2&retry-after=1").Status)
		time.Sleep(time.Second)
		d.publish(poll(3), "", 0)
		last := d.answer("assigned", "$dps/registrations/res/200/?$rid=3")
		require.Equal(t, "assigned", last.Status)
		require.Equal(t, host, last.State.AssignedHub, "the name by which the device came")
		require.Equal(t, "pump", last.State.DeviceID)
		require.Equal(t, "initialAssignment", last.State.Substatus)

		device := mustDevice(t, w.Hub, "pump")
		require.Equal(t, *e.Attestation.SymmetricKey, device.Authentication.SymmetricKey)
		p := w.connect(device)
		p.subscribe(mqttcodec.QoS0, hubproto.TwinResponseFilter)
		p.publish(twinGet, "", 0)
		p.wantPublish("the initial twin", "$iothub/twin/res/200/?$rid=r1", `{"desired":{"$version":2,"interval":10},"reported":{"$version":1}}`)
		w.wantLogged("in words", `assigned to hub.test as device "pump"`)

		d.publish("$dps/registrations/GET/iotdps-get-operationstatus/?$rid=4&operationId=other", "", 0)
		require.Equal(t, 404202, d.answer("another's operation", "$dps/registrations/res/404/?$rid=4").ErrorCode)
		d.publish(register, `{"registrationId":"someone-else"}`, 0)
		require.Equal(t, 400004, d.answer("another's registration", "$dps/registrations/res/400/?$rid=1").ErrorCode)
		d.publish("devices/reg-1/messages/events/", "", 0)
		d.wantClosed("DPS takes no telemetry")
	})
}

func TestProvisioningByGroup(t *testing.T) {
	bubble(t, &emulator.Hub{AssigningTime: -1, HostName: "named.hub"}, func(t *testing.T, w *world) {
		const groupKey = "8isrFI1sGsIlvvFSSFRiMfCNzv21fjbE/+ah/lSh3lF8e2YG1Te7w1KpZhJFFXJrqYKi9yegxkqIChbqOS9Egw=="
		const id = "sn-007-888-abc-mac-a1-b2-c3-d4-e5-f6"
		const deviceKey = "Jsm0lyGpjaVYVP2g3FnmnmG9dI/9qU24wNoykUmermc=" // D-SYM's vector
		_, err := w.EnrollGroup(t.Context(), emulator.EnrollmentGroup{EnrollmentGroupID: "group", Enrolled: emulator.Enrolled{
			Attestation: emulator.Attestation{SymmetricKey: &emulator.SymmetricKey{PrimaryKey: groupKey}}}})
		require.NoError(t, err)
		d := w.dpsConnect(id, mustKey(t, deviceKey))
		d.publish(register, "", 0) // C# sends nothing when it has no payload
		body := d.answer("assigned at once", "$dps/registrations/res/200/?$rid=1")
		require.Equal(t, "named.hub", body.State.AssignedHub)
		require.Equal(t, id, body.State.DeviceID)
		require.Equal(t, deviceKey, mustDevice(t, w.Hub, id).Authentication.SymmetricKey.PrimaryKey)
	})
}

func TestProvisioningRefusals(t *testing.T) {
	bubble(t, &emulator.Hub{}, func(t *testing.T, w *world) {
		e := w.enroll(emulator.Enrollment{RegistrationID: "reg-1"})
		key := mustKey(t, e.Attestation.SymmetricKey.PrimaryKey)
		scoped := func(sr, policy string) string { return hubproto.SignSAS(key, sr, policy, time.Now().Add(time.Hour)) }
		for _, c := range []struct {
			why    string
			change func(*mqttcodec.Connect)
			logged string
		}{
			{"an unknown registration id", func(p *mqttcodec.Connect) { *p = *dpsConnect("reg-2", key) }, "no enrollment for registration id"},
			{"a wrong key", func(p *mqttcodec.Connect) { *p = *dpsConnect("reg-1", []byte("0123456789abcdef")) }, "not made with a key of this enrollment"},
			{"another scope", func(p *mqttcodec.Connect) {
				p.UserName = []byte("0ne00OTHER/registrations/reg-1/api-version=2019-03-31")
			}, "the ID scope"},
			{"another client id", func(p *mqttcodec.Connect) { p.ClientID = []byte("reg-2") }, "client id"},
			{"without skn", func(p *mqttcodec.Connect) {
				p.Password = []byte(scoped(emulator.DefaultIDScope+"/registrations/reg-1", ""))
			}, "the token's policy"},
			{"another's token", func(p *mqttcodec.Connect) {
				p.Password = []byte(scoped(emulator.DefaultIDScope+"/registrations/reg-2", "registration"))
			}, "the token is for"},
			{"no password", func(p *mqttcodec.Connect) { p.PasswordFlag, p.Password = false, nil }, "no password"},
			{"a Will", func(p *mqttcodec.Connect) { p.WillFlag, p.WillTopic = true, []byte("x") }, "no Will"},
		} {
			p := dpsConnect("reg-1", key)
			c.change(p)
			w.refused(c.why, p, mqttcodec.NotAuthorized, c.logged)
		}

		e.ProvisioningStatus = emulator.StatusDisabled
		w.enroll(e)
		d := w.dpsConnect("reg-1", key)
		d.publish(register, "", 0)
		require.Equal(t, "disabled", d.answer("a disabled enrollment", "$dps/registrations/res/200/?$rid=1").Status)
		_, err := w.Device("reg-1")
		requireCode(t, 404001, err)
		d.send(&mqttcodec.Subscribe{PacketID: 3, Subscriptions: []mqttcodec.Subscription{{TopicFilter: []byte(hubproto.MethodsFilter)}}})
		d.wantClosed("DPS has one filter")
	})
}

func TestProvisioningAgain(t *testing.T) {
	bubble(t, &emulator.Hub{AssigningTime: -1}, func(t *testing.T, w *world) {
		e := w.enroll(emulator.Enrollment{RegistrationID: "reg-1"})
		key := mustKey(t, e.Attestation.SymmetricKey.PrimaryKey)
		again := func() string {
			d := w.dpsConnect("reg-1", key)
			d.publish(register, "", 0)
			return d.answer("assigned", "$dps/registrations/res/200/?$rid=1").State.Substatus
		}
		require.Equal(t, "initialAssignment", again())
		_, err := w.PatchDesired(t.Context(), "reg-1", json.RawMessage(`{"a":1}`))
		require.NoError(t, err)
		old := mustDevice(t, w.Hub, "reg-1")
		require.Equal(t, "initialAssignment", again())
		require.Equal(t, old, mustDevice(t, w.Hub, "reg-1"), "the device keeps its data")

		e.ReprovisionPolicy = &emulator.ReprovisionPolicy{UpdateHubAssignment: true}
		w.enroll(e)
		require.Equal(t, "deviceDataReset", again())
		require.NotEqual(t, old.GenerationID, mustDevice(t, w.Hub, "reg-1").GenerationID)
	})
}

func TestCustomAllocation(t *testing.T) {
	custom := emulator.Enrollment{RegistrationID: "reg-1", Enrolled: emulator.Enrolled{AllocationPolicy: "custom",
		Attestation: emulator.Attestation{SymmetricKey: &emulator.SymmetricKey{PrimaryKey: base64.StdEncoding.EncodeToString([]byte("0123456789abcdef"))}}}}
	key := []byte("0123456789abcdef")
	t.Run("without a hook the payload comes back", func(t *testing.T) {
		bubble(t, &emulator.Hub{AssigningTime: -1}, func(t *testing.T, w *world) {
			w.enroll(custom)
			d := w.dpsConnect("reg-1", key)
			d.publish(register, `{"payload":{"model":7}}`, 0)
			require.JSONEq(t, `{"model":7}`, string(d.answer("assigned", "$dps/registrations/res/200/?$rid=1").State.Payload))
		})
	})
	t.Run("a hook decides", func(t *testing.T) {
		hub := &emulator.Hub{AssigningTime: -1, Allocate: func(_ context.Context, a emulator.Allocation) (emulator.Allocation, error) {
			if !strings.Contains(string(a.Payload), "7") {
				return a, errors.New("unknown model")
			}
			a.Hub, a.Payload = "far.away", json.RawMessage(`"welcome"`)
			return a, nil
		}}
		bubble(t, hub, func(t *testing.T, w *world) {
			w.enroll(custom)
			d := w.dpsConnect("reg-1", key)
			d.publish(register, `{"payload":{"model":7}}`, 0)
			state := d.answer("assigned", "$dps/registrations/res/200/?$rid=1").State
			require.Equal(t, "far.away", state.AssignedHub)
			require.Equal(t, `"welcome"`, string(state.Payload))
			d.publish(register, `{"payload":{"model":8}}`, 0)
			require.Contains(t, d.answer("refused", "$dps/registrations/res/400/?$rid=1").Message, "unknown model")
		})
	})
}
