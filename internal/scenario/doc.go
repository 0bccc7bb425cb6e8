// Package scenario is a document that drives a device and its hub, and the runner that does what the document says.
//
// A scenario is JSON: what the hub holds when it begins, and steps, one after the other: connect, send, expect. The page, the
// embed and continuous integration run the same documents; docs/scenarios.md explains the format by example, and
// docs/scenario.schema.json is its JSON Schema.
//
// Here live the document's types, [Parse], which refuses what is wrong and says where, the comparison of what was expected with
// what came, and [Run]. A scenario is played on a [Stage]: internal/panel is one, with its device, its hub and its cloud side.
//
// # Errors
//
// What is wrong with a document is an [Error] with the place in it. Its sentences, and those of the results, are messages of internal/l10n: text
// and values apart, so that a page can say them in its language.
//
// # What does not live here
//
// Devices and hubs, generators of values (internal/panel and internal/simulation), files and exit codes (cmd/scenario). There is no secret in a
// document: keys come from the emulator's registry when they are needed.
package scenario
