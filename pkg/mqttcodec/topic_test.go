package mqttcodec

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// The examples of sections 4.7.1.2, 4.7.1.3, 4.7.2 and 4.7.3, the hub's own filters, and some corners.
func TestMatchTopic(t *testing.T) {
	for _, c := range []struct {
		filter, topic string
		want          bool
	}{
		{"sport/tennis/player1/#", "sport/tennis/player1", true},
		{"sport/tennis/player1/#", "sport/tennis/player1/ranking", true},
		{"sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true},
		{"sport/#", "sport", true},
		{"sport/#", "sport/", true},
		{"sport/#", "sports", false},
		{"#", "sport/tennis", true},
		{"#", "/", true},
		{"sport/tennis/+", "sport/tennis/player1", true},
		{"sport/tennis/+", "sport/tennis/player1/ranking", false},
		{"sport/+", "sport", false},
		{"sport/+", "sport/", true},
		{"+/+", "/finance", true},
		{"/+", "/finance", true},
		{"+", "/finance", false},
		{"+", "finance", true},
		{"+/tennis/#", "sport/tennis", true},
		{"+/tennis/#", "sport/tennis/x/y", true},
		{"sport/+/player1", "sport/tennis/player1", true},
		{"sport/+/player1", "sport/a/b/player1", false},
		{"a/+/#", "a", false},
		{"a/+/#", "a/b", true},
		{"a/+/#", "a/", true},
		{"+/#", "a", true},
		{"ACCOUNTS", "Accounts", false},
		{"finance", "/finance", false},
		{"/finance", "finance", false},
		{"a/b", "a/b/", false},
		{"a/b/", "a/b", false},
		{"a b/ż", "a b/ż", true},
		{"#", "$SYS/monitor", false}, // [MQTT-4.7.2-1]
		{"+/monitor/Clients", "$SYS/monitor/Clients", false},
		{"$SYS/#", "$SYS/monitor", true},
		{"$SYS/monitor/+", "$SYS/monitor/Clients", true},
		{"$SYS/#", "$SYS", true},
		{"a/#", "a/$b", true}, // only the first character counts
		{"$iothub/twin/res/#", "$iothub/twin/res/200/?$rid=1", true},
		{"$iothub/methods/POST/#", "$iothub/methods/POST/reboot/?$rid=1", true},
		{"devices/d/messages/devicebound/#", "devices/d/messages/devicebound/%24.mid=1", true},
		{"devices/d/messages/devicebound/#", "devices/d2/messages/devicebound/", false},
		{"a", "", false},
		{"", "", true},
		{"a/+b", "a/+b", true}, // not a filter; taken literally
	} {
		require.Equal(t, c.want, MatchTopic(c.filter, c.topic), "%q, %q", c.filter, c.topic)
		require.Equal(t, c.want, MatchTopic([]byte(c.filter), c.topic), "%q, %q", c.filter, c.topic)
		require.Equal(t, c.want, MatchTopic(c.filter, []byte(c.topic)), "%q, %q", c.filter, c.topic)
	}
}

// MatchTopic agrees with the plainest way to say it, level by level, on all short filters and topics.
func TestMatchTopicAgainstLevels(t *testing.T) {
	byLevel := func(filter, topic string) bool {
		f, n := strings.Split(filter, "/"), strings.Split(topic, "/")
		if strings.HasPrefix(topic, "$") && (f[0] == "#" || f[0] == "+") {
			return false
		}
		for i, level := range f {
			switch {
			case level == "#":
				return true
			case i == len(n):
				return false
			case level != "+" && level != n[i]:
				return false
			}
		}
		return len(f) == len(n)
	}
	byLevelHash := func(filter, topic string) bool { // "/#" matches the parent too
		return byLevel(filter, topic) || strings.HasSuffix(filter, "/#") && byLevel(strings.TrimSuffix(filter, "/#"), topic)
	}
	filters, topics := words("a$/+#", 5), words("ab$/", 5)
	n := 0
	for _, filter := range filters {
		if ValidTopicFilter(filter) != nil {
			continue
		}
		for _, topic := range topics {
			n++
			if want := byLevelHash(filter, topic); want != MatchTopic(filter, topic) {
				t.Fatalf("MatchTopic(%q, %q) is %v", filter, topic, !want)
			}
		}
	}
	require.Greater(t, n, 500_000)
}

// words returns all strings of 1 to n of the letters.
func words(letters string, n int) (all []string) {
	last := []string{""}
	for range n {
		var longer []string
		for _, w := range last {
			for _, c := range letters {
				longer = append(longer, w+string(c))
			}
		}
		all = append(all, longer...)
		last = longer
	}
	return all
}

func TestValidTopic(t *testing.T) {
	for _, c := range []struct {
		s            string
		name, filter string // the clause that refuses it as a name and as a filter
	}{
		{"a", "", ""},
		{"/", "", ""},
		{"a//b", "", ""},
		{"a b", "", ""},
		{"$SYS", "", ""},
		{"zażółć/gęślą/jaźń", "", ""},
		{"a\ufeffb", "", ""},     // [MQTT-1.5.3-3]
		{"a\x01b\u0085", "", ""}, // SHOULD NOT, but a receiver that closes would only be allowed to
		{"", "MQTT-4.7.3-1", "MQTT-4.7.3-1"},
		{"a\x00", "MQTT-1.5.3-2", "MQTT-1.5.3-2"},
		{"żółw\x00", "MQTT-1.5.3-2", "MQTT-1.5.3-2"},
		{"\xff", "MQTT-1.5.3-1", "MQTT-1.5.3-1"},
		{"a/\xed\xa0\x80", "MQTT-1.5.3-1", "MQTT-1.5.3-1"},   // U+D800
		{"\xc0\x80", "MQTT-1.5.3-1", "MQTT-1.5.3-1"},         // U+0000 in two bytes
		{"\xf4\x90\x80\x80", "MQTT-1.5.3-1", "MQTT-1.5.3-1"}, // U+110000
		{strings.Repeat("x", 65_535), "", ""},
		{strings.Repeat("x", 65_536), "MQTT-4.7.3-3", "MQTT-4.7.3-3"},
		{"#", "MQTT-3.3.2-2", ""},
		{"+", "MQTT-3.3.2-2", ""},
		{"a/#", "MQTT-3.3.2-2", ""},
		{"+/+/#", "MQTT-3.3.2-2", ""},
		{"/+/ż/#", "MQTT-3.3.2-2", ""},
		{"a#", "MQTT-3.3.2-2", "MQTT-4.7.1-2"},
		{"#/a", "MQTT-3.3.2-2", "MQTT-4.7.1-2"},
		{"##", "MQTT-3.3.2-2", "MQTT-4.7.1-2"},
		{"#/#", "MQTT-3.3.2-2", "MQTT-4.7.1-2"},
		{"a/b#", "MQTT-3.3.2-2", "MQTT-4.7.1-2"},
		{"+#", "MQTT-3.3.2-2", "MQTT-4.7.1-3"},
		{"a+", "MQTT-3.3.2-2", "MQTT-4.7.1-3"},
		{"+a", "MQTT-3.3.2-2", "MQTT-4.7.1-3"},
		{"++", "MQTT-3.3.2-2", "MQTT-4.7.1-3"},
		{"a/+b/c", "MQTT-3.3.2-2", "MQTT-4.7.1-3"},
		{"sport+/#", "MQTT-3.3.2-2", "MQTT-4.7.1-3"},
	} {
		show := c.s[:min(len(c.s), 40)]
		require.Equal(t, c.name, clauseOf(t, ValidTopicName(c.s)), "name %q", show)
		require.Equal(t, c.name, clauseOf(t, ValidTopicName([]byte(c.s))), "name %q", show)
		require.Equal(t, c.filter, clauseOf(t, ValidTopicFilter(c.s)), "filter %q", show)
		require.Equal(t, c.filter, clauseOf(t, ValidTopicFilter([]byte(c.s))), "filter %q", show)
	}
}

func clauseOf(t *testing.T, err error) string {
	if err == nil {
		return ""
	}
	var e *Error
	require.ErrorAs(t, err, &e)
	require.Zero(t, e.Type)
	return e.Clause
}

// The tests of many bytes at once agree with a look at every byte: each byte value, at each place, in each length.
func TestPlain(t *testing.T) {
	for n := range 52 {
		for at := range n {
			for c := range 256 {
				s := bytes.Repeat([]byte{'k'}, n)
				s[at] = byte(c)
				text := c != 0 && c < utf8.RuneSelf
				require.Equal(t, text, plainText(s), "%q", s)
				require.Equal(t, text && c != '+' && c != '#', plainTopic(s), "%q", s)
			}
		}
		require.True(t, plainText(make([]byte, 0)))
		require.Equal(t, n > 0, plainTopic(bytes.Repeat([]byte{0x7f}, n)), "bytes do not carry into each other")
		require.Equal(t, n > 0, plainTopic(bytes.Repeat([]byte{0x01}, n)))
	}
}
