// draw.js: makes the changes of the document that hubpanel.wasm asks for, many in one call: a call from WebAssembly for each of them
// would cost more than the change. It uses createElement and textContent alone, so no text becomes markup.

const svg = "http://www.w3.org/2000/svg"; // https://www.w3.org/TR/SVG2/struct.html#Namespace

/**
 * Returns a function that draws in root. It takes strokes (numbers of 32 bits in a Uint8Array, and how many) and the texts that
 * they refer to (UTF-8 in a Uint8Array, and how many bytes). wasm/strokes.go is the other side, and explains the strokes.
 */
export function drawing(root) {
  const elements = [root]; // by their numbers
  const names = []; // of tags and attributes
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let numbers, at; // the strokes, and how far they are read
  let texts, from; // the same of the texts

  const number = () => numbers[at++];
  const element = () => elements[numbers[at++]];
  const name = () => names[numbers[at++]];
  const text = () => {
    const s = texts.slice(from, from + numbers[at]);
    from += numbers[at++];
    return s;
  };

  const strokes = [
    function put() { names.push(text()); },
    function create() {
      const id = number(), tag = name();
      elements[id] = number() ? document.createElementNS(svg, tag) : document.createElement(tag);
    },
    function attr() { element().setAttribute(name(), text()); },
    function unattr() { element().removeAttribute(name()); },
    function flag() {
      const e = element(), property = name();
      e[property] = number() === 1;
    },
    function value() {
      const e = element();
      e.value = text();
    },
    function content() {
      const e = element(), s = text(), only = e.firstChild;
      if (s !== "" && only?.nodeType === Node.TEXT_NODE && only === e.lastChild) {
        only.data = s; // keeps the node, which a new textContent would not
      } else {
        e.textContent = s;
      }
    },
    function insert() {
      const parent = element(), e = element(), next = number();
      parent.insertBefore(e, next ? elements[next] : null);
    },
    function remove() { element().remove(); },
    function replace() { element().replaceWith(element()); },
    function forget() { elements[number()] = undefined; },
    function listen() {
      const id = number();
      elements[id].hubpanelID = id;
    },
    function focus() { element().focus(); },
    function seen() { element().scrollIntoView({ block: "nearest" }); },
    function modal() { element().showModal(); },
    function close() { element().close(); },
  ];

  function draw(words, count, utf8, bytes) {
    numbers = new Uint32Array(words.buffer, 0, count);
    texts = decoder.decode(utf8.subarray(0, bytes));
    at = from = 0;
    while (at < count) {
      strokes[numbers[at++]]();
    }
  }
  draw.element = (id) => elements[id]; // for tests
  return draw;
}
