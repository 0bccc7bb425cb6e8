// Package readymade gives an emulator the device and the enrollments that a new user starts with, and the document of GET
// /emulator/info that describes them. The served emulator and the emulator inside the page use it alike. The emulator itself, which has
// no devices at first, is pkg/emulator.
package readymade
