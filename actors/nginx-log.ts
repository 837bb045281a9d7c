import { basename } from 'node:path';
import { dispatch } from 'nact';
import { backoff, backoffs } from '../src/backoff.js';
import { type Clock, Timer } from '../src/clock.js';
import { assertNever, describe, type Fault, faultOf } from '../src/errors.js';
import { errorCodeOf } from '../src/network-errors.js';
import { type FileWatch, watchLog } from '../src/nginx/files/file-watch.js';
import type { LogReader, PassResult } from '../src/nginx/reader.js';
import type { StatusLine } from '../src/status/board.js';
import { type ActorTools, type Behaviour, type Parent, spawnActor } from './actor.js';
import type { Actor, NginxLogMessage, Reply } from './protocol.js';

export interface NginxLogOptions extends ActorTools {
  /** Names the actor among the logs. */
  readonly number: number;
  readonly file: string;
  readonly clock: Clock;
  /** `onHold` is called, and awaited, when a commit fails. */
  readonly createReader: (onHold: (error: unknown) => Promise<void>, stopping: AbortSignal) => LogReader;
  /** From now on the log is followed wherever it goes; or it cannot be yet. May be called more than once. */
  readonly onFollowed?: () => void;
}

/**
 * The log is checked this often even when nothing wakes the reader; after a wake it waits a little,
 * so that many writes cost one check.
 */
const pollMs = 1_000;
const gatherMs = 50;

/**
 * Reads one log as it grows.
 *
 * waiting: nothing is open yet. → opening at once, and after a fault at every poll.
 * opening: the checkpoint is loaded, and the files that it names are found. → resting
 * resting: everything that was there is counted. → reading at the next poll, or shortly after a write.
 * reading: a pass is under way; a write meanwhile is remembered. → reading when there is more, else → resting.
 * any → stopping: what is under way ends after its current piece, then the files close. → stopped
 */
type Phase = 'waiting' | 'opening' | 'resting' | 'reading' | 'stopping' | 'stopped';

export function spawnNginxLog(parent: Parent, options: NginxLogOptions): Actor<NginxLogMessage> {
  const self = spawnActor<NginxLogMessage>(
    parent,
    String(options.number),
    options,
    (actor, status) => new NginxLog(options, actor, status),
  );
  dispatch(self, { type: 'check' });
  return self;
}

class NginxLog implements Behaviour<NginxLogMessage> {
  #phase: Phase = 'waiting';
  /** Something was written since the last check. */
  #woken = false;
  #watch: { readonly inode: number; readonly watch: FileWatch } | undefined;
  #backoff = initialBackoff();
  /** What was written before was read, epoch ms; null = its end was not reached since the start. */
  #readUntil: number | null = null;
  /** Since when there is no log (monotonic). */
  #missingSince: number | undefined;
  readonly #reader: LogReader;
  readonly #poll: Timer;
  readonly #gather: Timer;
  readonly #stopping = new AbortController();
  readonly #stopped: Reply<void>[] = [];
  readonly #options: NginxLogOptions;
  readonly #self: Actor<NginxLogMessage>;
  readonly #status: StatusLine;

  constructor(options: NginxLogOptions, self: Actor<NginxLogMessage>, status: StatusLine) {
    this.#options = options;
    this.#self = self;
    this.#status = status;
    this.#poll = new Timer(options.clock);
    this.#gather = new Timer(options.clock);
    this.#reader = options.createReader(error => this.#held(error), this.#stopping.signal);
    status.update({ detail: { file: options.file } });
  }

  handle(message: NginxLogMessage): void {
    switch (message.type) {
      case 'check':
        return this.#check();
      case 'written':
        return this.#written();
      case 'opened':
        return this.#opened();
      case 'passed':
        return this.#passed(message.result);
      case 'failed':
        return this.#failed(message.error);
      case 'unwatched':
        this.#unwatch();
        return this.#written();
      case 'stop':
        return this.#stop(message.reply);
      default:
        return assertNever(message);
    }
  }

  /** The one place where the phase changes. */
  #become(phase: Phase): void {
    this.#phase = phase;
  }

  #check(): void {
    if (this.#phase === 'waiting') this.#begin('opening', this.#reader.open(), () => ({ type: 'opened' }));
    else if (this.#phase === 'resting')
      this.#begin('reading', this.#reader.pass(), result => ({ type: 'passed', result }));
  }

  #begin<Result>(phase: Phase, work: Promise<Result>, done: (result: Result) => NginxLogMessage): void {
    this.#become(phase);
    this.#poll.stop();
    this.#gather.stop();
    this.#woken = false;
    work.then(
      result => dispatch(this.#self, done(result)),
      error => dispatch(this.#self, { type: 'failed', error }),
    );
  }

  #opened(): void {
    this.#options.onFollowed?.();
    if (this.#phase === 'stopping') return this.#finish();
    this.#become('resting');
    this.#check();
  }

  #passed(result: PassResult): void {
    if (this.#phase === 'stopping') return this.#finish();
    this.#become('resting');
    this.#show(result);
    this.#watchOver(result.inode);
    if (result.more) this.#check();
    else this.#rest();
  }

  /** The file cannot be opened or read. Somebody may have to fix its permissions; it is tried again at every poll. */
  #failed(error: unknown): void {
    this.#options.onFollowed?.();
    if (this.#phase === 'stopping') return this.#finish();
    this.#become(this.#phase === 'opening' ? 'waiting' : 'resting');
    this.#unwatch();
    this.#report(error, 'log.unreadable');
    this.#rest();
  }

  #rest(): void {
    this.#poll.start(pollMs, () => dispatch(this.#self, { type: 'check' }));
    if (this.#woken) this.#written();
  }

  #written(): void {
    if (this.#phase === 'resting') this.#gather.start(gatherMs, () => dispatch(this.#self, { type: 'check' }));
  }

  /** A commit failed; it is tried again until it succeeds. Resolves when the next try is due. */
  async #held(error: unknown): Promise<void> {
    const { clock } = this.#options;
    const [waitMs, after] = this.#backoff.next();
    this.#backoff = after;
    this.#report(error, 'commit.held');
    this.#status.update({ nextTry: clock.now() + waitMs });
    await clock.sleep(waitMs, this.#stopping.signal);
  }

  /** Logs each reason once. */
  #report(error: unknown, line: string): void {
    const { clock, log, file } = this.#options;
    const reason = describe(error);
    const { state, lastError } = this.#status.status;
    if (lastError?.message !== reason || state !== 'holding') log.warn({ file, reason }, line);
    this.#status.update({
      state: 'holding',
      lastError: { fault: logFaultOf(error), message: reason, at: clock.now() },
    });
  }

  #show({ totals, inode, readUntil, rotated, lines, unread, incidents, archives }: PassResult): void {
    const { file, log, clock } = this.#options;
    this.#readUntil = readUntil ?? this.#readUntil;
    this.#backoff = initialBackoff();
    if (this.#status.status.state === 'holding') log.info({ file }, 'log.resumed');
    const missing = inode === undefined;
    this.#missingSince = missing ? (this.#missingSince ?? clock.monotonic()) : undefined;
    const detail = {
      ...{ file, missing, rotated, lines, unread, ...totals, read_until: this.#readUntil },
      ...(this.#missingSince === undefined
        ? {}
        : { missing_seconds: Math.floor((clock.monotonic() - this.#missingSince) / 1000) }),
      ...{ changed: incidents.changed, lost: incidents.lost },
      unreadable_bytes: archives.reduce((sum, { size }) => sum + size, 0),
      unreadable_files: archives.map(archive => basename(archive.path)).join(', '),
    };
    this.#status.update({ state: missing ? 'starting' : 'running', nextTry: undefined, detail });
  }

  #watchOver(inode: number | undefined): void {
    if (this.#watch?.inode === inode) return;
    this.#unwatch();
    if (inode === undefined) return;
    const watch = watchLog(
      this.#options.file,
      () => {
        // One message is enough, however often the file is written.
        if (this.#woken) return;
        this.#woken = true;
        dispatch(this.#self, { type: 'written' });
      },
      () => dispatch(this.#self, { type: 'unwatched' }),
    );
    if (watch === undefined) return;
    this.#watch = { inode, watch };
    // Writes before the watch began went unnoticed.
    this.#woken = true;
  }

  /** The file has another name now, or is gone. After the next pass whatever took its place is watched. */
  #unwatch(): void {
    this.#watch?.watch.close();
    this.#watch = undefined;
  }

  #stop(reply: Reply<void>): void {
    if (this.#phase === 'stopped') return reply.resolve();
    this.#stopped.push(reply);
    if (this.#phase === 'stopping') return;
    const busy = this.#phase === 'opening' || this.#phase === 'reading';
    this.#become('stopping');
    this.#stopping.abort();
    this.#poll.stop();
    this.#gather.stop();
    this.#unwatch();
    if (!busy) this.#finish();
  }

  #finish(): void {
    this.#reader.close().finally(() => {
      this.#become('stopped');
      this.#status.update({ state: 'stopped' });
      for (const reply of this.#stopped) reply.resolve();
    });
  }
}

function initialBackoff() {
  return backoff(backoffs.source);
}

/** A log that may not be read waits for somebody to permit it. */
function logFaultOf(error: unknown): Fault {
  const fault = faultOf(error);
  const code = errorCodeOf(error);
  return fault === 'bug' && (code === 'EACCES' || code === 'EPERM') ? 'setup' : fault;
}
