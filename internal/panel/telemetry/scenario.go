package telemetry

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/jsontext"
	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/scenario"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// scenarioStream is the name of the stream that scenarios send with.
const scenarioStream = "scenario"

// CheckTemplates makes the first message of every template in a scenario. An error names the step that is wrong.
func CheckTemplates(d *scenario.Document) error {
	for i := range d.Steps {
		if s := d.Steps[i].Send; s != nil && s.Many() {
			var st stream
			st.fill(d, s)
			if _, err := st.preview("", time.Now()); err != nil {
				return l10n.New("%v: %v", l10n.Verbatim(fmt.Sprintf("steps[%d].send", i)), err)
			}
		}
	}
	return nil
}

// PlaySend does the send step of a scenario: one message as the Send button sends it, or several as a stream. It fills in the forms, and
// returns when the hub has acknowledged all messages. If ctx ends first, it stops the stream. The lock is not held.
func (room *Room) PlaySend(ctx context.Context, d *scenario.Document, s *scenario.Send) error {
	client, err := room.Links.Client()
	if err != nil {
		return err
	}
	if s.Many() {
		return room.playStream(ctx, d, s)
	}
	body, isText := page.PlainText(s.Data)
	m := hubclient.Message{Body: body, Properties: page.PropertiesOf(s.Properties), SystemProperties: hubproto.SystemProperties{
		ContentType: s.ContentType, ContentEncoding: s.ContentEncoding, MessageID: s.MessageID, CorrelationID: s.CorrelationID}}
	if !isText {
		m.ContentType, m.ContentEncoding = cmp.Or(m.ContentType, "application/json"), cmp.Or(m.ContentEncoding, "utf-8")
	}
	room.Update(func() {
		c := &room.state.composer
		c.body.Set(jsontext.Indent(body))
		c.system = systemRows{}
		for _, row := range [][2]string{{"$.ct", m.ContentType}, {"$.ce", m.ContentEncoding}, {"$.mid", m.MessageID}, {"$.cid", m.CorrelationID}} {
			c.system.set(row[0], row[1])
		}
		c.properties.Replace(m.Properties)
	})
	return room.recordMessage(client, m, s.QoS != nil && *s.QoS == 0)(ctx)
}

// playStream sends the messages of a step as a stream of the page, in place of the one of the step before.
func (room *Room) playStream(ctx context.Context, d *scenario.Document, s *scenario.Send) error {
	var st *stream
	room.Update(func() {
		list := &room.state.streams
		for _, old := range list.list {
			if old.name.Text == scenarioStream && !old.running() {
				list.remove(old.id)
				break
			}
		}
		st = list.add()
		st.name.Set(scenarioStream)
		st.fill(d, s)
	})
	if err := room.startStream(st); err != nil {
		return err
	}
	var made, delivered int
	var end l10n.Text
	err := room.Await(ctx, func() bool {
		made, delivered, end = st.run.made, st.run.delivered, st.run.end
		return end != nil
	})
	if err != nil {
		room.stopStream(st)
		return err
	}
	if want := max(s.MsgCount, 1); delivered < want {
		return l10n.New("%d of %d messages were sent, and %d acknowledged. %s", made, want, delivered, end)
	}
	return nil
}

// fill fills in the form of a stream, except its name, for the messages of a step.
func (st *stream) fill(d *scenario.Document, s *scenario.Send) {
	count := max(s.MsgCount, 1)
	interval, burst := time.Duration(s.MsgInterval*float64(time.Second)), 1
	if interval == 0 {
		burst = min(count, streamWindow)
	}
	seed := d.Seed
	if s.Seed != nil {
		seed = *s.Seed
	}
	st.body.Set(cmp.Or(s.Template, jsontext.Indent(s.Data)))
	st.contentType.Set(cmp.Or(s.ContentType, "application/json"))
	st.interval.Set(strconv.FormatInt(max(interval.Milliseconds(), 1), 10))
	st.count.Set(strconv.Itoa(count))
	st.burst.Set(strconv.Itoa(burst))
	st.seed.Set(strconv.FormatUint(seed, 10))
	st.variables = nil
	for _, name := range slices.Sorted(maps.Keys(s.Variables)) {
		args := make([]string, len(s.Variables[name].Args))
		for i, a := range s.Variables[name].Args {
			args[i] = fmt.Sprint(a)
		}
		st.addVariable(name, s.Variables[name].Kind).args.Set(strings.Join(args, ", "))
	}
	st.properties.Replace(page.PropertiesOf(s.Properties))
}
