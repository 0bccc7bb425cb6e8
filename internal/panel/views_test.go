package panel

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/l10n/catalog"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/ui"
	"github.com/hubpanel/hubpanel/internal/ui/uitest"
)

// busyPage is a page on which every room has something to show.
func busyPage(t *testing.T) *person {
	pg := openPage(t, "view=telemetry")
	pg.connect()
	pg.click("telemetry-send")
	pg.click("stream-0-start")
	time.Sleep(3 * time.Second)
	pg.click("stream-0-stop")
	pg.Show(page.TopicMessages)
	pg.click("c2d-send")
	pg.Show(page.TopicTwin)
	pg.click("twin-report")
	pg.click("desired-update")
	pg.Show(page.TopicMethods)
	pg.fire("method-mode", "change", ui.Event{Value: "hand"})
	pg.clickAtOnce("invoke")
	time.Sleep(time.Second)
	return pg
}

// Views change nothing: drawn twice at the same moment, they are equal; and they are drawn at the same time, so that under the race
// detector a view that writes what another one reads fails.
func TestViewsChangeNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := busyPage(t)
		for _, lang := range catalog.Languages {
			pg.SetLang(lang.Lang)
			for _, topic := range page.Topics {
				pg.Show(topic.Topic)
				pg.View() // prepares
				var drawn [4]string
				var drawing sync.WaitGroup
				for i := range drawn {
					drawing.Go(func() {
						pg.Read(func() { drawn[i] = uitest.Markup(pg.draw()) })
					})
				}
				drawing.Wait()
				for i := range drawn {
					require.Equal(t, drawn[0], drawn[i], "%s in %s", topic.Topic, lang.Lang)
				}
				require.Equal(t, drawn[0], uitest.Markup(pg.View()), "to draw it changes nothing either")
			}
		}
	})
}

// A page shows everything in its language, also what was written before the language was changed: back in the first language it is as
// it was, and in another one no text stays in English that has a translation.
func TestALanguageChangeReachesEveryText(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := busyPage(t)
		english := map[page.Topic]string{}
		for _, topic := range page.Topics {
			pg.Show(topic.Topic)
			english[topic.Topic] = uitest.Markup(pg.View())
		}
		for _, lang := range catalog.Languages[1:] {
			pg.SetLang(lang.Lang)
			for _, topic := range page.Topics {
				pg.Show(topic.Topic)
				uitest.Walk(pg.View(), func(n *ui.Node) bool {
					if n.Text != "" {
						require.Equal(t, n.Text, lang.Lang.T(n.Text), "%s in %s stays in English", topic.Topic, lang.Lang)
					}
					return false
				})
			}
		}
		pg.SetLang(catalog.English)
		for _, topic := range page.Topics {
			pg.Show(topic.Topic)
			require.Equal(t, english[topic.Topic], uitest.Markup(pg.View()), topic.Topic)
		}
	})
}
