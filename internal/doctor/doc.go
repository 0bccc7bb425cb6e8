// Package doctor finds out why a device does not connect, from inside a browser, which hides most reasons from a page.
//
// [Run] goes through the stages, from the page's own origin to the subscriptions, and gathers [Evidence]: what was tried, what came of
// it, how long it took. [Judge] is a function of that evidence alone: it names the cause in a sentence, how sure that is, from what it
// was inferred, what a browser cannot see, and what to do next. [Report] is the same for the people who run the network.
//
// A page learns no reason for a failed request or handshake. Where two causes look the same from inside, the verdict names both, the
// likelier first, and the person can make it certain with the line of the browser's console, which [ReadConsole] understands.
//
// # What it does to the device
//
// Signing in is a CONNECT with the device's own identity and CleanSession 0: 1 would drop messages that wait for the device. The hub ends
// another connection of the same identity; the caller of Run ensures that there is none, or that the person agreed. Messages that the
// hub delivers meanwhile are not acknowledged, so it delivers them again later. The subscriptions are those that a device of this page has.
//
// # What does not live here
//
// The browser ([Env] hands in its requests and sockets), the page (internal/panel) and the languages: a [Text] is English with its values
// apart.
package doctor
