package catalog

import (
	"embed"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
)

// Lang is a language of the page, as BCP 47 and the page's lang parameter name it. Its methods translate.
type Lang string

// The languages. English is written in the code; each of the others has a file in lang/, keyed by the English text.
const (
	English            Lang = "en"
	Polish             Lang = "pl"
	SimplifiedChinese  Lang = "zh-Hans"
	TraditionalChinese Lang = "zh-Hant"
)

// Languages are the languages in the order in which the page offers them, each by its own name.
var Languages = []struct {
	Lang Lang
	Name string
}{
	{English, "English"},
	{Polish, "polski"},
	{SimplifiedChinese, "简体中文"},
	{TraditionalChinese, "繁體中文"},
}

// Match returns the first of the wanted languages (BCP 47 tags) that the page has, or English. Where a tag does not name the script,
// as browsers' tags do not, its region selects the Chinese script.
func Match(wanted ...string) Lang {
	for _, tag := range wanted {
		parts := strings.Split(strings.ToLower(tag), "-")
		switch parts[0] {
		case "en":
			return English
		case "pl":
			return Polish
		case "zh":
			for _, part := range parts[1:] {
				switch part {
				case "hant", "tw", "hk", "mo":
					return TraditionalChinese
				case "hans":
					return SimplifiedChinese
				}
			}
			return SimplifiedChinese
		}
	}
	return English
}

// A translation is one text, or one for each of a language's plural forms: one, few (Polish), many.
type translation struct{ one, few, many string }

func (t *translation) UnmarshalJSON(raw []byte) error {
	if raw[0] == '"' {
		return json.Unmarshal(raw, &t.many)
	}
	var forms struct {
		One  string `json:"one"`
		Few  string `json:"few"`
		Many string `json:"many"`
	}
	err := json.Unmarshal(raw, &forms)
	*t = translation{forms.One, forms.Few, forms.Many}
	return err
}

//go:embed lang/*.json
var catalogFiles embed.FS

// catalogs holds a function for each language that reads its file once.
var catalogs = func() map[Lang]func() map[string]translation {
	m := make(map[Lang]func() map[string]translation)
	for _, l := range Languages[1:] {
		m[l.Lang] = sync.OnceValue(func() map[string]translation {
			raw, err := catalogFiles.ReadFile("lang/" + string(l.Lang) + ".json")
			if err != nil {
				panic(err) // embedded: a test reads them all
			}
			catalog := make(map[string]translation)
			if err := json.Unmarshal(raw, &catalog); err != nil {
				panic(err)
			}
			return catalog
		})
	}
	return m
}()

// T translates a text and fills in the values of its verbs. english is always a literal, which TestCatalogs finds in the code. A text
// without a translation stays English.
func (l Lang) T(english string, values ...any) string {
	format := english
	if catalog, ok := catalogs[l]; ok {
		if t, ok := catalog()[english]; ok {
			format = t.many
		}
	}
	if len(values) == 0 {
		return format
	}
	return fmt.Sprintf(format, values...)
}

// TN is T for a text that depends on a number. many is the key in the catalogs; both texts have the same verbs.
func (l Lang) TN(n int, one, many string, values ...any) string {
	format := many
	if n == 1 {
		format = one
	}
	if catalog, ok := catalogs[l]; ok {
		if t, ok := catalog()[many]; ok {
			format = t.form(l, n)
		}
	}
	return fmt.Sprintf(format, values...)
}

// form picks the plural form as CLDR has it: Chinese has one; Polish "few" ends in 2 to 4, but not in 12 to 14.
func (t translation) form(l Lang, n int) string {
	switch {
	case l == Polish && n == 1 && t.one != "":
		return t.one
	case l == Polish && n%10 >= 2 && n%10 <= 4 && (n%100 < 12 || n%100 > 14) && t.few != "":
		return t.few
	}
	return t.many
}
