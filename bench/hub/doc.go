// Command hub measures the emulator beside Debian's mosquitto, both over WebSocket, and writes the result as Markdown:
//
//	cd bench/hub && go run .
//
// With -compare FOLDER it also measures another revision of this repository, such as a git worktree, in the same rounds.
//
// It builds the root's command, starts it and mosquitto as processes of their own on loopback, and reads their costs from
// /proc: resident memory, and user and system time. What this program spends itself does not count, but it shares the
// machine with them, so a rate is what server and clients reach together; CPU time a message is the server's alone. Both
// servers get the same bytes from the same connections, in turns, and a figure is the median of the rounds.
//
// What it does:
//
//   - idle: connects devices (5,000 by default) that then send nothing, and compares the server's memory with that of a
//     fresh process. For the emulator that includes the devices' entries in the registry, twins and sessions;
//   - telemetry: connections (100) send messages of 100 bytes with two system and two application properties at QoS 1, 20 of them in
//     flight, as fast as they can; once with each message in a WebSocket message of its own, and once with 20 in one. No subscriber
//     reads them: the emulator checks each and keeps it in its event stream, mosquitto drops it.
//
// Linux only. Without mosquitto it prints a warning and measures the emulator alone.
package main
