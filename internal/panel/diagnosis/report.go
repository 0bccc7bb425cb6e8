package diagnosis

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/hubpanel/hubpanel/internal/doctor"
	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/panel/page"
)

// readConsole adds a line of the browser's console to the evidence.
func (room *Room) readConsole(line string) {
	room.Update(func() {
		s := &room.state
		s.console.Text = line
		s.evidence.Console, s.unknown = "", false
		if strings.TrimSpace(line) == "" {
			return
		}
		cause, ok := doctor.ReadConsole(line)
		s.evidence.Console, s.unknown = cause, !ok
	})
}

// report returns the text for IT, in the page's language. The lock is held.
func (room *Room) report() string {
	e := room.state.evidence
	about := doctor.About{Page: version(), Browser: room.probes.Browser, Now: time.Now()}
	var b strings.Builder
	for _, line := range doctor.Report(e, doctor.Judge(e), about) {
		fmt.Fprintln(&b, room.Language.Message(line))
	}
	return hubproto.Redact(b.String())
}

// version returns the page's version: the module's if the page was built from one, else the commit, as the go command stamped it.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return runtime.Version()
	}
	v := info.Main.Version
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && (v == "" || v == "(devel)") {
			v = s.Value
		}
	}
	return strings.TrimSpace(v + " " + info.GoVersion)
}

// copyReport puts the report on the clipboard.
func (room *Room) copyReport() {
	var report string
	room.Read(func() { report = room.report() })
	room.Go("copy", func(ctx context.Context) {
		err := room.Env.Copy(ctx, report)
		room.Update(func() { room.state.copied = page.ResultOf(err, l10n.New("It is on the clipboard.")) })
	})
}
