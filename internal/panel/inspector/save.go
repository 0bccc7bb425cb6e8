package inspector

import (
	"bytes"
	"io"
	"time"

	"github.com/hubpanel/hubpanel/internal/wire"
)

// savePcapng gives the person the packets as a file for Wireshark.
func (room *Room) savePcapng() {
	room.save("wire", ".pcapng", "application/octet-stream", wire.WritePcapng)
}

// saveLines gives the person the packets as JSON lines.
func (room *Room) saveLines() {
	room.save("wire-log", ".jsonl", "application/jsonl", wire.WriteJSONLines)
}

// save gives the person the whole log as a file.
func (room *Room) save(name, extension, mediaType string, write func(io.Writer, []wire.Record) error) {
	var b bytes.Buffer
	var err error
	room.Read(func() { err = write(&b, room.state.log.Records()) })
	if err != nil {
		room.Fail("wire", err)
		return
	}
	room.Env.Save(name+time.Now().UTC().Format("-20060102-150405")+extension, mediaType, b.Bytes())
}
