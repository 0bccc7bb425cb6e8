//go:build !js

// The outputs of examples are captured through a file, which a browser does not have.

package iothub_test

import (
	"fmt"

	"github.com/hubpanel/hubpanel/pkg/iothub"
)

func ExampleProperties_Get() {
	properties := iothub.Properties{{Name: "room", Value: "kitchen"}, {Name: "alert", Null: true}}
	room, ok := properties.Get("room")
	fmt.Println(room, ok)
	_, ok = properties.Get("floor")
	fmt.Println(ok)
	// Output:
	// kitchen true
	// false
}

func ExampleSystemProperties_All() {
	properties := iothub.SystemProperties{MessageID: "m-1", ContentType: "application/json"}
	for key, value := range properties.All() {
		fmt.Println(key, value)
	}
	// Output:
	// $.mid m-1
	// $.ct application/json
}
