package ui

// Secret is the type of an input for a secret: dots, until the person wants to see it.
func Secret(reveal bool) Part {
	if reveal {
		return Attr("type", "text")
	}
	return Attr("type", "password")
}

// Options are the options of a select, from pairs of value and name.
func Options(selected string, pairs ...string) []*Node {
	var list []*Node
	for i := 0; i+1 < len(pairs); i += 2 {
		list = append(list, H("option", Attr("value", pairs[i]), Flag("selected", pairs[i] == selected), Text(pairs[i+1])))
	}
	return list
}
