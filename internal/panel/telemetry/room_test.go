package telemetry

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubservice"
	"github.com/hubpanel/hubpanel/internal/l10n/catalog"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/simulation"
	"github.com/hubpanel/hubpanel/internal/ui"
	"github.com/hubpanel/hubpanel/internal/ui/uitest"
	"github.com/hubpanel/hubpanel/pkg/emulator"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// visitor is a person in front of the room, whose device connects to a hub in this process.
type visitor struct {
	*Room
	t           *testing.T
	hub         *emulator.Hub
	credentials hubclient.Credentials

	// What follows is guarded by the page's lock.
	client *hubclient.Client
	ended  chan struct{}
}

var errNotConnected = errors.New("not connected")

func openRoom(t *testing.T) *visitor {
	t.Helper()
	v := &visitor{t: t, hub: &emulator.Hub{HostName: "hub.inpage"}}
	info, err := hubservice.OpenInPage(t.Context(), v.hub)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, v.hub.Close()) })
	v.credentials, err = hubclient.ParseConnectionString(info.DeviceConnectionString)
	require.NoError(t, err)
	p := page.New(page.Env{
		Params: page.ParseParams("view=telemetry", ""), Changed: func() {}, Yield: func() {}, Location: time.UTC,
		Fatal: func(sentence, detail string) { t.Error(sentence, detail) },
	})
	v.Room = New(p)
	v.Links = Links{
		Running: func() bool { return v.client != nil },
		Client: func() (client *hubclient.Client, err error) {
			p.Read(func() { client = v.client })
			if client == nil {
				err = errNotConnected
			}
			return client, err
		},
		LiveClient:  func() *hubclient.Client { return v.client },
		Ended:       func() <-chan struct{} { return v.ended },
		Credentials: func() hubclient.Credentials { return v.credentials },
		IsModule:    func() bool { return false },
	}
	p.KnowSecrets(v.Room.Secrets)
	t.Cleanup(p.Close)
	return v
}

// connect connects the device until disconnect is called or the test ends.
func (v *visitor) connect() (disconnect func()) {
	v.t.Helper()
	client, err := hubclient.New(v.credentials, &hubclient.Options{Dial: v.hub.Dial})
	require.NoError(v.t, err)
	ended := make(chan struct{})
	ctx, stop := context.WithCancel(v.Context())
	v.Update(func() { v.client, v.ended = client, ended })
	v.Go("the connection", func(context.Context) {
		defer close(ended)
		client.Run(ctx)
		v.Update(func() { v.client = nil })
	})
	synctest.Wait()
	return stop
}

func (v *visitor) view() (card *ui.Node) {
	v.Read(func() { card = v.Card() })
	return card
}

func (v *visitor) read(id string) string {
	v.t.Helper()
	return uitest.Text(uitest.Find(v.t, v.view(), id))
}

// fire does what an event on an element does, and waits until nothing moves any more.
func (v *visitor) fire(id, event string, e ui.Event) {
	v.t.Helper()
	for _, l := range uitest.Find(v.t, v.view(), id).Events {
		if l.Event == event {
			v.Handle(l.Do, e)
			synctest.Wait()
			return
		}
	}
	require.Fail(v.t, "no such listener", "%s has no listener for %s", id, event)
}

func (v *visitor) click(id string)        { v.t.Helper(); v.fire(id, "click", ui.Event{}) }
func (v *visitor) typeIn(id, text string) { v.t.Helper(); v.fire(id, "input", ui.Event{Value: text}) }

func (v *visitor) send() { v.Enqueue(v.Send); synctest.Wait() }

// nextStored returns the next message that the hub stores after the call of act.
func (v *visitor) nextStored(act func()) emulator.Event {
	v.t.Helper()
	stored := make(chan emulator.Event, 1)
	go func() {
		for e := range v.hub.Events(v.t.Context()) {
			stored <- e
			return
		}
	}()
	synctest.Wait()
	act()
	return <-stored
}

// notes returns the notes of the device's log, in the page's language.
func (v *visitor) notes() (notes []string) {
	v.Read(func() {
		for _, e := range v.DeviceLog.Entries {
			notes = append(notes, v.Words(e.What)+": "+v.Words(e.Note))
		}
	})
	return notes
}

// A text that was kept before the language changed is in the new language: of the last messages, of the log, of an ended stream.
func TestTextsFollowTheLanguage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := openRoom(t)
		v.connect()
		v.send()
		v.typeIn("stream-0-count", "2")
		v.typeIn("stream-0-burst", "2")
		v.click("stream-0-start")
		v.typeIn("simulator-text", `{"Interval": "soon"}`)
		v.click("simulator-import")
		english := map[string]string{}
		for _, id := range []string{"recent-messages", "stream-0-state", "simulator-result"} {
			english[id] = v.read(id)
		}
		require.Equal(t, "stream-1 #1–#2 acknowledged in 0 ms By hand acknowledged in 0 ms", english["recent-messages"])
		require.Contains(t, english["stream-0-state"], "Done: 2 messages.")
		require.Contains(t, english["simulator-result"], "Interval is no whole number")
		require.Equal(t, []string{"Telemetry: acknowledged in 0 ms", "Telemetry · stream-1: acknowledged in 0 ms"}, v.notes())

		before := v.notes()
		v.Update(func() { v.Language = catalog.Polish })
		for id, text := range english {
			require.NotContains(t, v.read(id), text)
		}
		require.Contains(t, v.read("recent-messages"), catalog.Polish.T("By hand"))
		require.Contains(t, v.read("stream-0-state"), catalog.Polish.T("Done: %d messages.", 2))
		for i, note := range v.notes() {
			require.NotEqual(t, before[i], note)
		}
	})
}

// H7: the pasted configuration may hold a hub's key. It is a secret until it is imported, and is cleared with its streams.
func TestForgetClearsTheImport(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := openRoom(t)
		v.connect()
		v.typeIn("simulator-text", `{"Template": "{}", "IotHubConnectionString": "HostName=h;SharedAccessKeyName=iothubowner;SharedAccessKey=Y2FuYXJ5"}`)
		v.click("simulator-import")
		require.Contains(t, v.read("simulator-note"), "IotHubConnectionString was not read")
		require.Len(t, v.state.streams.list, 2)
		v.click("stream-1-start")
		removed := v.state.streams.list[1]
		v.typeIn("simulator-text", `HostName=h;SharedAccessKeyName=iothubowner;SharedAccessKey=Y2FuYXJ5`)
		rev := uitest.Find(t, v.view(), "simulator-text").Rev

		v.Read(func() { require.Equal(t, "the key is …", v.Page.Secrets().Clean("the key is Y2FuYXJ5")) })
		v.Update(v.Forget)
		synctest.Wait()
		require.Empty(t, v.Secrets())
		text := uitest.Find(t, v.view(), "simulator-text")
		require.Empty(t, text.Value)
		require.Greater(t, text.Rev, rev, "the painter must replace what a person typed")
		require.NotContains(t, uitest.Markup(v.view()), "Y2FuYXJ5")
		require.Empty(t, uitest.All(v.view(), "simulator-note"))
		require.Empty(t, uitest.All(v.view(), "simulator-result"))
		require.Len(t, v.state.streams.list, 1, "the imported stream is gone")
		require.False(t, removed.running())
		require.Equal(t, "stream-1", v.state.streams.list[0].name.Text)
	})
}

func TestSecretsOfAPastedConfiguration(t *testing.T) {
	for name, text := range map[string]string{
		"a connection string": "HostName=h.azure-devices.net;SharedAccessKeyName=device;SharedAccessKey=c2VjcmV0cw==",
		"the key first":       "SharedAccessKey=c2VjcmV0cw==;HostName=h.azure-devices.net",
		"docker":              `docker run -it -e "IotHubConnectionString=HostName=h;SharedAccessKeyName=device;SharedAccessKey=c2VjcmV0cw==" -e MessageCount=5 image`,
		"docker, key first":   `docker run -e 'IotHubConnectionString=SharedAccessKey=c2VjcmV0cw==;HostName=h' image`,
		"JSON":                `{"IotHubConnectionString": "HostName=h;SharedAccessKey=c2VjcmV0cw==", "Interval": 5}`,
		"JSON in JSON":        `{"KafkaConnectionProperties": "{\"sasl.password\": \"Endpoint=sb://h;sharedaccesskey=c2VjcmV0cw==\"}"}`,
		"lines":               "Interval=5\r\nEventHubConnectionString=Endpoint=sb://h;SharedAccessKey=c2VjcmV0cw==\r\nMessageCount=5",
	} {
		var f simulatorForm
		f.text.Set(text)
		require.Equal(t, []string{"c2VjcmV0cw=="}, f.secrets(), name)
	}
	var f simulatorForm
	f.text.Set(`{"IotHubConnectionString": "HostName=h;SharedAccessSignature=SharedAccessSignature sr=h&sig=c2Vj%3D&se=1"}`)
	require.Equal(t, []string{"SharedAccessSignature sr=h&sig=c2Vj%3D&se=1"}, f.secrets())
	f.text.Set(`{"Template": "{\"n\": $.Counter}"}`)
	require.Empty(t, f.secrets())
}

// Two starts at once, such as a click and a scenario, are one run.
func TestAStreamStartsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := openRoom(t)
		require.ErrorIs(t, v.startStream(v.state.streams.list[0]), errNotConnected)
		v.connect()
		v.typeIn("stream-0-count", "3")
		var starts sync.WaitGroup
		for range 20 {
			starts.Go(func() { v.startStream(v.state.streams.list[0]) })
		}
		starts.Wait()
		time.Sleep(3 * time.Second)
		synctest.Wait()
		require.Contains(t, v.read("stream-0-state"), "Done: 3 messages. 3 sent, 3 acknowledged, 0 failed, 0 on their way.")
		require.Equal(t, "3", v.read("rate-total"))
		require.Equal(t, 3, v.Traffic.Sent)
		require.Nil(t, v.Notice.Text)
	})
}

// A stream survives a reconnect, and ends with its connection.
func TestAStreamEndsWithItsConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := openRoom(t)
		disconnect := v.connect()
		v.click("stream-0-start")
		require.True(t, v.hub.Disconnect(v.credentials.DeviceID))
		time.Sleep(10*time.Second + time.Millisecond)
		synctest.Wait()
		require.Contains(t, v.read("stream-0-state"), "Running. 11 sent, 11 acknowledged")
		disconnect()
		synctest.Wait()
		require.Contains(t, v.read("stream-0-state"), "Stopped after 11 messages: the device was disconnected.")
		v.connect()
		time.Sleep(10 * time.Second)
		require.Contains(t, v.read("stream-0-state"), "Stopped after 11 messages")
		v.click("stream-0-start")
		require.Contains(t, v.read("stream-0-state"), "Running. 1 sent")
	})
}

// Views change nothing: drawn twice they are the same, and the race detector sees them drawn at the same time.
func TestViewsChangeNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := openRoom(t)
		v.connect()
		v.send()
		v.fire("stream-0-template", "toggle", ui.Event{Checked: true})
		v.click("stream-0-start")
		time.Sleep(3 * time.Second)
		synctest.Wait()
		first := uitest.Markup(v.view())
		require.Equal(t, first, uitest.Markup(v.view()))
		uitest.Valid(t, v.view())

		for range 20 {
			time.Sleep(chartEvery) // so that the next view draws a new plot
			drawn := make([]string, 8)
			v.Read(func() {
				begin := make(chan struct{})
				var drawings sync.WaitGroup
				for i := range drawn {
					drawings.Go(func() {
						<-begin
						drawn[i] = uitest.Markup(v.Card())
						v.Commands()
						v.Secrets()
					})
				}
				close(begin)
				drawings.Wait()
			})
			require.NotEqual(t, first, drawn[0])
			for _, markup := range drawn {
				require.Equal(t, drawn[0], markup)
			}
		}
	})
}

// A message waits for the connection, then it is on the wire, then the hub has it.
func TestAMessageIsQueuedThenSentThenAcknowledged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := openRoom(t)
		v.connect()
		require.NoError(t, v.hub.SetFaults(emulator.Faults{Refuse: mqttcodec.ServerUnavailable}))
		require.True(t, v.hub.Disconnect(v.credentials.DeviceID))
		synctest.Wait()
		v.send()
		require.Contains(t, v.read("recent-messages"), "By hand queued", "there is no connection")
		require.Equal(t, []string{"Telemetry: queued"}, v.notes())
		require.NoError(t, v.hub.SetFaults(emulator.Faults{Delay: time.Second}))
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Contains(t, v.read("recent-messages"), "By hand acknowledged in")

		v.send()
		require.Contains(t, v.read("recent-messages"), "By hand sent", "the acknowledgement takes a second")
		require.Equal(t, "Telemetry: sent", v.notes()[1])
		time.Sleep(2 * time.Second)
		synctest.Wait()
		require.Contains(t, v.read("recent-messages"), "By hand acknowledged in 1000 ms")
		require.Equal(t, "Telemetry: acknowledged in 1000 ms", v.notes()[1])

		v.click("stream-0-start")
		require.Contains(t, v.read("recent-messages"), "stream-1 #1 sent")
	})
}

// The painter skips a plot that it has drawn before: within a move of the chart it is the same node.
func TestThePlotIsDrawnOncePerMove(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := openRoom(t)
		v.connect()
		v.send()
		plot := func() *ui.Node { return uitest.Find(t, v.view(), "chart-plot") }
		first := plot()
		require.Same(t, first, plot())
		time.Sleep(chartEvery)
		require.NotSame(t, first, plot())
		first = plot()
		v.Update(func() { v.Language = catalog.Polish })
		require.NotSame(t, first, plot())
	})
}

func TestEveryKindOfVariableCanBeChosen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := openRoom(t)
		v.fire("stream-0-template", "toggle", ui.Event{Checked: true})
		for _, kind := range simulation.Kinds() {
			v.fire("stream-0-variable-kind-0", "change", ui.Event{Value: kind})
			choice := uitest.Find(t, v.view(), "stream-0-variable-kind-0")
			chosen := ""
			for _, option := range choice.Children {
				if _, ok := option.Attr("selected"); ok {
					chosen, _ = option.Attr("value")
				}
			}
			require.Equal(t, kind, chosen)
			require.Equal(t, simulation.Example(kind), uitest.Find(t, v.view(), "stream-0-variable-args-0").Value)
		}
	})
}

func TestCommands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := openRoom(t)
		enabled := func() map[string]bool {
			ids := map[string]bool{}
			v.Read(func() {
				for _, c := range v.Commands() {
					ids[c.ID] = c.Enabled
				}
			})
			return ids
		}
		require.Equal(t, map[string]bool{"telemetry-send": false, "telemetry-format": true, "stream-add": true, "stream-start-0": false}, enabled())
		v.connect()
		v.click("stream-0-start")
		require.Equal(t, map[string]bool{"telemetry-send": true, "telemetry-format": true, "stream-add": true, "stream-stop-0": true}, enabled())
	})
}
