package palette

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"github.com/hubpanel/hubpanel/internal/l10n/catalog"
	"github.com/hubpanel/hubpanel/internal/panel/page"
)

// found is a command that the palette's query matches.
type found struct {
	page.Command
	name  string // in the page's language
	hint  string
	marks []int // which runes of the name matched
	score int
}

// search returns the commands that match a query, the best first. All match an empty query, in their own order, those
// that can be done now before the others. Names are searched in the language and in English, because people search by both.
func search(commands []page.Command, query string, lang catalog.Lang) []found {
	var list []found
	for _, c := range commands {
		f := found{Command: c, name: lang.Words(c.Name), hint: lang.Words(c.Hint)}
		english := ""
		if lang != catalog.English {
			english = catalog.English.Words(c.Name)
		}
		if f.match(query, english) {
			list = append(list, f)
		}
	}
	slices.SortStableFunc(list, func(a, b found) int {
		if a.score == b.score && a.Enabled != b.Enabled {
			return map[bool]int{true: -1, false: 1}[a.Enabled]
		}
		return cmp.Compare(b.score, a.score)
	})
	return list
}

// match looks for every word of the query in the name; matches in the name in English, the hint and the id count for less.
func (f *found) match(query, english string) bool {
	for word := range strings.FieldsSeq(query) {
		if score, marks := fuzzy(f.name, word); score > 0 {
			f.score += 2 * score
			f.marks = append(f.marks, marks...)
			continue
		}
		hint, _ := fuzzy(f.hint, word)
		id, _ := fuzzy(f.ID, word)
		translated, _ := fuzzy(english, word)
		score := max(hint, id, translated)
		if score == 0 {
			return false
		}
		f.score += score
	}
	return true
}

// fuzzy looks for the letters of word in s, in their order, with anything between them. It returns which runes of s they are
// and a score, zero for no match: letters that follow each other or begin a word weigh more. It tries every occurrence of the first
// letter, so that "twin" in "write the twin" is the word and not scattered letters.
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
