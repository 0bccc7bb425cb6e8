package emulator

import (
	"cmp"
	"context"
	"encoding/json"
	"iter"
	"net/textproto"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/hubpanel/hubpanel/internal/hubproto"
)

// A Request is an HTTP request to the service side, without HTTP, so that it works inside a page too.
type Request struct {
	Method string
	Path   string // decoded, as in url.URL
	Query  url.Values
	Header map[string]string // any letter case
	Body   []byte            // at most MaxRequestBody
	Host   string            // as in the Host header; empty in the same process
}

// A Response answers a Request.
type Response struct {
	Status int
	Header map[string]string // keys in canonical form, such as "Content-Type"
	Body   []byte

	// Events is set for a text/event-stream: the data of each event, JSON in one line. It lasts until the request's context
	// or the hub ends, and may be ranged over once.
	Events iter.Seq[[]byte]

	lastEventID string
}

// LastEventID returns the id of the event that Events yielded last, or of the one before the first. As the header Last-Event-ID of a new
// request it continues the stream. Call it before or in the loop over Events only.
func (r *Response) LastEventID() string { return r.lastEventID }

// MaxRequestBody is the largest body of a request, in bytes: a hundred devices' worth of twins.
const MaxRequestBody = 4 << 20

// exchange is a request on its way through a handler.
type exchange struct {
	*Request
	ctx  context.Context
	read func() ([]byte, error) // reads the body, if it is not in Body yet; only for authorised callers
	args []string               // the variable parts of the path
}

func (x *exchange) header(name string) string {
	if value, ok := x.Header[textproto.CanonicalMIMEHeaderKey(name)]; ok {
		return value
	}
	for key, value := range x.Header {
		if strings.EqualFold(key, name) {
			return value
		}
	}
	return ""
}

// decode reads a JSON body.
func (x *exchange) decode(into any) error {
	if !utf8.Valid(x.Body) { // encoding/json would silently put U+FFFD in its place
		return errorf(400004, "ArgumentInvalid", "the body is not UTF-8")
	}
	if err := json.Unmarshal(x.Body, into); err != nil {
		return errorf(400004, "ArgumentInvalid", "the body is not the JSON that belongs here: %v", err)
	}
	return nil
}

// ifMatch is the condition of If-Match: absent means that the entity must be new for a PUT. Quotes are optional: IoT Hub's SDKs send
// them, DPS's do not.
func (x *exchange) ifMatch(absent string) string {
	value := x.header("If-Match")
	if value == "" {
		return absent
	}
	if unquoted, err := strconv.Unquote(strings.TrimPrefix(value, "W/")); err == nil {
		return unquoted
	}
	return value // which may begin with W/ itself: it is base64
}

// A route is a method and path with its handler and the right that it needs. In its path {} is one variable segment.
type route struct {
	method, path string
	need         right // 0: every caller may use it
	meter        meter
	handle       func(*Hub, *exchange) (*Response, error)
}

// routes is the whole service side. The first part belongs to the real services ("IoT Hub service REST", "DPS service REST"), the
// second is the emulator's own.
var routes = []route{
	{"PUT", "/devices/{}", rightRegistryWrite, meterRegistry, (*Hub).restPutDevice},
	{"GET", "/devices/{}", rightRegistryRead, meterRegistry, (*Hub).restGetDevice},
	{"GET", "/devices", rightRegistryRead, meterRegistry, (*Hub).restListDevices},
	{"DELETE", "/devices/{}", rightRegistryWrite, meterRegistry, (*Hub).restDeleteDevice},
	{"POST", "/devices", rightRegistryWrite, meterRegistry, (*Hub).restBulkDevices},
	{"POST", "/devices/query", rightRegistryRead, meterQuery, (*Hub).restQueryDevices},
	{"DELETE", "/devices/{}/commands", rightService, unmetered, (*Hub).restPurge},
	{"PUT", "/devices/{}/modules/{}", rightRegistryWrite, meterRegistry, (*Hub).restPutDevice},
	{"GET", "/devices/{}/modules/{}", rightRegistryRead, meterRegistry, (*Hub).restGetDevice},
	{"GET", "/devices/{}/modules", rightRegistryRead, meterRegistry, (*Hub).restListModules},
	{"DELETE", "/devices/{}/modules/{}", rightRegistryWrite, meterRegistry, (*Hub).restDeleteDevice},
	{"GET", "/twins/{}", rightService, meterTwinRead, (*Hub).restGetTwin},
	{"PATCH", "/twins/{}", rightService, meterTwinUpdate, (*Hub).restChangeTwin},
	{"PUT", "/twins/{}", rightService, meterTwinUpdate, (*Hub).restChangeTwin},
	{"GET", "/twins/{}/modules/{}", rightService, meterTwinRead, (*Hub).restGetTwin},
	{"PATCH", "/twins/{}/modules/{}", rightService, meterTwinUpdate, (*Hub).restChangeTwin},
	{"PUT", "/twins/{}/modules/{}", rightService, meterTwinUpdate, (*Hub).restChangeTwin},
	{"POST", "/twins/{}/methods", rightService, unmetered, (*Hub).restInvoke},
	{"POST", "/twins/{}/modules/{}/methods", rightService, unmetered, (*Hub).restInvoke},
	{"GET", "/statistics/devices", rightRegistryRead, meterRegistry, (*Hub).restDeviceStatistics},
	{"GET", "/statistics/service", rightRegistryRead, meterRegistry, (*Hub).restServiceStatistics},

	{"PUT", "/enrollments/{}", rightDPS, unmetered, (*Hub).restPutEnrollment},
	{"GET", "/enrollments/{}", rightDPS, unmetered, (*Hub).restGetEnrollment},
	{"DELETE", "/enrollments/{}", rightDPS, unmetered, (*Hub).restDeleteEnrollment},
	{"POST", "/enrollments", rightDPS, unmetered, (*Hub).restBulkEnrollments},
	{"POST", "/enrollments/query", rightDPS, unmetered, (*Hub).restQueryEnrollments},
	{"POST", "/enrollments/{}/attestationmechanism", rightDPS, unmetered, (*Hub).restEnrollmentAttestation},
	{"PUT", "/enrollmentGroups/{}", rightDPS, unmetered, (*Hub).restPutGroup},
	{"GET", "/enrollmentGroups/{}", rightDPS, unmetered, (*Hub).restGetGroup},
	{"DELETE", "/enrollmentGroups/{}", rightDPS, unmetered, (*Hub).restDeleteGroup},
	{"POST", "/enrollmentGroups/query", rightDPS, unmetered, (*Hub).restQueryGroups},
	{"POST", "/enrollmentGroups/{}/attestationmechanism", rightDPS, unmetered, (*Hub).restGroupAttestation},
	{"GET", "/registrations/{}", rightDPS, unmetered, (*Hub).restGetRegistration},
	{"DELETE", "/registrations/{}", rightDPS, unmetered, (*Hub).restDeleteRegistration},
	{"POST", "/registrations/{}/query", rightDPS, unmetered, (*Hub).restQueryRegistrations},

	{"POST", "/devices/{}/messages/deviceBound", rightService, meterC2D, (*Hub).restSendToDevice},
	{"POST", "/devices/{}/modules/{}/inputs/{}", rightService, meterC2D, (*Hub).restSendToDevice},
	{"GET", "/messages/events", rightService, unmetered, (*Hub).restEvents},
	{"GET", "/emulator/operations", rightService, unmetered, (*Hub).restOperations},
	{"GET", "/emulator/faults", rightService, unmetered, (*Hub).restGetFaults},
	{"PUT", "/emulator/faults", rightService, unmetered, (*Hub).restPutFaults},
	{"GET", "/emulator/settings", rightService, unmetered, (*Hub).restGetSettings},
	{"PUT", "/emulator/settings", rightService, unmetered, (*Hub).restPutSettings},
	{"DELETE", "/emulator/connections/{}", rightService, unmetered, (*Hub).restDisconnect},
	{"DELETE", "/emulator/connections/{}/modules/{}", rightService, unmetered, (*Hub).restDisconnect},
	{"GET", "/emulator/info", 0, unmetered, (*Hub).restInfo},
	{"GET", "/healthz", 0, unmetered, (*Hub).restHealth},
}

// Do answers a request to the service side: the REST API of the hub and of DPS, and the emulator's own additions. It needs the
// same tokens as over HTTP. The context ends waiting (for a device's answer) and event streams.
func (h *Hub) Do(ctx context.Context, r *Request) *Response {
	return h.exchange(&exchange{Request: r, ctx: ctx})
}

func (h *Hub) exchange(x *exchange) *Response {
	res, err := h.do(x)
	if err != nil {
		return x.refuse(asError(err))
	}
	return res
}

func (h *Hub) do(x *exchange) (*Response, error) {
	if err := h.Open(x.ctx); err != nil {
		return nil, errorf(503001, "ServiceUnavailable", "%v", err)
	}
	route, err := x.route()
	if err != nil {
		return nil, err
	}
	if len(x.Body) > MaxRequestBody {
		return nil, errTooLarge()
	}
	if route.need != 0 {
		if err := h.authorize(x, route.need); err != nil {
			h.note(Operation{Category: CategoryServiceOperation, Name: x.Method + " " + x.Path, StatusCode: err.Code, Description: err.Message})
			return nil, err
		}
		if h.throttles() && !strings.HasPrefix(x.Path, "/emulator/") {
			return nil, errThrottled()
		}
		if err := h.admit(route.meter, 1, x.ctx.Done()); err != nil {
			return nil, err
		}
		if x.read != nil {
			if x.Body, err = x.read(); err != nil {
				return nil, err
			}
		}
	}
	return route.handle(h, x)
}

func errTooLarge() *Error {
	return errorf(413001, "RequestTooLarge", "the body is larger than %d bytes", MaxRequestBody)
}

// route finds the route and the variable parts of the path.
func (x *exchange) route() (*route, error) {
	segments := strings.Split(strings.Trim(x.Path, "/"), "/")
	var others []string
	var variable *route // a literal segment goes before a variable one: /devices/query
	for i := range routes {
		args, ok := routes[i].match(segments)
		switch {
		case !ok:
		case routes[i].method != x.Method:
			others = append(others, routes[i].method)
		case variable == nil || len(args) < len(x.args):
			variable, x.args = &routes[i], args
		}
	}
	switch {
	case variable != nil:
		return variable, nil
	case len(others) > 0:
		return nil, errorf(405001, "MethodNotAllowed", "%s is not allowed here: use %s", x.Method, strings.Join(others, ", "))
	}
	return nil, errNoRoute(x.Path)
}

func errNoRoute(path string) *Error {
	return errorf(404000, "NotFound", "the emulator has nothing at %q", path)
}

func (r *route) match(segments []string) (args []string, ok bool) {
	pattern := strings.Split(r.path[1:], "/")
	if len(pattern) != len(segments) {
		return nil, false
	}
	for i, part := range pattern {
		switch {
		case part == "{}" && segments[i] != "":
			args = append(args, segments[i])
		case !strings.EqualFold(part, segments[i]): // the services do not mind the case, and SDKs differ
			return nil, false
		}
	}
	return args, true
}

// authorize checks the Authorization header ("Control access to IoT Hub with SAS").
func (h *Hub) authorize(x *exchange, need right) *Error {
	unauthorized := func(format string, args ...any) *Error {
		return errorf(401002, "IotHubUnauthorizedAccess", format, args...)
	}
	header := x.header("Authorization")
	if header == "" {
		return unauthorized("the request has no Authorization header: send a service SAS token")
	}
	token, err := hubproto.ParseSAS(header)
	if err != nil {
		return unauthorized("the Authorization header %v", err)
	}
	if expired(token) {
		return unauthorized("the token has expired: make a new one, and check this machine's clock")
	}
	if token.Policy == "" {
		return unauthorized("the token names no policy (skn): a device's token does not open the service side")
	}
	own, _, _ := strings.Cut(token.Resource, "/")
	hosts := []string{x.Host, strings.TrimSuffix(x.Host, ":443"), h.HostName}
	if x.Host == "" {
		hosts = append(hosts, own) // in this process no name leads here
	}
	if !slices.ContainsFunc(hosts, func(host string) bool { return host != "" && token.Covers(host+x.Path) }) {
		return unauthorized("the token is for %q, the request went to %q", token.Resource, cmp.Or(x.Host, own)+x.Path)
	}
	return h.checkPolicy(token, need)
}

// refuse words an error as the hub or DPS does.
func (x *exchange) refuse(e *Error) *Response {
	res := &Response{Status: e.Status(), Header: map[string]string{"Content-Type": contentJSON}}
	if e.RetryAfter > 0 {
		res.Header["Retry-After"] = strconv.Itoa(int(e.RetryAfter.Seconds()))
	}
	if x.isDPS() {
		res.Header["X-Ms-Error-Code"] = strconv.Itoa(e.Code)
		res.Body = e.deviceJSON()
		return res
	}
	res.Header["Iothub-Errorcode"] = e.Name
	var body struct{ Message, ExceptionMessage string }
	body.Message = "ErrorCode:" + e.Name + ";" + e.Message
	body.ExceptionMessage = "Tracking ID:" + newTrackingID()
	if e.Code == 404103 {
		// JSON inside the string, as the service has it since 2018.
		body.Message, body.ExceptionMessage = string(e.deviceJSON()), ""
	}
	res.Body = encodeJSON(body)
	return res
}

func (x *exchange) isDPS() bool {
	first, _, _ := strings.Cut(strings.TrimPrefix(x.Path, "/"), "/")
	return strings.EqualFold(first, "enrollments") || strings.EqualFold(first, "enrollmentGroups") || strings.EqualFold(first, "registrations")
}

const contentJSON = "application/json; charset=utf-8"

// jsonResponse answers with JSON, and with an ETag when there is one.
func jsonResponse(body any, etag string) *Response {
	res := &Response{Status: 200, Header: map[string]string{"Content-Type": contentJSON}, Body: encodeJSON(body)}
	if etag != "" {
		res.Header["Etag"] = strconv.Quote(etag)
	}
	return res
}

func noContent() *Response { return &Response{Status: 204, Header: map[string]string{}} }

// page returns the page of a list of results that the request asks for, and where the next page begins.
func page[T any](x *exchange, all []T, itemType string) (*Response, error) {
	start := 0
	if token := x.header("x-ms-continuation"); token != "" {
		n, err := strconv.Atoi(strings.TrimPrefix(token, "from="))
		if err != nil || n < 0 || n > len(all) {
			return nil, errorf(400004, "ArgumentInvalid", "x-ms-continuation is not one of this query's")
		}
		start = n
	}
	size := 100
	if max := x.header("x-ms-max-item-count"); max != "" {
		n, err := strconv.Atoi(max)
		if err != nil || n == 0 || n < -1 {
			return nil, errorf(400004, "ArgumentInvalid", "x-ms-max-item-count is %q: a number from 1", max)
		}
		if size = min(n, 1000); n == -1 {
			size = 1000
		}
	}
	end := min(start+size, len(all))
	items := all[start:end]
	if items == nil {
		items = []T{}
	}
	res := jsonResponse(items, "")
	res.Header["X-Ms-Item-Type"] = itemType
	if end < len(all) {
		res.Header["X-Ms-Continuation"] = "from=" + strconv.Itoa(end)
	}
	return res, nil
}
