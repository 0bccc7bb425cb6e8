'use strict';

const { within } = require('./wait');

// Stream reads server-sent events whose data is JSON.
class Stream {
  #reader;
  #items;

  constructor(answer, wanted) {
    this.#reader = answer.body.getReader();
    this.#items = this.#read(wanted);
  }

  async *#read(wanted) {
    const decoder = new TextDecoder();
    for (let text = ''; ;) {
      const { value, done } = await this.#reader.read();
      if (done) throw new Error('the emulator has ended the stream');
      text += decoder.decode(value, { stream: true });
      const lines = text.split('\n');
      text = lines.pop();
      for (const line of lines) {
        if (!line.startsWith('data:')) continue;
        const item = JSON.parse(line.slice('data:'.length));
        if (wanted(item)) yield item;
      }
    }
  }

  // next is the next item that matches.
  async next(matches = () => true, what = 'an event from the emulator') {
    return within((async () => {
      for (;;) {
        const { value } = await this.#items.next();
        if (matches(value)) return value;
      }
    })(), what);
  }

  close() {
    return this.#reader.cancel();
  }
}

module.exports = { Stream };
