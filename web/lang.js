// lang.js: the texts of the page before the program has started, and of the box that reports that it broke. Their language is that of the
// page: by the lang parameter, else by what the browser prefers. wasm/lang_test.go holds this file to internal/l10n/catalog and to the
// English texts of index.html and embed.html.

export const texts = {
  en: {
    loading: "Loading the device …",
    loadingLabel: "Loading",
    loaded: (done) => `Loading the device: ${done} MB`,
    loadedOf: (done, all) => `Loading the device: ${done} of ${all} MB`,
    starting: "Starting …",
    tagline: "A virtual device for Azure IoT Hub, in this page.",
    help: "A device in your browser: it speaks MQTT over a WebSocket on port 443, sends telemetry, receives messages, keeps a twin, answers methods. Nothing is installed, and nothing leaves this page before you press Connect.",
    details: "Details for a report",
    dismiss: "Go on without reloading",
    reload: "Reload the page",
  },
  pl: {
    loading: "Ładowanie urządzenia…",
    loadingLabel: "Ładowanie",
    loaded: (done) => `Ładowanie urządzenia: ${done} MB`,
    loadedOf: (done, all) => `Ładowanie urządzenia: ${done} z ${all} MB`,
    starting: "Uruchamianie…",
    tagline: "Wirtualne urządzenie dla usługi Azure IoT Hub na tej stronie.",
    help: "Urządzenie w przeglądarce: używa protokołu MQTT przez WebSocket na porcie 443, wysyła dane telemetryczne, odbiera komunikaty, utrzymuje bliźniaczą reprezentację i odpowiada na metody. Niczego nie trzeba instalować i nic nie opuszcza tej strony, dopóki nie naciśniesz przycisku Połącz.",
    details: "Szczegóły do zgłoszenia",
    dismiss: "Kontynuuj bez ponownego ładowania",
    reload: "Załaduj stronę ponownie",
  },
  "zh-Hans": {
    loading: "正在加载设备…",
    loadingLabel: "正在加载",
    loaded: (done) => `正在加载设备：${done} MB`,
    loadedOf: (done, all) => `正在加载设备：${done} / ${all} MB`,
    starting: "正在启动…",
    tagline: "本页面中的 Azure IoT 中心虚拟设备。",
    help: "浏览器中的设备：它通过端口 443 上的 WebSocket 使用 MQTT，发送遥测，接收消息，维护孪生，应答方法。无需安装任何内容，在你按“连接”之前，任何数据都不会离开本页面。",
    details: "报告用的详细信息",
    dismiss: "不重新加载并继续",
    reload: "重新加载页面",
  },
  "zh-Hant": {
    loading: "正在載入裝置…",
    loadingLabel: "正在載入",
    loaded: (done) => `正在載入裝置：${done} MB`,
    loadedOf: (done, all) => `正在載入裝置：${done} / ${all} MB`,
    starting: "正在啟動…",
    tagline: "本頁面中的 Azure IoT 中樞虛擬裝置。",
    help: "瀏覽器中的裝置：它透過連接埠 443 上的 WebSocket 使用 MQTT，傳送遙測，接收訊息，維護對應項，回應方法。無需安裝任何內容，在您按 [連線] 之前，任何資料都不會離開本頁面。",
    details: "報告用的詳細資料",
    dismiss: "不重新載入並繼續",
    reload: "重新載入頁面",
  },
};

// matchLang is catalog.Match: where a tag does not name the script, its region selects the Chinese script.
export function matchLang(wanted) {
  for (const tag of wanted) {
    const parts = tag.toLowerCase().split("-");
    if (parts[0] === "en" || parts[0] === "pl") return parts[0];
    if (parts[0] !== "zh") continue;
    const script = parts.slice(1).find((part) => ["hans", "hant", "tw", "hk", "mo"].includes(part));
    return script === undefined || script === "hans" ? "zh-Hans" : "zh-Hant";
  }
  return "en";
}

// The lang parameter counts only as the page writes it.
const asked = new URLSearchParams(location.search).get("lang");

export const lang = matchLang([...(asked in texts ? [asked] : []), ...navigator.languages]);

// say is the text of that name.
export const say = texts[lang];

// translate puts the texts into the elements that name them.
export function translate() {
  document.documentElement.lang = lang;
  for (const element of document.querySelectorAll("[data-say]")) element.textContent = say[element.dataset.say];
  for (const element of document.querySelectorAll("[data-say-label]")) element.setAttribute("aria-label", say[element.dataset.sayLabel]);
}
