package hubservice

import (
	"bufio"
	"bytes"
	"io"
)

// readEvents calls got with the last id and the data of each server-sent event until the stream ends
// (https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation; other fields are ignored). The data is nil
// where the stream gives an id alone.
func readEvents(r io.Reader, got func(id string, data []byte)) error {
	var data []byte
	id, hasID := "", false
	lines := bufio.NewReaderSize(r, 64<<10)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return err // an event without its empty line is incomplete, and comes again
		}
		line = bytes.TrimRight(line, "\r\n")
		name, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch {
		case len(line) == 0:
			if data != nil || hasID {
				got(id, data)
			}
			data, hasID = nil, false
		case string(name) == "data" && data == nil:
			data = value // its own array: ReadBytes gives a new one each time
		case string(name) == "data":
			data = append(append(data, '\n'), value...)
		case string(name) == "id":
			id, hasID = string(value), true
		}
	}
}
