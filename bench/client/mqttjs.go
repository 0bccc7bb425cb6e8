//go:build !js

package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// The MQTT.js that is measured, with the checksum of its package as the npm registry states it.
const (
	mqttJSVersion   = "5.16.0"
	mqttJSIntegrity = "G0VsEtuJz5sJUgZJaaADMVfW7SIFPzkIuHR+d6rk+tBeSwdCfd9BaIRycRfd2AbyFDEmLlFM+SDQeti/+IbOnw==" // SHA-512
)

// fetchMQTTJS puts MQTT.js, built for browsers by its own project, into dir. It is exec.ErrNotFound when there is no npm.
func fetchMQTTJS(ctx context.Context, dir string) error {
	npm := exec.CommandContext(ctx, "npm", "pack", "--silent", "mqtt@"+mqttJSVersion)
	npm.Dir, npm.Stderr = dir, os.Stderr
	if err := npm.Run(); err != nil {
		return fmt.Errorf("npm pack mqtt@%s: %w", mqttJSVersion, err)
	}
	b, err := os.ReadFile(filepath.Join(dir, "mqtt-"+mqttJSVersion+".tgz"))
	if err != nil {
		return err
	}
	if sum := sha512.Sum512(b); base64.StdEncoding.EncodeToString(sum[:]) != mqttJSIntegrity {
		return errors.New("npm's mqtt@" + mqttJSVersion + " is not the package that this comparison was made with")
	}
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return err
	}
	for t := tar.NewReader(z); ; {
		header, err := t.Next()
		if err != nil {
			return fmt.Errorf("mqtt@%s: looking for dist/mqtt.min.js: %w", mqttJSVersion, err)
		}
		if header.Name != "package/dist/mqtt.min.js" {
			continue
		}
		script, err := io.ReadAll(t)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(dir, "mqtt.min.js"), script, 0o600)
	}
}
