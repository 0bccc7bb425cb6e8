package hubclient

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestPacketIDs compares the table with a map, over all 65,535 identifiers.
func TestPacketIDs(t *testing.T) {
	ids, want := packetIDs{}, map[uint16]*publish{}
	random := rand.New(rand.NewPCG(1, 2))
	for range 400_000 {
		id := uint16(1 + random.IntN(65_535))
		require.Equal(t, want[id] != nil, ids.inUse(id))
		switch {
		case want[id] != nil:
			ids.free(id)
			delete(want, id)
		case random.IntN(8) == 0:
			ids.put(id, reserved)
			want[id] = reserved
		default:
			p := &publish{id: id}
			ids.put(id, p)
			want[id] = p
		}
		require.Equal(t, len(want), ids.used)
	}
	for id := range 65_536 {
		p := want[uint16(id)]
		if p == reserved {
			p = nil
		}
		require.True(t, p == ids.find(uint16(id)), "%d", id)
		ids.free(uint16(id))
		ids.free(uint16(id)) // of one that is free: nothing
	}
	require.Zero(t, ids.used)
	for _, page := range ids.pages {
		require.Nil(t, page, "an empty page is kept")
	}
	require.Zero(t, testing.AllocsPerRun(100, func() { ids.put(7, reserved); ids.free(7) }), "one after the other")
}
