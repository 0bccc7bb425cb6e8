// Package snippet writes a device and a message as code: a command for bash or a program, with placeholders for secrets.
//
// It is pure text. The page that shows it is internal/panel/keep, which removes the secrets from a Source first.
package snippet
