package palette

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/l10n/catalog"
	"github.com/hubpanel/hubpanel/internal/panel/page"
)

func TestCommandsAreFoundByTheirLetters(t *testing.T) {
	tests := []struct {
		name, query string
		found       bool
	}{
		{"Read the twin", "twin", true},
		{"Read the twin", "rtt", true},
		{"Read the twin", "twin read", true},
		{"Read the twin", "niwt", false},
		{"Połącz", "polacz", true},
		{"发送遥测", "遥测", true},
		{"Connect", "", true},
	}
	for _, test := range tests {
		list := search([]page.Command{{Name: l10n.Verbatim(test.name), Hint: l10n.Verbatim("")}}, test.query, catalog.English)
		require.Equal(t, test.found, len(list) > 0, "%q in %q", test.query, test.name)
	}
	list := search([]page.Command{{ID: "twin-read", Name: l10n.Verbatim("读取孪生"), Hint: l10n.Verbatim("")}}, "twin", catalog.SimplifiedChinese)
	require.NotEmpty(t, list, "the id is English in every language")

	_, marks := fuzzy("write the twin", "twin")
	require.Equal(t, []int{10, 11, 12, 13}, marks, "a word, and not letters here and there")
}

// A command that can be done now comes before one that cannot, where the query matches both as well; the rest keeps its order.
func TestCommandsThatCanBeDoneComeFirst(t *testing.T) {
	list := search([]page.Command{
		{ID: "a", Name: l10n.Verbatim("Theme: Auto"), Hint: l10n.Verbatim("")}, {ID: "b", Name: l10n.Verbatim("Theme: Dark"), Hint: l10n.Verbatim(""), Enabled: true}, {ID: "c", Name: l10n.Verbatim("Theme: Mild"), Hint: l10n.Verbatim(""), Enabled: true},
		{ID: "d", Name: l10n.Verbatim("Connect"), Hint: l10n.Verbatim(""), Enabled: true},
	}, "theme", catalog.English)
	var ids string
	for _, f := range list {
		ids += f.ID
	}
	require.Equal(t, "bca", ids)
}
