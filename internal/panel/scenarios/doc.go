// Package scenarios is the scenario on the page: choosing one, playing it, and how far it is.
//
// The document and its runner are in internal/scenario; the stage that a scenario is played on is package panel's, because it acts in
// all rooms.
package scenarios
