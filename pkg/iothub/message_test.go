package iothub_test

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/pkg/iothub"
)

func TestPropertiesByName(t *testing.T) {
	p := iothub.Properties{{Name: "a", Value: "1"}, {Name: "n", Null: true}, {Name: "a", Value: "2"}}
	value, ok := p.Get("a")
	require.True(t, ok)
	require.Equal(t, "1", value)
	value, ok = p.Get("n")
	require.True(t, ok)
	require.Empty(t, value)
	_, ok = p.Get("A")
	require.False(t, ok)

	var s iothub.SystemProperties
	for i, entry := range iothub.SystemPropertyTable() {
		require.True(t, s.Set(entry.Key, string(rune('a'+i))))
		value, ok := s.Get(entry.Key)
		require.True(t, ok)
		require.Equal(t, string(rune('a'+i)), value)
		require.NotEmpty(t, entry.Name)
		require.NotEmpty(t, entry.Meaning)
	}
	require.False(t, s.Set("$.none", "x"))
	_, ok = s.Get("$.none")
	require.False(t, ok)
	_, ok = new(iothub.SystemProperties).Get("$.mid")
	require.False(t, ok, "an empty one is absent")
	n := 0
	for key, value := range s.All() {
		require.Equal(t, iothub.SystemPropertyTable()[n].Key, key)
		require.Equal(t, string(rune('a'+n)), value)
		n++
	}
	require.Len(t, iothub.SystemPropertyTable(), n)
}

func TestEveryFieldHasADescription(t *testing.T) {
	require.Len(t, iothub.SystemPropertyTable(), reflect.TypeFor[iothub.SystemProperties]().NumField())
	iothub.SystemPropertyTable()[0].Key = "changed"
	require.Equal(t, "$.mid", iothub.SystemPropertyTable()[0].Key, "each caller has a table of its own")
}
