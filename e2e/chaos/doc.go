// Package chaos puts a device and the hub on a bad network, and counts what gets lost: nothing.
//
// Here live the bad network, whose connections are cut, delayed and split into pieces at random, and TestChaos, which lets
// hubclient and the emulator exchange thousands of messages over it and then compares what each side says. What a device does
// at one certain point of a connection is tested in package hubclient; what all of it promises is in docs/reliability.md.
//
// # Usage
//
//	make chaos            # the whole run: about a minute and a half, prints its figures
//	make chaos SEED=42    # the same plan of cuts again
//
// A short run is part of make test.
//
// # Limitations
//
// A seed repeats what the network does to its first connection, to its second and so on. Which packet is on its way at
// that moment is up to the machine, so a seed that found a fault may need several runs to find it again.
package chaos
