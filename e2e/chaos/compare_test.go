package chaos

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The comparison is the judge of TestChaos, so it is shown what it has to object to.

func TestFirstOutOfOrder(t *testing.T) {
	for name, tt := range map[string]struct {
		sent    [][]int32
		arrived []int32
		want    int
	}{
		"nothing arrived":                       {[][]int32{{1, 2}}, nil, -1},
		"all of one connection":                 {[][]int32{{1, 2, 3}}, []int32{1, 2, 3}, -1},
		"the end is lost, and sent again":       {[][]int32{{1, 2, 3}, {2, 3, 4}}, []int32{1, 2, 3, 4}, -1},
		"only the acknowledgements are lost":    {[][]int32{{1, 2, 3}, {2, 3, 4}}, []int32{1, 2, 3, 2, 3, 4}, -1},
		"connections that brought nothing":      {[][]int32{{1, 2}, {1, 2}, {}, {1, 2}}, []int32{1, 1, 2}, -1},
		"where the first ended is not plain":    {[][]int32{{1, 2}, {2, 3}}, []int32{1, 2, 2, 3}, -1},
		"swapped":                               {[][]int32{{1, 2, 3}}, []int32{1, 3, 2}, 1},
		"lost in the middle":                    {[][]int32{{1, 2, 3}}, []int32{1, 3}, 1},
		"twice on one connection":               {[][]int32{{1, 2, 3}}, []int32{1, 2, 2}, 2},
		"never sent":                            {[][]int32{{1, 2, 3}}, []int32{1, 4}, 1},
		"back on an earlier connection":         {[][]int32{{1, 2, 3}, {2, 3}}, []int32{1, 2, 2, 3, 3}, 4},
		"the second sends again in wrong order": {[][]int32{{1, 2, 3}, {2, 3}}, []int32{1, 3, 2}, 1},
	} {
		require.Equal(t, tt.want, firstOutOfOrder(tt.sent, tt.arrived), name)
	}
}

func TestTelemetryComparison(t *testing.T) {
	const A, U, N = acknowledged, unacknowledged, unsent
	for name, tt := range map[string]struct {
		outcomes []outcome // of 16 messages, two of each sender; those that are left out are acknowledged
		arrived  []int32
		want     string
	}{
		"all is well":               {nil, []int32{0, 2, 3, 1, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, ""},
		"given up, one arrived":     {[]outcome{U, U, N}, []int32{1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, ""},
		"acknowledged and lost":     {nil, []int32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14}, "message 15 was acknowledged and has not arrived"},
		"not sent, and yet arrived": {[]outcome{A, N}, []int32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, "message 1 arrived, though"},
		"a sender's order":          {nil, []int32{1, 0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, "message 0 arrived for the first time after 1"},
		"no outcome":                {[]outcome{0}, []int32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, "nobody knows"},
	} {
		x := newTelemetry(1, 16)
		for i := range x.outcomes {
			x.outcomes[i] = A
		}
		copy(x.outcomes, tt.outcomes)
		x.sent, x.arrived = [][]int32{tt.arrived}, tt.arrived
		var p problems
		r := x.compare(&p)
		if tt.want == "" {
			require.Empty(t, p.list, name)
			require.Equal(t, len(tt.arrived), r.arrived, name)
			require.Equal(t, 16, r.acknowledged+r.unacknowledged+r.unsent, name)
			continue
		}
		require.Len(t, p.list, 1, name)
		require.Contains(t, p.list[0], tt.want, name)
	}
}
