package savefile

// Profile is a connection without its secrets.
type Profile struct {
	Name         string `json:"name"`
	Host         string `json:"host"`
	DeviceID     string `json:"deviceId"`
	ModuleID     string `json:"moduleId,omitempty"`
	Gateway      string `json:"gateway,omitempty"`
	Endpoint     string `json:"endpoint,omitempty"`
	ModelID      string `json:"modelId,omitempty"`
	KeepAlive    string `json:"keepAliveSeconds,omitempty"`
	TokenTTL     string `json:"tokenMinutes,omitempty"`
	CleanSession bool   `json:"cleanSession,omitempty"`
	Will         bool   `json:"will,omitempty"`
	WillBody     string `json:"willBody,omitempty"`
}
