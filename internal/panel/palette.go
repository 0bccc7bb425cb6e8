package panel

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"github.com/hubpanel/hubpanel/internal/l10n/catalog"
)

// command is something that a person can do by name, from the palette, or by a key from anywhere in the page.
type command struct {
	id      string // stable, in ASCII, such as "twin-read": the palette finds it by this too, in every language
	name    string // what it does, in the page's language: "Read the twin again"
	english string // the name in English, where the page is in another language and named has added it
	hint    string // what it belongs to, in the page's language: "Device twin". It is searched too
	key     string // its shortcut as Listener.Keys has it, such as "Alt+3". Most have none
	enabled bool   // a command that cannot be done now is shown, but does nothing
	do      func() // runs on the event queue without the panel's lock: it must not wait
}

// commands are all of the page's, in the order in which the palette shows them. An area adds a function of its own here.
// The caller holds the lock.
func (p *Panel) commands() []command {
	return slices.Concat(
		p.deviceCommands(),
		p.twinCommands(),
		p.methodCommands(),
		p.provisioningCommands(),
		p.wireCommands(),
		p.cloudCommands(),
		p.exportCommands(),
		p.topicCommands(),
		p.scenarioCommands(),
		p.shellCommands(),
	)
}

// named are the commands with their names in English beside those in the page's language: people search by both. The caller
// holds the lock.
func (p *Panel) named() []command {
	list := p.commands()
	if p.lang == catalog.English {
		return list
	}
	lang := p.lang
	p.lang = catalog.English
	english := p.commands()
	p.lang = lang
	for i := range list {
		list[i].english = english[i].name
	}
	return list
}

// found is a command that the palette's query matches.
type found struct {
	command
	marks []int // which runes of the name matched
	score int
}

// search returns the commands that match a query, the best first. All match an empty query, in their own order, those
// that can be done now before the others.
func search(commands []command, query string) []found {
	var list []found
	for _, c := range commands {
		if f, ok := c.match(query); ok {
			list = append(list, f)
		}
	}
	slices.SortStableFunc(list, func(a, b found) int {
		if a.score == b.score && a.enabled != b.enabled {
			return map[bool]int{true: -1, false: 1}[a.enabled]
		}
		return cmp.Compare(b.score, a.score)
	})
	return list
}

// match looks for every word of the query in the name, else in the name in English, the hint or the id, which count for less.
func (c command) match(query string) (found, bool) {
	f := found{command: c}
	for _, word := range strings.Fields(query) {
		if score, marks := fuzzy(c.name, word); score > 0 {
			f.score += 2 * score
			f.marks = append(f.marks, marks...)
			continue
		}
		hint, _ := fuzzy(c.hint, word)
		id, _ := fuzzy(c.id, word)
		english, _ := fuzzy(c.english, word)
		score := max(hint, id, english)
		if score == 0 {
			return f, false
		}
		f.score += score
	}
	return f, true
}

// fuzzy looks for the letters of word in s, in their order, whatever stands between. It returns which runes of s they are
// and a score, zero for no match: letters that follow each other or begin a word weigh more. It tries every place where the
// first letter stands, so that "twin" in "write the twin" is the word and not scattered letters.
func fuzzy(s, word string) (score int, marks []int) {
	in, want := []rune(s), []rune(word)
	for start := range in {
		if fold(in[start]) != fold(want[0]) {
			continue
		}
		points, at := 0, make([]int, 0, len(want))
		for i := start; i < len(in) && len(at) < len(want); i++ {
			if fold(in[i]) != fold(want[len(at)]) {
				continue
			}
			points++
			if i == 0 || !unicode.IsLetter(in[i-1]) {
				points += 3
			}
			if len(at) > 0 && at[len(at)-1] == i-1 {
				points += 4
			}
			at = append(at, i)
		}
		if len(at) == len(want) && points > score {
			score, marks = points, at
		}
	}
	return score, marks
}

// unaccented are the letters that people type without their marks when they are in a hurry.
var unaccented = map[rune]rune{'ą': 'a', 'ć': 'c', 'ę': 'e', 'ł': 'l', 'ń': 'n', 'ó': 'o', 'ś': 's', 'ź': 'z', 'ż': 'z'}

func fold(r rune) rune {
	r = unicode.ToLower(r)
	if plain, ok := unaccented[r]; ok {
		return plain
	}
	return r
}

// overlay is what lies over the page, if anything.
type overlay int

const (
	overlayNone overlay = iota
	overlayPalette
	overlayShortcuts
)

// palette is the state of the command palette and of the list of shortcuts.
type palette struct {
	open    overlay
	query   field
	active  int  // the option that Enter chooses, of those that match
	quietly bool // "?" does nothing: for people who dictate, a single key is a trap (WCAG 2.1.4)
}

// OpenPalette shows the command palette, empty.
func (p *Panel) OpenPalette() {
	p.update(func() {
		p.palette.open, p.palette.active = overlayPalette, 0
		p.palette.query.set("")
	})
}

// ShowShortcuts shows the list of keys.
func (p *Panel) ShowShortcuts() { p.update(func() { p.palette.open = overlayShortcuts }) }

func (p *Panel) closeOverlay() { p.update(func() { p.palette.open = overlayNone }) }

// searchPalette follows what a person types into the palette.
func (p *Panel) searchPalette(query string) {
	p.update(func() { p.palette.query.text, p.palette.active = query, 0 })
}

// movePalette makes another option the active one, and goes round at the ends.
func (p *Panel) movePalette(by int) {
	p.update(func() {
		if n := len(search(p.named(), p.palette.query.text)); n > 0 {
			p.palette.active = ((p.palette.active+by)%n + n) % n
		}
	})
}

// choose closes the palette and does the active command.
func (p *Panel) choose() {
	var chosen command
	p.update(func() {
		if list := search(p.named(), p.palette.query.text); p.palette.active < len(list) {
			chosen = list[p.palette.active].command
		}
		if chosen.enabled {
			p.palette.open = overlayNone
		}
	})
	if chosen.enabled {
		chosen.do()
	}
}
