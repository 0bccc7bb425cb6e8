package wire

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// standard is the OASIS standard of MQTT 3.1.1. Its table of contents gives each heading down to the third level an anchor, numbered in
// the order of the document.
const standard = "https://docs.oasis-open.org/mqtt/mqtt/v3.1.1/os/mqtt-v3.1.1-os.html"

// StandardURL returns where the standard of MQTT 3.1.1 can be read. A link opens only when a person follows it.
func StandardURL() string { return standard }

// sections are the headings of chapters 1 to 3 that have an anchor, in the document's order, from firstAnchor on.
var sections = strings.Fields(`
	1.5.3 1.6
	2 2.1 2.2 2.2.1 2.2.2 2.2.3 2.3 2.3.1 2.4
	3 3.1 3.1.1 3.1.2 3.1.3 3.1.4
	3.2 3.2.1 3.2.2 3.2.3
	3.3 3.3.1 3.3.2 3.3.3 3.3.4 3.3.5
	3.4 3.4.1 3.4.2 3.4.3 3.4.4
	3.5 3.5.1 3.5.2 3.5.3 3.5.4
	3.6 3.6.1 3.6.2 3.6.3 3.6.4
	3.7 3.7.1 3.7.2 3.7.3 3.7.4
	3.8 3.8.1 3.8.2 3.8.3 3.8.4
	3.9 3.9.1 3.9.2 3.9.3
	3.10 3.10.1 3.10.2 3.10.3 3.10.4
	3.11 3.11.1 3.11.2 3.11.3
	3.12`)

// firstAnchor is the number of the anchor of the first of sections: _Toc398718016 is 1.5.3.
const firstAnchor = 398718016

// ClauseURL returns the address of a [Field]'s Clause in the standard: a section, such as "3.1.2.8", or a statement, such as
// "MQTT-3.3.1-4". Sections below the third level and statements have no anchor of their own: the link goes to the section that they are
// in and lets the browser look for the text from there (a text fragment, which Chromium, Firefox 131 and Safari know). For a clause that
// is not known it returns the standard's address.
func ClauseURL(clause string) string {
	number, statement := strings.CutPrefix(clause, "MQTT-")
	text := ""
	if statement {
		text = "[" + clause + "]"
		number, _, _ = strings.Cut(number, "-")
	}
	// "3.1.2.8" is in 3.1.2, "3.12" in itself.
	for section := number; section != ""; {
		if i := slices.Index(sections, section); i >= 0 {
			if text == "" && section != number {
				text = number
			}
			return standard + "#_Toc" + strconv.Itoa(firstAnchor+i) + textFragment(text)
		}
		end := strings.LastIndexByte(section, '.')
		section = section[:max(end, 0)]
	}
	return standard + strings.Replace(textFragment(text), ":~:", "#:~:", 1)
}

// textFragment makes the part of a fragment that looks for a text; "" for none. A dash, a comma and an ampersand mean something there.
func textFragment(text string) string {
	if text == "" {
		return ""
	}
	return ":~:text=" + strings.ReplaceAll(url.QueryEscape(text), "-", "%2D")
}
