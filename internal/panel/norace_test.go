//go:build !race

package panel

// raceDetector reports whether the tests run under the race detector.
const raceDetector = false
