package hubservice

import (
	"context"
	"io"
	"net/url"
	"strings"

	"github.com/hubpanel/hubpanel/pkg/emulator"
)

// FetchRequest is an HTTP request to the page's own origin.
type FetchRequest struct {
	Method string
	Path   string // with its query, as in "/twins/dev-1?api-version=2021-04-12"
	Header map[string]string
	Body   []byte // nil: none
}

// FetchResponse is its answer. The caller closes Body.
type FetchResponse struct {
	Status int
	Header map[string]string // keys in lower case
	Body   io.ReadCloser     // a stream: an event stream's body does not end before the context does
}

// Fetch makes a request. In the page it is the browser's fetch; in front of an emulator in the same process it is
// FetchFrom. It returns an error only if there was no answer at all.
type Fetch func(ctx context.Context, r *FetchRequest) (*FetchResponse, error)

// FetchFrom is a Fetch that asks a hub in this process, without a network: the same REST API, another carrier.
func FetchFrom(hub *emulator.Hub, host string) Fetch {
	return func(ctx context.Context, r *FetchRequest) (*FetchResponse, error) {
		path, rawQuery, _ := strings.Cut(r.Path, "?")
		query, err := url.ParseQuery(rawQuery)
		if err != nil {
			return nil, err
		}
		if path, err = url.PathUnescape(path); err != nil {
			return nil, err
		}
		ctx, cancel := context.WithCancel(ctx)
		res := hub.Do(ctx, &emulator.Request{
			Method: r.Method, Path: path, Query: query, Header: r.Header, Body: r.Body, Host: host,
		})
		out := &FetchResponse{Status: res.Status, Header: map[string]string{}}
		for name, value := range res.Header {
			out.Header[strings.ToLower(name)] = value
		}
		if res.Events == nil {
			cancel()
			out.Body = io.NopCloser(strings.NewReader(string(res.Body)))
			return out, nil
		}
		read, write := io.Pipe()
		out.Body = &eventStream{PipeReader: read, cancel: cancel, done: make(chan struct{})}
		go func(finished chan struct{}) {
			defer close(finished)
			defer write.Close()
			if _, err := io.WriteString(write, "id: "+res.LastEventID()+"\n\n"); err != nil {
				return
			}
			for data := range res.Events {
				event := append([]byte("id: "+res.LastEventID()+"\ndata: "), data...)
				if _, err := write.Write(append(event, "\n\n"...)); err != nil {
					return
				}
			}
		}(out.Body.(*eventStream).done)
		return out, nil
	}
}

// eventStream is the body of an in-process event stream. Close ends the stream at its source, and waits until it has.
type eventStream struct {
	*io.PipeReader
	cancel context.CancelFunc
	done   chan struct{}
}

func (s *eventStream) Close() error {
	s.cancel()
	s.PipeReader.Close()
	<-s.done
	return nil
}
