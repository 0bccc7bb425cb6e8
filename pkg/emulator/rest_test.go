package emulator_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/emulator"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// rest makes a request as azure-iothub 1.16.6 does, with the owner's token of the service that the path belongs to.
func (w *world) rest(method, target, body string, header map[string]string) *emulator.Response {
	w.t.Helper()
	policy := "iothubowner"
	if strings.HasPrefix(target, "/enrollment") || strings.HasPrefix(target, "/registrations") {
		policy = "provisioningserviceowner"
	}
	return w.restAs(policy, method, target, body, header)
}

func (w *world) restAs(policy, method, target, body string, header map[string]string) *emulator.Response {
	w.t.Helper()
	path, query, _ := strings.Cut(target, "?")
	values, err := url.ParseQuery(query)
	require.NoError(w.t, err)
	x := &emulator.Request{Method: method, Path: path, Query: values, Body: []byte(body), Host: host, Header: map[string]string{
		"Authorization": hubproto.SignSAS(servicePolicies(w.t, w.Hub)[policy], host, policy, time.Now().Add(time.Hour)),
		"Content-Type":  "application/json; charset=utf-8",
	}}
	for name, value := range header {
		x.Header[name] = value
	}
	return w.Do(w.t.Context(), x)
}

// wantJSON checks an answer, and returns its body.
func (w *world) wantJSON(why string, status int, res *emulator.Response) map[string]any {
	w.t.Helper()
	require.Equal(w.t, status, res.Status, "%s: %s", why, res.Body)
	require.Contains(w.t, res.Header["Content-Type"], "application/json", why)
	var doc map[string]any
	require.NoError(w.t, json.Unmarshal(res.Body, &doc), why)
	return doc
}

func (w *world) wantError(why string, status int, name string, res *emulator.Response) {
	w.t.Helper()
	doc := w.wantJSON(why, status, res)
	require.Equal(w.t, name, res.Header["Iothub-Errorcode"], why)
	require.True(w.t, strings.HasPrefix(doc["Message"].(string), "ErrorCode:"+name+";"), "%s: %s", why, doc["Message"])
	require.Contains(w.t, doc["ExceptionMessage"], "Tracking ID:", why)
}

func TestRESTRegistry(t *testing.T) {
	bubble(t, &emulator.Hub{}, func(t *testing.T, w *world) {
		create := `{"deviceId":"dev 1","status":"enabled"}`
		w.wantError("a space in an id", 400, "ArgumentInvalid", w.rest("PUT", "/devices/dev 1?api-version=2021-04-12", create, nil))
		create = `{"deviceId":"dev-1","capabilities":{"iotEdge":false},"authentication":{"type":"sas","symmetricKey":{"primaryKey":"","secondaryKey":""}}}`
		doc := w.wantJSON("created", 200, w.rest("PUT", "/devices/dev-1?api-version=2021-04-12", create, nil))
		key := doc["authentication"].(map[string]any)["symmetricKey"].(map[string]any)
		require.Len(t, key["primaryKey"], 44, "made by the hub")
		require.NotEqual(t, key["primaryKey"], key["secondaryKey"])
		require.Equal(t, "Disconnected", doc["connectionState"])
		w.wantError("created twice", 409, "DeviceAlreadyExists", w.rest("PUT", "/devices/dev-1", create, nil))

		update := `{"deviceId":"dev-1","status":"disabled","statusReason":"test"}`
		w.wantError("an old ETag", 412, "PreconditionFailed", w.rest("PUT", "/devices/dev-1", update, map[string]string{"If-Match": `"b2xk"`}))
		changed := w.wantJSON("changed", 200, w.rest("PUT", "/devices/dev-1", update, map[string]string{"If-Match": `"` + doc["etag"].(string) + `"`}))
		require.Equal(t, "disabled", changed["status"])
		require.Equal(t, key, changed["authentication"].(map[string]any)["symmetricKey"], "empty keys stay as they are")
		require.NotEqual(t, doc["etag"], changed["etag"])
		res := w.rest("GET", "/devices/dev-1", "", nil)
		require.Equal(t, `"`+changed["etag"].(string)+`"`, res.Header["Etag"], "quoted")
		w.wantError("unknown", 404, "DeviceNotFound", w.rest("GET", "/devices/dev-2", "", nil))
		w.wantError("update of nothing", 404, "DeviceNotFound", w.rest("PUT", "/devices/dev-2", `{}`, map[string]string{"If-Match": "*"}))
		w.wantError("body and path differ", 400, "ArgumentInvalid", w.rest("PUT", "/devices/dev-2", create, nil))
		w.wantError("no JSON", 400, "ArgumentInvalid", w.rest("PUT", "/devices/dev-2", "{", nil))
		w.wantError("a short key", 400, "ArgumentInvalid", w.rest("PUT", "/devices/dev-2", `{"authentication":{"symmetricKey":{"primaryKey":"a2V5"}}}`, nil))

		w.wantJSON("a module", 200, w.rest("PUT", "/devices/dev-1/modules/mod-1", `{"moduleId":"mod-1","deviceId":"dev-1"}`, nil))
		w.wantError("twice", 409, "ModuleAlreadyExistsOnDevice", w.rest("PUT", "/devices/dev-1/modules/mod-1", `{}`, nil))
		require.Contains(t, string(w.rest("GET", "/devices/dev-1/modules", "", nil).Body), `"moduleId":"mod-1"`)
		w.wantJSON("a second device", 200, w.rest("PUT", "/devices/dev-2", `{"deviceId":"dev-2"}`, nil))
		var list []emulator.Device
		require.NoError(t, json.Unmarshal(w.rest("GET", "/devices/", "", nil).Body, &list))
		require.Equal(t, []string{"dev-1", "dev-2"}, []string{list[0].DeviceID, list[1].DeviceID}, "devices only")
		require.NoError(t, json.Unmarshal(w.rest("GET", "/devices?top=1", "", nil).Body, &list))
		require.Len(t, list, 1)
		require.JSONEq(t, `{"totalDeviceCount":2,"enabledDeviceCount":1,"disabledDeviceCount":1}`, string(w.rest("GET", "/statistics/devices", "", nil).Body))
		require.JSONEq(t, `{"connectedDeviceCount":0}`, string(w.rest("GET", "/statistics/service", "", nil).Body))

		w.wantError("an old ETag", 412, "PreconditionFailed", w.rest("DELETE", "/devices/dev-1", "", map[string]string{"If-Match": `"b2xk"`}))
		res = w.rest("DELETE", "/devices/dev-1", "", map[string]string{"If-Match": `"*"`})
		require.Equal(t, 204, res.Status)
		require.Empty(t, res.Body)
		w.wantError("its modules went with it", 404, "DeviceNotFound", w.rest("GET", "/devices/dev-1/modules/mod-1", "", nil))
	})
}

func TestRESTBulk(t *testing.T) {
	bubble(t, &emulator.Hub{}, func(t *testing.T, w *world) {
		doc := w.wantJSON("three in one", 200, w.rest("POST", "/devices", `[
			{"id":"a","importMode":"create","status":"enabled"},
			{"id":"b","importMode":"create","tags":{"x":1},"properties":{"desired":{"y":2}}},
			{"id":"a","importMode":"Update","status":"disabled"}]`, nil))
		require.Equal(t, true, doc["isSuccessful"])
		require.Equal(t, emulator.Status("disabled"), mustDevice(t, w.Hub, "a").Status)
		twin := w.wantJSON("its twin", 200, w.rest("GET", "/twins/b", "", nil))
		require.Equal(t, map[string]any{"x": 1.0}, twin["tags"])
		doc = w.wantJSON("one of two fails", 400, w.rest("POST", "/devices", `[{"id":"a","importMode":"create"},{"id":"b","importMode":"Delete"}]`, nil))
		require.Equal(t, false, doc["isSuccessful"])
		require.Equal(t, 409001.0, doc["errors"].([]any)[0].(map[string]any)["errorCode"])
		w.wantError("the other was done", 404, "DeviceNotFound", w.rest("GET", "/devices/b", "", nil))
	})
}

func TestRESTTwin(t *testing.T) {
	bubble(t, &emulator.Hub{}, func(t *testing.T, w *world) {
		d := w.connect(w.put("dev-1"))
		d.subscribe(mqttcodec.QoS0, hubproto.TwinDesiredFilter)
		doc := w.wantJSON("new", 200, w.rest("GET", "/twins/dev-1", "", nil))
		require.Equal(t, "AAAAAAAAAAE=", doc["etag"])
		require.Equal(t, 1.0, doc["version"])
		require.Equal(t, "Connected", doc["connectionState"])

		doc = w.wantJSON("patched", 200, w.rest("PATCH", "/twins/dev-1", `{"tags":{"city":"Ulm","old":null},"properties":{"desired":{"a":{"b":1},"c":2}}}`,
			map[string]string{"If-Match": `"AAAAAAAAAAE="`}))
		d.wantPublish("told", "$iothub/twin/PATCH/properties/desired/?$version=2", `{"$version":2,"a":{"b":1},"c":2}`)
		require.Equal(t, "AAAAAAAAAAI=", doc["etag"])
		require.Equal(t, map[string]any{"city": "Ulm"}, doc["tags"])
		desired := doc["properties"].(map[string]any)["desired"].(map[string]any)
		require.Equal(t, map[string]any{
			"a": map[string]any{"b": 1.0}, "c": 2.0, "$version": 2.0,
			"$metadata": map[string]any{"$lastUpdated": "2000-01-01T00:00:00.0000000Z", "$lastUpdatedVersion": 2.0,
				"a": map[string]any{"$lastUpdated": "2000-01-01T00:00:00.0000000Z", "$lastUpdatedVersion": 2.0,
					"b": map[string]any{"$lastUpdated": "2000-01-01T00:00:00.0000000Z", "$lastUpdatedVersion": 2.0}},
				"c": map[string]any{"$lastUpdated": "2000-01-01T00:00:00.0000000Z", "$lastUpdatedVersion": 2.0}},
		}, desired)
		w.wantError("an old ETag", 412, "PreconditionFailed", w.rest("PATCH", "/twins/dev-1", `{"tags":{}}`, map[string]string{"If-Match": `"AAAAAAAAAAE="`}))
		w.wantError("no object", 400, "ArgumentInvalid", w.rest("PATCH", "/twins/dev-1", `{"properties":{"desired":null}}`, nil))
		w.wantError("tags over 8 KiB", 413, "MessageTooLarge", w.rest("PATCH", "/twins/dev-1",
			`{"tags":{"a":"`+strings.Repeat("x", 4096)+`","b":"`+strings.Repeat("x", 4096)+`"}}`, nil))

		doc = w.wantJSON("replaced", 200, w.rest("PUT", "/twins/dev-1", `{"properties":{"desired":{"c":3,"$version":99}}}`, nil))
		d.wantPublish("the new content, and null for what went away", "$iothub/twin/PATCH/properties/desired/?$version=3", `{"$version":3,"a":null,"c":3}`)
		require.Empty(t, doc["tags"])
		doc = w.wantJSON("tags alone", 200, w.rest("PATCH", "/twins/dev-1", `{"tags":{"city":"Ulm"}}`, nil))
		d.wantIdle("are nothing for the device")
		require.Equal(t, 3.0, doc["properties"].(map[string]any)["desired"].(map[string]any)["$version"])
		w.wantError("unknown", 404, "DeviceNotFound", w.rest("GET", "/twins/nobody", "", nil))
		w.wantError("unknown module", 404, "ModuleNotFound", w.rest("GET", "/twins/dev-1/modules/nobody", "", nil))
	})
}

func TestRESTMethodOffline(t *testing.T) {
	bubble(t, &emulator.Hub{}, func(t *testing.T, w *world) {
		w.put("dev-1")
		res := w.rest("POST", "/twins/dev-1/methods", `{"methodName":"reboot","payload":null,"responseTimeoutInSeconds":30,"connectTimeoutInSeconds":0}`, nil)
		require.Equal(t, "DeviceNotOnline", res.Header["Iothub-Errorcode"])
		doc := w.wantJSON("offline", 404, res)
		var inner map[string]any
		require.NoError(t, json.Unmarshal([]byte(doc["Message"].(string)), &inner), "JSON inside the string, since 2018")
		require.Equal(t, 404103.0, inner["errorCode"])
		for _, body := range []string{`{"methodName":"m","responseTimeoutInSeconds":4}`, `{"methodName":"m","responseTimeoutInSeconds":301}`,
			`{"methodName":"m","connectTimeoutInSeconds":-1}`, `{"methodName":"m","responseTimeoutInSeconds":99999999999999}`} {
			w.wantError(body, 400, "ArgumentInvalid", w.rest("POST", "/twins/dev-1/methods", body, nil))
		}
	})
}

func TestRESTQuery(t *testing.T) {
	bubble(t, &emulator.Hub{}, func(t *testing.T, w *world) {
		for _, id := range []string{"a", "b", "c"} {
			w.put(id)
			w.rest("PATCH", "/twins/"+id, `{"tags":{"name":"`+id+`"},"properties":{"desired":{"n":`+map[string]string{"a": "1", "b": "2", "c": "3"}[id]+`}}}`, nil)
		}
		w.put("a/mod")
		query := func(text string, header map[string]string) *emulator.Response {
			raw, err := json.Marshal(map[string]string{"query": text})
			require.NoError(t, err)
			return w.rest("POST", "/devices/query?api-version=2021-04-12", string(raw), header)
		}
		ids := func(res *emulator.Response) (all []string) {
			var docs []map[string]any
			require.NoError(t, json.Unmarshal(res.Body, &docs), string(res.Body))
			for _, d := range docs {
				all = append(all, d["deviceId"].(string))
			}
			return all
		}
		require.Equal(t, []string{"b", "c"}, ids(query("SELECT * FROM devices WHERE properties.desired.n >= 2", nil)))
		require.Equal(t, []string{"a"}, ids(query("SELECT * FROM devices.modules", nil)))
		res := query("SELECT * FROM devices", map[string]string{"x-ms-max-item-count": "2"})
		require.Equal(t, []string{"a", "b"}, ids(res))
		require.Equal(t, "Twin", res.Header["X-Ms-Item-Type"])
		res = query("SELECT * FROM devices", map[string]string{"x-ms-max-item-count": "2", "x-ms-continuation": res.Header["X-Ms-Continuation"]})
		require.Equal(t, []string{"c"}, ids(res))
		require.NotContains(t, res.Header, "X-Ms-Continuation", "absent at the end")
		require.JSONEq(t, `[{"n":2}]`, string(query("SELECT COUNT() AS n FROM devices WHERE tags.name IN ['a','c']", nil).Body))
		require.JSONEq(t, `[]`, string(query("SELECT * FROM devices WHERE tags.nothing = 1", nil).Body))
		w.wantError("a broken query", 400, "ArgumentInvalid", query("SELECT * FROM devices WHERE", nil))
	})
}

func TestRESTAuthorisation(t *testing.T) {
	bubble(t, &emulator.Hub{}, func(t *testing.T, w *world) {
		device := w.put("dev-1")
		owner := servicePolicies(t, w.Hub)["iothubowner"]
		get := func(token string) *emulator.Response {
			return w.rest("GET", "/devices/dev-1", "", map[string]string{"Authorization": token})
		}
		soon := time.Now().Add(time.Minute)
		for why, token := range map[string]string{
			"none":                "",
			"not a token":         "Bearer x",
			"expired":             hubproto.SignSAS(owner, host, "iothubowner", time.Now().Add(-6*time.Minute)),
			"wrong key":           hubproto.SignSAS([]byte("x"), host, "iothubowner", soon),
			"unknown policy":      hubproto.SignSAS(owner, host, "nobody", soon),
			"another host":        hubproto.SignSAS(owner, "other.test", "iothubowner", soon),
			"another path":        hubproto.SignSAS(owner, host+"/devices/dev-2", "iothubowner", soon),
			"a device's own":      hubproto.SignSAS(mustKey(t, device.Authentication.SymmetricKey.PrimaryKey), host+"/devices/dev-1", "", soon),
			"DPS's owner":         hubproto.SignSAS(servicePolicies(t, w.Hub)["provisioningserviceowner"], host, "provisioningserviceowner", soon),
			"a policy by another": hubproto.SignSAS(owner, host, "service", soon),
		} {
			w.wantError(why, 401, "IotHubUnauthorizedAccess", get(token))
		}
		require.Equal(t, 200, get(hubproto.SignSAS(owner, host+"/devices", "iothubowner", soon)).Status, "a path prefix")
		w.wantLogged("in the log too", "Authorization header")

		res := w.restAs("iothubowner", "GET", "/enrollments/x", "", nil)
		doc := w.wantJSON("DPS words it its own way", 401, res)
		require.Equal(t, 401002.0, doc["errorCode"])
		require.Equal(t, "401002", res.Header["X-Ms-Error-Code"])

		for path, want := range map[string]int{"/nothing": 404, "/": 404, "/devices/a/b/c/d": 404, "/healthz": 200, "/emulator/info": 403} {
			x := &emulator.Request{Method: "GET", Path: path, Host: host}
			require.Equal(t, want, w.Do(t.Context(), x).Status, path)
		}
		require.Equal(t, 405, w.rest("POST", "/healthz", "", nil).Status)
		require.Equal(t, 413, w.rest("PUT", "/devices/a", strings.Repeat("x", emulator.MaxRequestBody+1), nil).Status)
	})
}

func TestRESTSendToDevice(t *testing.T) {
	bubble(t, &emulator.Hub{}, func(t *testing.T, w *world) {
		d := w.connect(w.put("dev-1"))
		d.subscribe(mqttcodec.QoS1, devicebound)
		res := w.rest("POST", "/devices/dev-1/messages/deviceBound?api-version=2021-04-12", "hello", map[string]string{
			"iothub-messageid": "m1", "iothub-correlationid": "c1", "iothub-userid": "u1", "iothub-ack": "full",
			"iothub-expiry": "2000-01-01T00:30:00Z", "Content-Type": "text/plain", "Content-Encoding": "utf-8",
			"Iothub-App-Alert": "high", "iothub-app-b": "", "iothub-properties": "camelCase=1&null",
		})
		require.Equal(t, 204, res.Status, string(res.Body))
		d.wantPublish("all of it", "devices/dev-1/messages/devicebound/%24.mid=m1&%24.cid=c1&%24.uid=u1&%24.to=%2Fdevices%2Fdev-1%2Fmessages%2FdeviceBound"+
			"&%24.exp=2000-01-01T00%3A30%3A00Z&%24.ct=text%2Fplain&%24.ce=utf-8&iothub-ack=full&camelCase=1&null&alert=high&b=", "hello")
		require.JSONEq(t, `{"deviceId":"dev-1","moduleId":null,"totalMessagesPurged":1}`, string(w.rest("DELETE", "/devices/dev-1/commands", "", nil).Body))
		w.wantError("unknown", 404, "DeviceNotFound", w.rest("POST", "/devices/nobody/messages/devicebound", "x", nil))
		w.wantError("too large", 413, "MessageTooLarge", w.rest("POST", "/devices/dev-1/messages/devicebound", strings.Repeat("x", 64<<10+1), nil))
		w.wantError("a bad ack", 400, "ArgumentInvalid", w.rest("POST", "/devices/dev-1/messages/devicebound", "x", map[string]string{"iothub-ack": "maybe"}))
	})
}

func TestRESTEventStream(t *testing.T) {
	bubble(t, &emulator.Hub{}, func(t *testing.T, w *world) {
		d := w.connect(w.put("dev-1"))
		d.publish("devices/dev-1/messages/events/", "one", 1)
		d.wantPuback("sent", 1)
		read := func(target string, header map[string]string, n int) (bodies []string) {
			res := w.rest("GET", target, "", header)
			require.Equal(t, "text/event-stream", res.Header["Content-Type"])
			lines := make(chan []byte, n)
			go func() {
				defer close(lines)
				for data := range res.Events {
					if lines <- data; len(lines) == n {
						return
					}
				}
			}()
			synctest.Wait()
			d.publish("devices/dev-1/messages/events/", "live", 0)
			synctest.Wait()
			for data := range lines {
				var e emulator.Event
				require.NoError(t, json.Unmarshal(data, &e))
				require.NotContains(t, string(data), "\n")
				bodies = append(bodies, string(e.Body))
			}
			return bodies
		}
		require.Equal(t, []string{"live"}, read("/messages/events", nil, 1), "from now on")
		require.Equal(t, []string{"one", "live", "live"}, read("/messages/events?from=1", nil, 3))
		require.Equal(t, []string{"live", "live"}, read("/messages/events", map[string]string{"Last-Event-ID": "2"}, 2))
		require.Equal(t, 400, w.rest("GET", "/messages/events?from=x", "", nil).Status)
		res := w.rest("GET", "/emulator/operations?from=1", "", nil)
		for data := range res.Events {
			require.Contains(t, string(data), `"category":"DeviceIdentityOperations","operationName":"create","deviceId":"dev-1","level":"Information","statusCode":200`)
			break
		}
	})
}

func TestRESTProvisioning(t *testing.T) {
	bubble(t, &emulator.Hub{AssigningTime: -1}, func(t *testing.T, w *world) {
		put := `{"registrationId":"Reg-1","attestation":{"type":"symmetricKey"},"provisioningStatus":"enabled"}`
		made := w.wantJSON("created", 200, w.rest("PUT", "/enrollments/Reg-1?api-version=2021-10-01", put, nil))
		key := made["attestation"].(map[string]any)["symmetricKey"].(map[string]any)["primaryKey"].(string)
		require.Equal(t, 409, w.rest("PUT", "/enrollments/reg-1", put, nil).Status, "case does not matter")
		got := w.wantJSON("read", 200, w.rest("GET", "/enrollments/reg-1", "", nil))
		require.NotContains(t, string(w.rest("GET", "/enrollments/reg-1", "", nil).Body), key, "without its keys")
		require.Contains(t, string(w.rest("POST", "/enrollments/reg-1/attestationmechanism", "", nil).Body), key)
		w.wantJSON("updated under a raw ETag", 200, w.rest("PUT", "/enrollments/Reg-1", put, map[string]string{"If-Match": got["etag"].(string)}))
		require.Equal(t, 412, w.rest("PUT", "/enrollments/Reg-1", put, map[string]string{"If-Match": got["etag"].(string)}).Status)
		require.Equal(t, 404, w.rest("GET", "/registrations/reg-1", "", nil).Status)

		d := w.dpsConnect("reg-1", mustKey(t, key))
		d.publish(register, "", 0)
		d.answer("assigned", "$dps/registrations/res/200/?$rid=1")
		state := w.wantJSON("its registration", 200, w.rest("GET", "/registrations/reg-1", "", nil))
		require.Equal(t, "assigned", state["status"])
		got = w.wantJSON("with its registration", 200, w.rest("GET", "/enrollments/reg-1", "", nil))
		require.Equal(t, "reg-1", got["registrationState"].(map[string]any)["deviceId"])
		require.Equal(t, 204, w.rest("DELETE", "/registrations/reg-1", "", nil).Status)
		require.Equal(t, 404, w.rest("DELETE", "/registrations/reg-1", "", nil).Status)

		w.wantJSON("a group", 200, w.rest("PUT", "/enrollmentGroups/group", `{"enrollmentGroupId":"group","attestation":{"type":"symmetricKey"}}`, nil))
		mechanism := w.wantJSON("lower-case g", 200, w.rest("POST", "/enrollmentgroups/group/attestationmechanism", "", nil))
		groupKey := mustKey(t, mechanism["symmetricKey"].(map[string]any)["primaryKey"].(string))
		d = w.dpsConnect("member", hubproto.DeriveDeviceKey(groupKey, "member"))
		d.publish(register, "", 0)
		d.answer("assigned", "$dps/registrations/res/200/?$rid=1")
		res := w.rest("POST", "/registrations/group/query", "", nil)
		require.Contains(t, string(res.Body), `"registrationId":"member"`)
		require.Equal(t, "DeviceRegistration", res.Header["X-Ms-Item-Type"])

		res = w.rest("POST", "/enrollments/query", `{"query":"SELECT * FROM enrollments"}`, nil)
		require.Contains(t, string(res.Body), `"registrationId":"Reg-1"`)
		require.NotContains(t, string(res.Body), key)
		res = w.rest("POST", "/enrollmentGroups/query", `{"query":"SELECT * FROM enrollmentGroups"}`, nil)
		require.Contains(t, string(res.Body), `"enrollmentGroupId":"group"`)
		require.Equal(t, string(res.Body), string(w.rest("POST", "/enrollmentGroups/query", `{"query":"*"}`, nil).Body), "as the Node SDK's samples ask")
		require.Equal(t, 400, w.rest("POST", "/devices/query", `{"query":"*"}`, nil).Status, "of the hub nobody asks so")

		bulk := w.wantJSON("bulk", 200, w.rest("POST", "/enrollments/", `{"mode":"create","enrollments":[{"registrationId":"x"},{"registrationId":"Reg-1"}]}`, nil))
		require.Equal(t, false, bulk["isSuccessful"])
		require.Len(t, bulk["errors"], 1)
		require.Equal(t, 204, w.rest("DELETE", "/enrollments/Reg-1", "", map[string]string{"If-Match": "*"}).Status)
		require.Equal(t, 204, w.rest("DELETE", "/enrollmentGroups/group", "", nil).Status)
		require.Equal(t, 404, w.rest("GET", "/registrations/member", "", nil).Status, "its registrations went with it")
		require.Equal(t, "member", mustDevice(t, w.Hub, "member").DeviceID, "the device stays in the hub")
		require.Equal(t, 400, w.rest("PUT", "/enrollments/t", `{"attestation":{"type":"x509"}}`, nil).Status)
	})
}
