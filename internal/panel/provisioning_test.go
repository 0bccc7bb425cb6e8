package panel

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/ui"
)

// A person who has no key, only a token from somebody who has: the token names the registration, opens DPS, and no hub.
func TestProvisioningWithAToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := openPage(t, "view=provisioning")
		demo := pg.info().Demo.Individual
		key, err := hubproto.ParseKey(demo.PrimaryKey)
		require.NoError(t, err)
		sign := func(resource, policy string) string {
			return hubproto.SignSAS(key, resource, policy, time.Now().Add(time.Hour))
		}
		resource := hubproto.RegistrationResource(pg.info().IDScope, demo.RegistrationID)
		pg.fire("dps-token", "change", ui.Event{})
		require.False(t, pg.has("dps-key"))

		pg.typeIn("dps-sas", "SharedAccessSignature sr=x")
		require.Contains(t, pg.read("dps-sas-problem"), "without its sig field")
		pg.typeIn("dps-sas", sign("hub.example/devices/d", ""))
		require.Contains(t, pg.read("dps-sas-problem"), "DPS wants one for {ID scope}/registrations/")
		pg.typeIn("dps-sas", sign(resource, ""))
		require.Contains(t, pg.read("dps-sas-problem"), `DPS wants "registration"`)
		pg.click("dps-register")
		require.Contains(t, pg.read("dps-failure"), `DPS wants "registration"`, "nothing is sent")

		pg.typeIn("dps-id-scope", "")
		pg.typeIn("dps-registration-id", "")
		token := sign(resource, hubproto.DPSPolicy)
		pg.typeIn("dps-sas", token)
		require.Empty(t, pg.read("dps-sas-problem"))
		require.Equal(t, resource, pg.read("token-resource"))
		require.Contains(t, pg.read("token-left"), "60 min")
		require.Equal(t, demo.RegistrationID, pg.find("dps-registration-id").Value, "the token says it")
		pg.click("dps-register")
		time.Sleep(20 * time.Second)
		synctest.Wait()
		require.Contains(t, pg.read("dps-assigned"), demo.RegistrationID)
		require.Equal(t, "Not connected", pg.read("state"), "the token opens no hub")
		require.False(t, pg.has("dps-connect"))

		pg.click("dps-fill")
		require.Equal(t, pg.provisioning.Assignment().AssignedHub, pg.find("connect-host").Value)
		require.Equal(t, demo.RegistrationID, pg.find("connect-device-id").Value)
		pg.typeIn("connect-key", demo.PrimaryKey)
		pg.click("connect")
		require.Contains(t, pg.read("state"), "Connected since")

		var hidden string
		pg.Read(func() { hidden = pg.Secrets().Clean("x " + token) })
		require.NotContains(t, hidden, "sig="+token[len(token)-20:])
		pg.run("forget-everything")
		require.Empty(t, pg.find("dps-sas").Value)
	})
}
