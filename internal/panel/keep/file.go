package keep

import (
	"time"

	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/savefile"
	"github.com/hubpanel/hubpanel/internal/ui"
)

// fileCard is the state of the card that saves and opens session files.
type fileCard struct {
	result   page.Result
	imported *savefile.Document // the opened session file; nil: none
	name     string             // of the opened file
	requests int                // how often a command asked for a file
	opened   int                // requests when the card was opened last: under the palette nothing takes the focus
}

// requestFile opens the card and moves the focus to its file input: only a person's own click may open the browser's dialog.
func (room *Room) requestFile() { room.Update(func() { room.state.file.requests++ }) }

// exportSession gives the person a session file, without secrets.
func (room *Room) exportSession() {
	room.export("session", ".json", "application/json", l10n.New("The session was saved, without secrets."), func(d *savefile.Document, secrets page.Secrets) ([]byte, error) {
		return secrets.Document(d, "  ")
	})
}

// exportDeviceLog gives the person the device log as JSON lines, oldest first, without secrets.
func (room *Room) exportDeviceLog() {
	room.exportLog("device-log", func(d *savefile.Document) []savefile.Entry { return d.Log })
}

// exportOperationsLog gives the person the emulator's operations log as JSON lines, oldest first, without secrets.
func (room *Room) exportOperationsLog() {
	room.exportLog("operations-log", func(d *savefile.Document) []savefile.Entry { return d.Hub })
}

func (room *Room) exportLog(name string, entries func(*savefile.Document) []savefile.Entry) {
	room.export(name, ".jsonl", "application/jsonl", l10n.New("The log was saved, without secrets."), func(d *savefile.Document, secrets page.Secrets) (lines []byte, err error) {
		for _, e := range entries(d) {
			line, err := secrets.Document(e, "")
			if err != nil {
				return nil, err
			}
			lines = append(lines, line...)
		}
		return lines, nil
	})
}

// export gives the person a file that is made from the session file's document.
func (room *Room) export(name, extension, mediaType string, success l10n.Text, encode func(*savefile.Document, page.Secrets) ([]byte, error)) {
	var (
		raw []byte
		err error
		now time.Time
	)
	room.Read(func() {
		now = room.Now()
		d := savefile.New(now)
		room.Links.SaveAll(d)
		raw, err = encode(d, room.Secrets())
	})
	if err == nil {
		room.Env.Save("hubpanel-"+name+"-"+now.Format("20060102-150405")+extension, mediaType, raw)
	}
	room.Update(func() { room.state.file.result = page.ResultOf(err, success) })
}

// ImportSession restores the forms from a session file, and shows what else is in it.
func (room *Room) ImportSession(files []ui.File) {
	if len(files) == 0 {
		return
	}
	file := files[0]
	var d *savefile.Document
	var err error
	if file.Size > int64(len(file.Data)) {
		err = l10n.New("the file has %d bytes: at most %d are read", file.Size, ui.MaxFile)
	} else {
		d, err = savefile.Parse(file.Data)
	}
	room.Update(func() {
		f := &room.state.file
		if err == nil {
			f.imported, f.name = d, file.Name
			room.Links.RestoreAll(d)
		}
		f.result = page.ResultOf(err, l10n.New("The forms are as they were. The secret is not in the file: connect with your own."))
	})
}
