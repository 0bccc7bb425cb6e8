// Package jsontext handles JSON as text that a person reads and edits: where it is wrong, by line and column, indented or on one line, and
// what differs between two documents.
//
// It holds no document of the services: the twin's own rules are in internal/hubproto.
package jsontext
