package page

// Storage is the browser's Storage, or a test's.
type Storage interface {
	Get(key string) (value string, ok bool)
	Set(key, value string) error // the browser's error when there is no room
	Remove(key string)
	Keys() []string
}
