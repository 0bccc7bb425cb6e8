package wire

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Anchors of the OASIS document, each as other projects link to it.
func TestClauseURL(t *testing.T) {
	for clause, want := range map[string]string{
		"1.5.3": "#_Toc398718016", "2.2.1": "#_Toc398718021", "2.2.3": "#_Toc398718023", "2.3.1": "#_Toc398718025", "3.1": "#_Toc398718028",
		"3.1.2": "#_Toc398718030", "3.2.2": "#_Toc398718035", "3.3": "#_Toc398718037", "3.4.2": "#_Toc398718045", "3.6": "#_Toc398718053",
		"3.8.3": "#_Toc398718066", "3.9": "#_Toc398718068", "3.12": "#_Toc398718081",
		"3.1.2.8":      "#_Toc398718030:~:text=3.1.2.8",
		"MQTT-3.3.1-4": "#_Toc398718038:~:text=%5BMQTT%2D3.3.1%2D4%5D",
		"MQTT-6.0.0-1": "#:~:text=%5BMQTT%2D6.0.0%2D1%5D",
		"nonsense":     "",
	} {
		require.Equal(t, StandardURL()+want, ClauseURL(clause), clause)
	}
}
