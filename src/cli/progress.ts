import type { Clock } from '../clock.js';
import type { Terminal } from './terminal.js';

/** The shortest time between two drawings of the bar, and between two lines, ms. */
const barMs = 100;
const lineMs = 10_000;

/** How far something with a known size has come: a bar on a terminal, a line now and then elsewhere. */
export class Progress {
  readonly #terminal: Terminal;
  readonly #clock: Clock;
  readonly #total: number;
  readonly #began: number;
  #shown: number;

  /** @param total bytes; 0 = not known */
  constructor(terminal: Terminal, clock: Clock, total: number) {
    this.#terminal = terminal;
    this.#clock = clock;
    this.#total = total;
    this.#began = clock.monotonic();
    this.#shown = this.#began;
  }

  /** @param done bytes of the total; `events` is counted beside it */
  update(done: number, events: number, note = ''): void {
    const now = this.#clock.monotonic();
    if (now - this.#shown < (this.#terminal.errIsTerminal ? barMs : lineMs)) return;
    this.#shown = now;
    const part = this.#total === 0 ? undefined : Math.min(1, done / this.#total);
    const rate = Math.round(events / Math.max(0.001, (now - this.#began) / 1000));
    const words = `${part === undefined ? '' : `${Math.floor(part * 100)} %  `}${events.toLocaleString('en')} events  ${rate.toLocaleString('en')}/s${note && `  ${note}`}`;
    if (this.#terminal.errIsTerminal) this.#terminal.rewrite(bar(part, words, this.#terminal.columns));
    else this.#terminal.err(words);
  }

  end(): void {
    if (this.#terminal.errIsTerminal) this.#terminal.rewrite('');
  }

  get seconds(): number {
    return (this.#clock.monotonic() - this.#began) / 1000;
  }
}

export function bar(part: number | undefined, words: string, columns: number): string {
  const width = Math.min(40, columns - words.length - 5);
  if (part === undefined || width < 5) return words.slice(0, columns - 1);
  const full = Math.round(part * width);
  return `[${'█'.repeat(full)}${'·'.repeat(width - full)}] ${words}`;
}
