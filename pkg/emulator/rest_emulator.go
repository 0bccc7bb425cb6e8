package emulator

import (
	"iter"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/hubpanel/hubpanel/internal/hubproto"
)

const appPrefix = "iothub-app-"

// appProperties are the application properties of a message: those of the header iothub-properties, a property bag as in
// a topic, and one for each header iothub-app-<name>. HTTP does not keep the letter case of header names, so the names of the
// latter are in lower case; the bag keeps it, and distinguishes null from empty values.
func (x *exchange) appProperties() ([]Property, error) {
	_, bag, err := hubproto.ParseBag(x.header("iothub-properties"))
	if err != nil {
		return nil, errInvalid(err)
	}
	var all []Property
	for _, p := range bag {
		all = append(all, Property(p))
	}
	inBag := len(all)
	for name, value := range x.Header {
		if len(name) > len(appPrefix) && strings.EqualFold(name[:len(appPrefix)], appPrefix) {
			all = append(all, Property{Name: strings.ToLower(name[len(appPrefix):]), Value: value})
		}
	}
	// Headers have no order.
	slices.SortFunc(all[inBag:], func(a, b Property) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

// start is the number of the first event of a stream: the one behind Last-Event-ID, which a browser's EventSource sends when it opens a
// stream again, or ?from=, or next.
func (x *exchange) start(next int64) (int64, error) {
	name, text, behind := "Last-Event-ID", x.header("Last-Event-ID"), int64(1)
	if text == "" {
		name, text, behind = "from", x.Query.Get("from"), 0
	}
	if text == "" {
		return next, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, errorf(400004, "ArgumentInvalid", "%s is %q: it has to be the sequence number of an event, from 0 to 9223372036854775807", name, text)
	}
	return min(n, math.MaxInt64-1) + behind, nil
}

// instanceHeader carries Hub.Instance in the response of an event stream: the numbers of one instance mean nothing to another.
const instanceHeader = "Emulator-Instance"

// eventStream answers with a stream of JSON documents that have numbers, beginning with start.
func (h *Hub) eventStream(start int64, items iter.Seq2[int64, []byte]) *Response {
	res := &Response{
		Status:      200,
		lastEventID: strconv.FormatInt(max(start-1, 0), 10), // so that a reader can resume also before the first event
		Header:      map[string]string{"Content-Type": "text/event-stream", "Cache-Control": "no-store", instanceHeader: h.instance},
	}
	res.Events = func(yield func([]byte) bool) {
		for number, item := range items {
			res.lastEventID = strconv.FormatInt(number, 10)
			if !yield(item) {
				return
			}
		}
	}
	return res
}

func (h *Hub) restEvents(x *exchange) (*Response, error) {
	start, err := x.start(h.events.Next())
	if err != nil {
		return nil, err
	}
	events := h.eventsFrom(x.ctx, start)
	return h.eventStream(start, func(yield func(int64, []byte) bool) {
		for e := range events {
			if !yield(e.SequenceNumber, encodeJSON(e)) {
				return
			}
		}
	}), nil
}

func (h *Hub) restOperations(x *exchange) (*Response, error) {
	start, err := x.start(h.operations.Next())
	if err != nil {
		return nil, err
	}
	operations := h.follow(x.ctx, start)
	return h.eventStream(start, func(yield func(int64, []byte) bool) {
		for o := range operations {
			if !yield(o.SequenceNumber, encodeJSON(o)) {
				return
			}
		}
	}), nil
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

func (h *Hub) restGetSettings(*exchange) (*Response, error) {
	return jsonResponse(h.CurrentSettings(), ""), nil
}

func (h *Hub) restPutSettings(x *exchange) (*Response, error) {
	var s Settings // members that are not in the body are off: PUT replaces
	if err := x.decode(&s); err != nil {
		return nil, err
	}
	if err := h.SetSettings(s); err != nil {
		return nil, err
	}
	return jsonResponse(s, ""), nil
}

func (h *Hub) restDisconnect(x *exchange) (*Response, error) {
	if !h.Disconnect(x.id()) {
		return nil, errOffline("there is no connection to cut")
	}
	return noContent(), nil
}

// restInfo answers with secrets, so only for a program that came by a loopback name: a page that another name led here (DNS rebinding)
// sends that name. ServeHTTP checks the peer's address too.
func (h *Hub) restInfo(x *exchange) (*Response, error) {
	if x.Host != "" && !hubproto.IsLoopback(x.Host) && (h.HostName == "" || !strings.EqualFold(x.Host, h.HostName)) {
		return nil, errInfoForeign()
	}
	if h.Info == nil {
		return nil, errNoRoute(x.Path)
	}
	info, err := h.Info(x.Host)
	if err != nil {
		return nil, err
	}
	res := jsonResponse(info, "")
	res.Header["Cache-Control"] = "no-store"
	return res, nil
}

func errInfoForeign() *Error {
	return errorf(403000, "Forbidden", "this holds keys and is for programs on this machine: ask by a loopback name, such as http://127.0.0.1/emulator/info")
}

func (h *Hub) restHealth(*exchange) (*Response, error) {
	return &Response{Status: 200, Header: map[string]string{"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store"}, Body: []byte("ok\n")}, nil
}
