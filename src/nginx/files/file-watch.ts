import { Tail } from 'tail';

/**
 * Calls back when something was written to the file. It is a hint and no more: `tail` loses lines when logs rotate, so
 * nothing is read through it. It has only its watch kept; where it would read, it calls back.
 */
export interface FileWatch {
  close(): void;
}

class LogTail extends Tail {
  readonly #onChange: () => void;

  constructor(path: string, onChange: () => void) {
    super(path, { fromBeginning: false, follow: false });
    this.#onChange = onChange;
  }

  /** Called by Tail for each change, to read what is new. */
  change(): void {
    this.#onChange();
  }
}

/**
 * Undefined when there is no such file yet, or it cannot be watched: polling has to do. `onEnd` is called
 * when the watch has ended by itself.
 */
export function watchLog(path: string, onChange: () => void, onEnd: () => void): FileWatch | undefined {
  try {
    const watch = new LogTail(path, onChange);
    watch.on('error', onEnd);
    return { close: () => watch.unwatch() };
  } catch {
    return undefined;
  }
}
