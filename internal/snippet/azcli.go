package snippet

import "strings"

// azProperties returns the properties as az reads them: a=b;c=d, the system properties by their keys in a property bag.
func (s *Source) azProperties() string {
	var list []string
	for key, value := range s.System.All() {
		list = append(list, key+"="+value)
	}
	for _, property := range s.Properties {
		list = append(list, property.Name+"="+property.Value)
	}
	return strings.Join(list, ";")
}

// az returns the command, with the option properties for the property bag, and more options behind the body.
func (s *Source) az(command, properties string, more ...string) string {
	lines := []string{"az iot device " + command, "--hub-name " + bashWord(s.hubName()), "--device-id " + bashWord(s.DeviceID)}
	if bag := s.azProperties(); bag != "" {
		lines = append(lines, properties+" "+bashWord(bag))
	}
	lines = append(lines, "--data "+bashWord(string(s.Body)))
	return "az extension add --name azure-iot # once\naz login           # az asks the hub for the key itself\n" +
		strings.Join(append(lines, more...), " \\\n  ") + "\n"
}

func (s *Source) azSend() string { return s.az("send-d2c-message", "--props") }

func (s *Source) azSimulate() string {
	return s.az("simulate", "--properties", "--msg-count 10", "--msg-interval 3")
}
