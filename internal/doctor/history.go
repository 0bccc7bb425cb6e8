package doctor

import "time"

// How regular a device's silences before its disconnections have to be to look like a timer's, and how many there have to be.
const (
	regularLinks  = 3
	regularSpread = 10 // the longest is at most the shortest and a tenth of it
)

// regular returns after how long a silence the last connections of a history ended, if they all ended after the same: a thing between
// cuts what is idle. ok is false when they did not, or there are too few.
func regular(history []Link) (silence time.Duration, ok bool) {
	shortest, longest, n := time.Duration(0), time.Duration(0), 0
	for i := len(history) - 1; i >= 0 && n < regularLinks; i-- {
		l := history[i]
		switch {
		case l.Planned:
			continue
		case l.Clean || l.Quiet < time.Second:
			return 0, false // the hub closed it, or there was no silence
		case n == 0:
			shortest, longest = l.Quiet, l.Quiet
		}
		shortest, longest = min(shortest, l.Quiet), max(longest, l.Quiet)
		n++
	}
	return longest, n == regularLinks && longest <= shortest+shortest/regularSpread
}

// youngLink is how soon after it was made the end of a connection counts as a take-over, as in hubclient.
const youngLink = 30 * time.Second

// takenOver counts the last connections of a history that the hub closed while they were young.
func takenOver(history []Link) (n int) {
	for i := len(history) - 1; i >= 0 && history[i].Clean && !history[i].Planned && history[i].Lasted < youngLink; i-- {
		n++
	}
	return n
}
