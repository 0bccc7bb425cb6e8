package scenarios

import (
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/scenario"
)

// topicOf is what both panes show while a step is done.
func topicOf(s *scenario.Step) (page.Topic, bool) {
	switch s.Action() {
	case "connect":
		if s.Connect.Assigned {
			return page.TopicProvisioning, true
		}
		return page.TopicTelemetry, true
	case "send", "expectTelemetry":
		return page.TopicTelemetry, true
	case "report", "desired":
		return page.TopicTwin, true
	case "c2d":
		return page.TopicMessages, true
	case "answer", "invoke":
		return page.TopicMethods, true
	case "register":
		return page.TopicProvisioning, true
	case "expect":
		switch e := s.Expect; {
		case len(e.Message) > 0:
			return page.TopicMessages, true
		case len(e.Method) > 0:
			return page.TopicMethods, true
		case e.State == "":
			return page.TopicTwin, true
		}
	}
	return "", false
}
