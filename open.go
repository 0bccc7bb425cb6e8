package main

import (
	"context"
	"os/exec"
	"runtime"
)

// openBrowser asks the desktop to show the page, and returns once it was asked.
func openBrowser(ctx context.Context, url string) error {
	name, args := openCommand(runtime.GOOS, url)
	return exec.CommandContext(ctx, name, args...).Run()
}

// openCommand is the program that opens an address in the person's browser, by operating system.
func openCommand(goos, url string) (name string, args []string) {
	switch goos {
	case "darwin":
		return "open", []string{url}
	case "windows":
		return "rundll32", []string{"url.dll,FileProtocolHandler", url}
	default:
		return "xdg-open", []string{url}
	}
}
