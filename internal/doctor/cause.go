package doctor

import "net"

// A Cause is why a device does not connect. docs/troubleshooting.md has a heading for each.
type Cause string

// The causes.
const (
	Fine                Cause = "fine"
	NetworkFine         Cause = "network-fine" // not signed in
	Stopped             Cause = "stopped"
	HubString           Cause = "hub-string"
	BadShape            Cause = "bad-shape"
	MixedContent        Cause = "mixed-content"
	PagePolicy          Cause = "page-policy"
	Offline             Cause = "offline"
	NameNotResolved     Cause = "name-not-resolved"
	PortRefused         Cause = "port-refused"
	ConnectionReset     Cause = "connection-reset"
	PortDropped         Cause = "port-dropped"
	TLSNotTrusted       Cause = "tls-not-trusted"
	HTMLAnswer          Cause = "html-answer"
	UpgradeStripped     Cause = "upgrade-stripped"
	SubprotocolStripped Cause = "subprotocol-stripped"
	QueryRefused        Cause = "query-refused"
	NoConnack           Cause = "no-connack"
	Connack1            Cause = "connack-1"
	Connack2            Cause = "connack-2"
	Connack3            Cause = "connack-3"
	Connack4            Cause = "connack-4"
	Connack5            Cause = "connack-5"
	WrongKey            Cause = "wrong-key"
	TokenElsewhere      Cause = "token-elsewhere"
	TokenExpired        Cause = "token-expired"
	TokenNotYetValid    Cause = "token-not-yet-valid"
	DeviceUnknown       Cause = "device-unknown"
	DeviceDisabled      Cause = "device-disabled"
	Subscriptions       Cause = "subscription-refused"
	Throttled           Cause = "throttled"
	TakenOver           Cause = "taken-over"
	IdleCut             Cause = "idle-cut"
	Unstable            Cause = "unstable"
)

// Causes are all of them, in the order of the stages that find them.
var Causes = []Cause{
	Fine, NetworkFine, Stopped, HubString, BadShape, MixedContent, PagePolicy, Offline, NameNotResolved, PortRefused, ConnectionReset, PortDropped, TLSNotTrusted,
	HTMLAnswer, UpgradeStripped, SubprotocolStripped, QueryRefused, NoConnack, Connack1, Connack2, Connack3, Connack4, Connack5, WrongKey,
	TokenElsewhere, TokenExpired, TokenNotYetValid, DeviceUnknown, DeviceDisabled, Subscriptions, Throttled, TakenOver, IdleCut, Unstable,
}

// Sentence names the cause, with the host's name where it belongs.
func (c Cause) Sentence(host string) Text {
	switch c {
	case Fine:
		return means("Nothing is wrong: %s accepts this device.", host)
	case NetworkFine:
		return means("The network is not the cause: a WebSocket for MQTT opens to %s.", host)
	case Stopped:
		return means("The examination was stopped before it found a cause.")
	case HubString:
		return means("This is a string for the whole hub, not for a device.")
	case BadShape:
		return means("What was given is no device: it cannot be right anywhere.")
	case MixedContent:
		return means("The browser forbids a page that came over HTTPS to open a WebSocket without TLS.")
	case PagePolicy:
		return means("This page's own policy does not let it reach %s.", host)
	case Offline:
		return means("This machine is offline.")
	case NameNotResolved:
		return means("The name %s does not resolve to an address.", host)
	case PortRefused:
		return means("%s refuses connections on its port.", host)
	case ConnectionReset:
		return means("Connections to %s are reset as soon as they are made.", host)
	case PortDropped:
		return means("Nothing comes back from %s: a firewall drops the connection in silence.", host)
	case TLSNotTrusted:
		return means("The certificate that answers for %s is not trusted by this browser.", host)
	case HTMLAnswer:
		return means("A proxy answers in place of %s with a page of its own.", host)
	case UpgradeStripped:
		return means("Something on the way to %s does not let the WebSocket upgrade through.", host)
	case SubprotocolStripped:
		return means("Something on the way to %s takes the WebSocket subprotocol out.", host)
	case QueryRefused:
		return means("%s lets a WebSocket open only without the query iothub-no-client-cert.", host)
	case NoConnack:
		return means("The WebSocket to %s opens, but MQTT gets no answer.", host)
	case Connack1:
		return means("%s does not accept the protocol version (CONNACK 1).", host)
	case Connack2:
		return means("%s does not accept the client identifier (CONNACK 2).", host)
	case Connack3:
		return means("%s is unavailable for now (CONNACK 3).", host)
	case Connack4:
		return means("%s does not accept the user name or the password (CONNACK 4).", host)
	case Connack5:
		return means("%s does not authorize this device (CONNACK 5).", host)
	case WrongKey:
		return means("The key is not this device's.")
	case TokenElsewhere:
		return means("The SAS token is for another hub or device.")
	case TokenExpired:
		return means("The SAS token has expired.")
	case TokenNotYetValid:
		return means("The SAS token is dated in the future: this machine's clock is ahead.")
	case DeviceUnknown:
		return means("%s has no device of this id.", host)
	case DeviceDisabled:
		return means("The device is disabled in the hub's registry.")
	case Subscriptions:
		return means("%s accepts the device, but not its subscriptions.", host)
	case Throttled:
		return means("%s is being asked too often and throttles.", host)
	case TakenOver:
		return means("Another client connects with the same identity, and each ends the other's connection.")
	case IdleCut:
		return means("Something on the way to %s cuts connections that are silent for a while.", host)
	}
	return means("The connection to %s breaks soon after it is made.", host)
}

// next are the things to do, the first first.
func (c Cause) next(host string) []Text {
	port := "443"
	if name, other, err := net.SplitHostPort(host); err == nil {
		host, port = name, other
	}
	switch c {
	case Fine:
		return []Text{means("Press Connect. If it breaks later, come back: the times at which connections broke are kept here.")}
	case NetworkFine:
		return []Text{means("If the device is refused or does not stay connected, let the doctor sign in: what the hub says is then known.")}
	case Stopped:
		return []Text{means("Examine it again and let it run to its end.")}
	case HubString:
		return []Text{means("Open the device in the Azure portal and copy its own primary connection string: it has a DeviceId part and no SharedAccessKeyName.")}
	case BadShape, TokenElsewhere:
		return []Text{means("Copy the device's connection string, or a token for this very device, again and whole.")}
	case MixedContent:
		return []Text{means("Use a wss: address, or open this page over http: on this machine.")}
	case PagePolicy:
		return []Text{means("Ask whoever serves this page to add the host with -connect-src.")}
	case Offline:
		return []Text{means("Connect this machine to a network.")}
	case NameNotResolved:
		return []Text{
			means("Compare the host name letter by letter with the hub's overview in the Azure portal."),
			means("Ask IT: does nslookup %s give an address on this machine?", host)}
	case PortRefused:
		return []Text{means("Ask IT to allow outgoing TCP to %s, port %s.", host, port), means("To see it: Test-NetConnection or nc -vz %s %s.", host, port)}
	case ConnectionReset:
		return []Text{means("Ask IT whether a filter ends TLS connections to %s by their name (SNI).", host)}
	case PortDropped:
		return []Text{means("Ask IT to allow outgoing TCP to %s, port %s, and to name the firewall that drops it.", host, port)}
	case TLSNotTrusted:
		return []Text{
			means("Open https://%s in a tab and look at who issued the certificate: Microsoft or DigiCert, or your own company's proxy?", host),
			means("Ask IT to exempt %s from TLS inspection, or to install the proxy's authority on this machine.", host)}
	case HTMLAnswer:
		return []Text{means("Open https://%s in a tab: a portal's page to sign in, or a filter's page, says what to do.", host), means("Ask IT to let %s through without inspection.", host)}
	case UpgradeStripped:
		return []Text{means("Ask IT to let HTTP/1.1 requests to %s with Upgrade: websocket and Connection: Upgrade through as they are, or to exempt it from inspection.", host)}
	case SubprotocolStripped:
		return []Text{means("Ask IT to pass the header Sec-WebSocket-Protocol on, in requests and answers of %s.", host)}
	case QueryRefused:
		return []Text{means("Under Advanced, give the address without the query as a custom endpoint.")}
	case NoConnack:
		return []Text{means("Try again in some minutes: a busy hub takes most of one to answer."), means("Ask IT whether a proxy inspects what goes over the WebSocket to %s: MQTT is binary.", host)}
	case Connack1:
		return []Text{means("Check that %s is an IoT Hub, or speaks MQTT 3.1.1.", host)}
	case Connack2:
		return []Text{means("Check the device id: upper and lower case count.")}
	case Connack3:
		return []Text{means("Try again later; look at the hub's health and at its quota in the Azure portal.")}
	case Connack4, Connack5:
		return []Text{
			means("In the Azure portal, look the device up: does it exist, is it enabled, is its authentication a symmetric key?"),
			means("Copy its primary connection string again and compare the key."),
			means("In the hub's metrics, see whether today's quota of messages is used up.")}
	case WrongKey:
		return []Text{means("Copy the device's primary or secondary key again, whole.")}
	case TokenExpired:
		return []Text{means("Make a new token, or connect with the key. If the token is new, set this machine's clock.")}
	case TokenNotYetValid:
		return []Text{means("Set this machine's clock by a time server, and connect again.")}
	case DeviceUnknown:
		return []Text{means("Compare the device id with the registry: upper and lower case count. Create the device if it is missing.")}
	case DeviceDisabled:
		return []Text{means("Enable the device in the hub's registry.")}
	case Subscriptions:
		return []Text{means("Look at the hub's tier: Basic has no twins, no methods and no cloud-to-device messages.")}
	case Throttled:
		return []Text{means("Send less, or wait; more units or another tier raise the limits.")}
	case TakenOver:
		return []Text{means("Find the other program with this device's id and stop it, or give each a device of its own.")}
	case IdleCut:
		return []Text{means("Set the keep-alive under Advanced to less than the time at which it is cut."), means("Ask IT for the idle time-out of the proxy or firewall on the way to %s.", host)}
	}
	return []Text{means("Examine it again; if it goes on, give IT the text below.")}
}
