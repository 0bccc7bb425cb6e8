package emulator

import (
	"iter"
	"slices"
	"strconv"
	"strings"

	"github.com/hubpanel/hubpanel/internal/hubproto"
)

const appPrefix = "iothub-app-"

// appProperties are the application properties of a message: those of the header iothub-properties, a property bag as it stands
// in a topic, and one for each header iothub-app-<name>. HTTP does not tell the letter case of header names, so the names of the
// latter are in lower case; the bag keeps them, and can tell null from empty values.
func (x *exchange) appProperties() (hubproto.Properties, error) {
	_, all, err := hubproto.ParseBag(x.header("iothub-properties"))
	if err != nil {
		return nil, errInvalid(err)
	}
	inBag := len(all)
	for name, value := range x.Header {
		if len(name) > len(appPrefix) && strings.EqualFold(name[:len(appPrefix)], appPrefix) {
			all = append(all, hubproto.Property{Name: strings.ToLower(name[len(appPrefix):]), Value: value})
		}
	}
	// Headers have no order.
	slices.SortFunc(all[inBag:], func(a, b hubproto.Property) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

// from says where an event stream begins: behind the event that a browser's EventSource saw last, at the number that ?from= names,
// or now.
func (x *exchange) from(next int64) (int64, error) {
	if last := x.header("Last-Event-ID"); last != "" {
		n, err := strconv.ParseInt(last, 10, 64)
		if err != nil || n < 0 {
			return 0, errorf(400004, "ArgumentInvalid", "Last-Event-ID is not a sequence number")
		}
		return n + 1, nil
	}
	if text := x.Query.Get("from"); text != "" {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 0 {
			return 0, errorf(400004, "ArgumentInvalid", "from is %q: the sequence number of the first event", text)
		}
		return n, nil
	}
	return next, nil
}

// eventStream answers with a stream of JSON documents that have numbers.
func eventStream[T any](items iter.Seq[T], number func(T) int64) *Response {
	var last int64
	return &Response{
		Status: 200,
		Header: map[string]string{"Content-Type": "text/event-stream", "Cache-Control": "no-store"},
		Events: func(yield func([]byte) bool) {
			for item := range items {
				last = number(item)
				if !yield(encodeJSON(item)) {
					return
				}
			}
		},
		ids: func() string { return strconv.FormatInt(last, 10) },
	}
}

func (h *Hub) restEvents(x *exchange) (*Response, error) {
	from, err := x.from(h.events.next())
	if err != nil {
		return nil, err
	}
	// A number of another run, or of the future: whoever knows it missed what is here.
	from = min(from, h.events.next())
	return eventStream(h.eventsFrom(x.ctx, from), func(e Event) int64 { return e.SequenceNumber }), nil
}

func (h *Hub) restOperations(x *exchange) (*Response, error) {
	from, err := x.from(h.operations.next())
	if err != nil {
		return nil, err
	}
	from = min(from, h.operations.next())
	return eventStream(h.operationsFrom(x.ctx, from), func(o Operation) int64 { return o.SequenceNumber }), nil
}

func (h *Hub) restGetFaults(*exchange) (*Response, error) {
	return jsonResponse(h.CurrentFaults(), ""), nil
}

func (h *Hub) restPutFaults(x *exchange) (*Response, error) {
	f := Faults{OnPacket: h.CurrentFaults().OnPacket} // a hook of this process stays
	if err := x.decode(&f); err != nil {
		return nil, err
	}
	if err := h.SetFaults(f); err != nil {
		return nil, err
	}
	return jsonResponse(f, ""), nil
}

func (h *Hub) restDisconnect(x *exchange) (*Response, error) {
	if !h.Disconnect(x.id()) {
		return nil, errOffline("there is no connection to cut")
	}
	return noContent(), nil
}

// restInfo hands out keys, so only to a program that came by a loopback name: a page that another name led here (DNS rebinding) sends
// that name. ServeHTTP looks at the peer's address too.
func (h *Hub) restInfo(x *exchange) (*Response, error) {
	if x.Host != "" && !hubproto.IsLoopback(x.Host) && (h.HostName == "" || !strings.EqualFold(x.Host, h.HostName)) {
		return nil, errInfoForeign()
	}
	res := jsonResponse(h.Info(x.Host), "")
	res.Header["Cache-Control"] = "no-store"
	return res, nil
}

func errInfoForeign() *Error {
	return errorf(403000, "Forbidden", "this holds keys and is for programs on this machine: ask by a loopback name, such as http://127.0.0.1/emulator/info")
}

func (h *Hub) restHealth(*exchange) (*Response, error) {
	return &Response{Status: 200, Header: map[string]string{"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store"}, Body: []byte("ok\n")}, nil
}
