package hubclient

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
	"github.com/hubpanel/hubpanel/pkg/wsconn"
)

// A registering device is one that asks DPS where it belongs.
type registering struct {
	*async
	net        *network
	steps      collected[Step]
	assignment Assignment
}

func startRegister(t *testing.T, e Enrollment, o *Options) *registering {
	t.Helper()
	r := &registering{net: newNetwork(t)}
	options := Options{Dial: r.net.dial, Backoff: func(int) time.Duration { return time.Second }}
	if o != nil {
		options.Trace, options.ClientType = o.Trace, o.ClientType
	}
	e.OnStep = r.steps.add
	r.async = later(t, func() (err error) {
		r.assignment, err = Register(t.Context(), e, &options)
		return err
	})
	return r
}

func (r *registering) wantSteps(kinds ...StepKind) []Step {
	r.t.Helper()
	steps := r.steps.drain()
	var got []StepKind
	for _, s := range steps {
		got = append(got, s.Kind)
	}
	require.Equal(r.t, kinds, got)
	return steps
}

// open plays DPS up to the registration, and returns that.
func (r *registering) open() (*hub, *mqttcodec.Publish) {
	r.t.Helper()
	dps := r.net.accept()
	dps.welcome(hubproto.DPSResponseFilter)
	return dps, want[*mqttcodec.Publish](dps)
}

var individual = Enrollment{IDScope: "0ne00ABCDEF", RegistrationID: "reg-1", Key: testKey}

const (
	assigning = `{"operationId":"4.abc","status":"assigning"}`
	assigned  = `{"operationId":"4.abc","status":"assigned","registrationState":{"registrationId":"reg-1","assignedHub":"hub1.azure-devices.net","deviceId":"dev-7","status":"assigned","substatus":"initialAssignment","payload":{"x":1}}}`
)

func TestRegister(t *testing.T) {
	bubble(t, "an individual enrollment, step by step", func(t *testing.T) {
		e := individual
		e.Payload = json.RawMessage(`{"model":"a"}`)
		r := startRegister(t, e, &Options{ClientType: "my-device/1.0"})
		dps := r.net.accept()
		require.Equal(t, []string{"wss://global.azure-devices-provisioning.net/$iothub/websocket?iothub-no-client-cert=true"}, r.net.urls)
		connect := want[*mqttcodec.Connect](dps)
		require.Equal(t, "reg-1", string(connect.ClientID))
		require.Equal(t, "0ne00ABCDEF/registrations/reg-1/api-version=2019-03-31&ClientVersion=my-device%2F1.0", string(connect.UserName))
		require.True(t, connect.CleanSession)
		token, err := hubproto.ParseSAS(string(connect.Password))
		require.NoError(t, err)
		require.Equal(t, "0ne00ABCDEF/registrations/reg-1", token.Resource)
		require.Equal(t, "registration", token.Policy)
		require.True(t, token.SignedBy(testKey))
		r.wantSteps(StepDialing, StepConnecting)

		dps.send(&mqttcodec.Connack{})
		dps.grant("$dps/registrations/res/#")
		register := dps.wantPublish("$dps/registrations/PUT/iotdps-register/?$rid=1", `{"registrationId":"reg-1","payload":{"model":"a"}}`)
		require.Equal(t, mqttcodec.QoS1, register.QoS)
		r.wantSteps(StepSubscribed, StepRegistering)

		dps.send(&mqttcodec.Puback{PacketID: register.PacketID},
			&mqttcodec.Publish{QoS: 1, PacketID: 3, TopicName: []byte("$dps/registrations/res/202/?$rid=1&retry-after=3"), Payload: []byte(assigning)})
		require.Equal(t, uint16(3), want[*mqttcodec.Puback](dps).PacketID)
		step := r.wantSteps(StepAssigning)[0]
		require.Equal(t, Step{Kind: StepAssigning, Topic: "$dps/registrations/res/202/?$rid=1&retry-after=3", Status: 202,
			OperationID: "4.abc", RetryAfter: 3 * time.Second, Time: time.Now()}, step)
		time.Sleep(3*time.Second - time.Millisecond)
		dps.wantIdle("DPS said 3 s")
		time.Sleep(time.Millisecond)
		dps.wantPublish("$dps/registrations/GET/iotdps-get-operationstatus/?$rid=2&operationId=4.abc", "")

		dps.send(message("$dps/registrations/res/202/?$rid=2", `{"operationId":"4.abc","status":"assigning","registrationState":{"status":"assigning"}}`))
		r.wantSteps(StepPolling, StepAssigning)
		time.Sleep(defaultRetryAfter)
		dps.wantPublish("$dps/registrations/GET/iotdps-get-operationstatus/?$rid=3&operationId=4.abc", "")
		dps.send(message("$dps/registrations/res/200/?$rid=3", assigned))
		want[*mqttcodec.Disconnect](dps)
		dps.wantEnd("that was all")
		require.NoError(t, r.result())
		require.Equal(t, "hub1.azure-devices.net", r.wantSteps(StepPolling, StepAssigned)[1].Detail)
		require.Equal(t, Assignment{
			AssignedHub: "hub1.azure-devices.net", DeviceID: "dev-7", RegistrationID: "reg-1", Status: "assigned",
			Substatus: "initialAssignment", Payload: json.RawMessage(`{"x":1}`),
			Credentials: Credentials{Host: "hub1.azure-devices.net", DeviceID: "dev-7", Key: testKey},
		}, r.assignment)
		_, err = New(r.assignment.Credentials, nil)
		require.NoError(t, err, "ready for New")
	})

	bubble(t, "a group's key is never used itself", func(t *testing.T) {
		e := individual
		e.Key, e.GroupKey, e.Endpoint = nil, testKey, "127.0.0.1:8080"
		r := startRegister(t, e, nil)
		dps := r.net.accept()
		require.Equal(t, []string{"ws://127.0.0.1:8080/$iothub/websocket?iothub-no-client-cert=true"}, r.net.urls)
		token, err := hubproto.ParseSAS(string(dps.welcome(hubproto.DPSResponseFilter).Password))
		require.NoError(t, err)
		derived := DeriveDeviceKey(testKey, "reg-1")
		require.True(t, token.SignedBy(derived))
		dps.wantPublish("$dps/registrations/PUT/iotdps-register/?$rid=1", `{"registrationId":"reg-1"}`)
		dps.send(message("$dps/registrations/res/200/?$rid=1", assigned))
		require.NoError(t, r.result())
		require.Equal(t, derived, r.assignment.Credentials.Key)
	})

	for _, tt := range []struct{ name, body, text string }{
		{"failed", `{"operationId":"4","status":"failed","registrationState":{"status":"failed","errorCode":401002,"errorMessage":"custom allocation failed"}}`,
			"DPS did not assign reg-1 to a hub: status failed (401002): custom allocation failed"},
		{"disabled", `{"operationId":"4","status":"disabled"}`, "status disabled: enable its enrollment"},
		{"assigned to nothing", `{"operationId":"4","status":"assigned"}`, "names no hub"},
		{"at work on nothing", `{"status":"assigning"}`, "names no operation"},
		{"no JSON", `<html>`, "not JSON"},
	} {
		bubble(t, tt.name, func(t *testing.T) {
			r := startRegister(t, individual, nil)
			dps, _ := r.open()
			dps.send(message("$dps/registrations/res/200/?$rid=1", tt.body))
			require.ErrorContains(t, r.result(), tt.text)
			steps := r.steps.drain()
			require.Equal(t, StepFailed, steps[len(steps)-1].Kind)
			require.Contains(t, steps[len(steps)-1].Detail, tt.text)
		})
	}

	bubble(t, "a refusal is typed and final", func(t *testing.T) {
		r := startRegister(t, individual, nil)
		dps, _ := r.open()
		dps.send(message("$dps/registrations/res/401/?$rid=1", `{"errorCode":401002,"trackingId":"T","message":"Invalid certificate.","timestampUtc":"x"}`))
		err := r.result()
		var status *StatusError
		require.ErrorAs(t, err, &status)
		require.Equal(t, 401, status.Code)
		require.EqualError(t, err, "hubclient: DPS register: status 401 (401002): Invalid certificate, tracking id T: check the key and the registration id")
		steps := r.wantSteps(StepDialing, StepConnecting, StepSubscribed, StepRegistering, StepFailed)
		require.Equal(t, 401, steps[4].Status)
	})

	bubble(t, "a busy service is asked again, after the time that it names", func(t *testing.T) {
		r := startRegister(t, individual, nil)
		dps, _ := r.open()
		dps.send(message("$dps/registrations/res/429/?$rid=1&retry-after=9", `{"errorCode":429001}`))
		time.Sleep(9*time.Second - time.Millisecond)
		dps.wantIdle("not yet")
		time.Sleep(time.Millisecond)
		dps.wantPublish("$dps/registrations/PUT/iotdps-register/?$rid=2", `{"registrationId":"reg-1"}`)
		dps.send(message("$dps/registrations/res/202/?$rid=2&retry-after=3", assigning))
		time.Sleep(3 * time.Second)
		want[*mqttcodec.Publish](dps)
		dps.send(message("$dps/registrations/res/500/?$rid=3", `{}`))
		time.Sleep(defaultRetryAfter)
		dps.wantPublish("$dps/registrations/GET/iotdps-get-operationstatus/?$rid=4&operationId=4.abc", "")
		dps.send(message("$dps/registrations/res/200/?$rid=4", assigned))
		require.NoError(t, r.result())
	})

	bubble(t, "a service that stays busy is given up", func(t *testing.T) {
		r := startRegister(t, individual, nil)
		dps, _ := r.open()
		for rid := 1; rid <= maxTries; rid++ {
			dps.send(message(fmt.Sprintf("$dps/registrations/res/503/?$rid=%d", rid), `{}`))
			synctest.Wait()
			time.Sleep(defaultRetryAfter)
		}
		require.ErrorContains(t, r.result(), "status 503: try again later")
	})

	bubble(t, "a wrong key is refused three times before it is final", func(t *testing.T) {
		r := startRegister(t, individual, nil)
		for range maxRefusals {
			dps := r.net.accept()
			want[*mqttcodec.Connect](dps)
			dps.send(&mqttcodec.Connack{ReturnCode: mqttcodec.NotAuthorized})
			dps.wantEnd("refused")
			time.Sleep(time.Second)
		}
		var refused *ConnectError
		require.ErrorAs(t, r.result(), &refused)
		wantNoSecret(t, refused.Error())
	})

	bubble(t, "a broken connection begins again, and a host that stays away is given up", func(t *testing.T) {
		r := startRegister(t, individual, nil)
		dps, _ := r.open()
		dps.send(message("$dps/registrations/res/202/?$rid=1&retry-after=30", assigning))
		synctest.Wait()
		dps.cut()
		r.wantSteps(StepDialing, StepConnecting, StepSubscribed, StepRegistering, StepAssigning, StepFailed)
		r.net.setFail(&net.DNSError{Err: "no such host", IsNotFound: true})
		for range maxTries {
			time.Sleep(time.Second)
			synctest.Wait()
		}
		var dial *DialError
		require.ErrorAs(t, r.result(), &dial)
	})

	bubble(t, "a page whose own policy forbids DPS is an error at once", func(t *testing.T) {
		n := newNetwork(t)
		n.setFail(&wsconn.HandshakeError{Err: wsconn.ErrPolicy})
		_, err := Register(t.Context(), individual, &Options{Dial: n.dial})
		require.ErrorIs(t, err, wsconn.ErrPolicy)
		require.Len(t, n.urls, 1)
	})

	bubble(t, "the end of the context ends it, wherever it is", func(t *testing.T) {
		e := individual
		n := newNetwork(t)
		ctx, cancel := context.WithCancel(t.Context())
		call := later(t, func() error {
			_, err := Register(ctx, e, &Options{Dial: n.dial})
			return err
		})
		dps := n.accept()
		dps.welcome(hubproto.DPSResponseFilter)
		want[*mqttcodec.Publish](dps)
		dps.send(message("$dps/registrations/res/202/?$rid=1&retry-after=30", assigning))
		synctest.Wait()
		cancel()
		require.ErrorIs(t, call.result(), context.Canceled)
		dps.wantEnd("nothing is left behind")
	})

	bubble(t, "an answer to another question is nobody's", func(t *testing.T) {
		r := startRegister(t, individual, nil)
		dps, _ := r.open()
		dps.send(message("$dps/registrations/res/200/?$rid=77", assigned), message("devices/x/messages/devicebound/", ""))
		r.wantPending("it asked under $rid 1")
		time.Sleep(requestTimeout)
		dps.wantEnd("thirty seconds without an answer")
	})
}

func TestRegisterChecksItsArguments(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*Enrollment)
		text   string
	}{
		"no scope":       {func(e *Enrollment) { e.IDScope = "" }, "ID scope is empty"},
		"no id":          {func(e *Enrollment) { e.RegistrationID = "" }, "registration id is empty"},
		"a bad id":       {func(e *Enrollment) { e.RegistrationID = "a." }, "registration id ends with '.'"},
		"no secret":      {func(e *Enrollment) { e.Key = nil }, "exactly one of"},
		"both keys":      {func(e *Enrollment) { e.GroupKey = testKey }, "not both"},
		"a bad endpoint": {func(e *Enrollment) { e.Endpoint = "a b" }, "DPS endpoint holds"},
		"a payload":      {func(e *Enrollment) { e.Payload = []byte("{") }, "payload is not JSON"},
		"another's token": {func(e *Enrollment) {
			e.Key, e.SharedAccessSignature = nil, "SharedAccessSignature sr=x&sig=eA%3D%3D&se=1"
		}, "the token is for"},
	} {
		t.Run(name, func(t *testing.T) {
			e := individual
			tt.change(&e)
			_, err := Register(t.Context(), e, nil)
			require.ErrorContains(t, err, tt.text)
			wantNoSecret(t, err.Error())
		})
	}
}
