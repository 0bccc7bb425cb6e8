package mqttcodec

import "bytes"

// ValidTopicName returns nil if name may be published to, and otherwise an [*Error] with the reason: a topic name is
// a UTF-8 string of 1 to 65,535 bytes without U+0000 and without wildcards (section 4.7).
func ValidTopicName[S ~string | ~[]byte](name S) error {
	return checkTopicName(0, "topic name", "MQTT-3.3.2-2", []byte(name))
}

// ValidTopicFilter returns nil if filter may be subscribed to, and otherwise an [*Error] with the reason: a topic
// filter is a UTF-8 string of 1 to 65,535 bytes without U+0000 in which '+' stands alone in a level and '#' alone in
// the last one (section 4.7).
func ValidTopicFilter[S ~string | ~[]byte](filter S) error {
	return checkTopicFilter(0, []byte(filter))
}

// checkTopicName checks a topic name (section 4.7.3); wildcard is the clause that keeps wildcards out of it.
func checkTopicName(t Type, field, wildcard string, name []byte) error {
	if len(name) == 0 {
		return &Error{t, "MQTT-4.7.3-1", field + " is empty"}
	}
	if plainTopic(name) && len(name) <= maxString {
		return nil
	}
	if err := checkTopicText(t, field, name); err != nil {
		return err
	}
	if bytes.IndexByte(name, '+') >= 0 || bytes.IndexByte(name, '#') >= 0 {
		return &Error{t, wildcard, field + " holds a wildcard"}
	}
	return nil
}

// checkTopicFilter checks a topic filter (sections 4.7.1 and 4.7.3).
func checkTopicFilter(t Type, filter []byte) error {
	if len(filter) == 0 {
		return &Error{t, "MQTT-4.7.3-1", "topic filter is empty"}
	}
	body := filter // without the "#" or "/#" that most filters end in
	if n := len(filter); filter[n-1] == '#' && (n == 1 || filter[n-2] == '/') {
		body = filter[:n-1]
	}
	if plainTopic(body) && len(filter) <= maxString {
		return nil
	}
	if err := checkTopicText(t, "topic filter", filter); err != nil {
		return err
	}
	for i, c := range body {
		switch c {
		case '#':
			return &Error{t, "MQTT-4.7.1-2", "'#' in topic filter is not the whole last level"}
		case '+':
			if i > 0 && body[i-1] != '/' || i < len(body)-1 && body[i+1] != '/' {
				return &Error{t, "MQTT-4.7.1-3", "'+' in topic filter is not a whole level"}
			}
		}
	}
	return nil
}

// checkTopicText checks what names and filters have in common.
func checkTopicText(t Type, field string, s []byte) error {
	if len(s) > maxString {
		return &Error{t, "MQTT-4.7.3-3", field + " is longer than 65,535 bytes"}
	}
	return checkText(t, field, s) // U+0000 is [MQTT-4.7.3-2] as well
}

// MatchTopic reports whether a subscription to filter receives a message published to topic (section 4.7). Both are
// taken to be valid. Levels are compared byte by byte [MQTT-4.7.3-4]; '+' matches one level, the empty one too; "/#"
// at the end also matches the parent level; a filter that begins with a wildcard does not match a topic that begins
// with '$' [MQTT-4.7.2-1].
func MatchTopic[F, T ~string | ~[]byte](filter F, topic T) bool {
	if len(topic) > 0 && topic[0] == '$' && len(filter) > 0 && (filter[0] == '+' || filter[0] == '#') {
		return false
	}
	f, t := 0, 0
	for f < len(filter) {
		switch {
		case filter[f] == '#' && f == len(filter)-1 && (f == 0 || filter[f-1] == '/'):
			return true
		case filter[f] == '+' && (f == 0 || filter[f-1] == '/') && (f == len(filter)-1 || filter[f+1] == '/'):
			f++
			for t < len(topic) && topic[t] != '/' {
				t++
			}
		case t < len(topic) && filter[f] == topic[t]:
			f++
			t++
		default:
			// "a/#" selects "a" as well: the number sign includes the parent level (4.7.1.2).
			return t == len(topic) && f == len(filter)-2 && filter[f] == '/' && filter[f+1] == '#'
		}
	}
	return t == len(topic)
}
