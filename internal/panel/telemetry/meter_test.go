package telemetry

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTheRateMeter(t *testing.T) {
	var r rateMeter
	at := time.Unix(1000, 0)
	_, any := r.median()
	require.False(t, any)
	for i := range 20 {
		r.add(at.Add(time.Duration(i)*time.Second), 30, 600)
	}
	messages, bytes := r.rate(at.Add(19 * time.Second))
	require.Equal(t, 30.0, messages)
	require.Equal(t, 600.0, bytes)
	messages, _ = r.rate(at.Add(24 * time.Second))
	require.Equal(t, 15.0, messages, "half of the window is empty")
	messages, _ = r.rate(at.Add(time.Hour))
	require.Zero(t, messages)
	require.Equal(t, 600, r.messages)

	for i := range 200 {
		r.acknowledged(time.Duration(i) * time.Millisecond)
	}
	median, _ := r.median()
	require.Equal(t, 150*time.Millisecond, median, "of the last hundred")
}

func TestTheRateOfTheFirstSecond(t *testing.T) {
	var r rateMeter
	r.add(time.Unix(1000, 0), 500, 5000)
	messages, _ := r.rate(time.Unix(1000, 0))
	require.Equal(t, 500.0, messages)
}
