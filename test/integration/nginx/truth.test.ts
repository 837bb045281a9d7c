// timeout: 240 s
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { TestDaemon } from '../../helpers/daemon.js';
import { startNginx } from '../../helpers/servers/nginx.js';
import { required } from '../../helpers/skip.js';
import { until } from '../../helpers/wait.js';
import { countsExactly, Load, writtenIn } from './load.js';

const test = suite('the counts are those of the lines');

/** Another file system than that of the temporary folder, where there is one. */
const elsewhere = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
const two = (number: number): string => String(number).padStart(2, '0');

/** A hundred lines a second of the log's time. */
function textOf(first: number, count: number): string {
  return Array.from({ length: count }, (_, index) => {
    const number = first + index;
    const second = Math.floor(number / 100);
    const time = `05/Mar/2024:${two(8 + Math.floor(second / 3600))}:${two(Math.floor(second / 60) % 60)}:${two(second % 60)} +0000`;
    return `10.0.${number % 5}.1 - - [${time}] "GET /line/${number} HTTP/1.1" 200 12 "-" "Mozilla/5.0 Firefox/123.0"\n`;
  }).join('');
}

/** A folder that a link leads to, so that the path stays as it is when the folder moves. */
class Place {
  readonly base = mkdtempSync(join(tmpdir(), 'event-sink-truth-'));
  readonly far = mkdtempSync(join(elsewhere, 'event-sink-truth-'));
  readonly path = join(this.base, 'logs', 'access.log');
  readonly old = join(this.base, 'old');
  written = 0;

  constructor() {
    mkdirSync(join(this.base, 'near'));
    mkdirSync(this.old);
    symlinkSync(join(this.base, 'near'), join(this.base, 'logs'));
  }

  write(count: number): void {
    appendFileSync(this.path, textOf(this.written, count));
    this.written += count;
  }

  /** To the other file system. */
  move(): void {
    cpSync(join(this.base, 'near'), join(this.far, 'logs'), { recursive: true, preserveTimestamps: true });
    unlinkSync(join(this.base, 'logs'));
    symlinkSync(join(this.far, 'logs'), join(this.base, 'logs'));
    rmSync(join(this.base, 'near'), { recursive: true });
  }

  /** The same bytes under another inode. */
  restore(): void {
    copyFileSync(this.path, `${this.path}.restored`);
    renameSync(`${this.path}.restored`, this.path);
  }

  remove(): void {
    rmSync(this.base, { recursive: true, force: true });
    rmSync(this.far, { recursive: true, force: true });
  }
}

const logged = (daemon: TestDaemon, line: string): number => daemon.output.split(`"${line}"`).length - 1;

test('200,000 lines through a move to another file system, a restore, cut and zeroed tails, sed -i, copies, olddir and three rotations', async () => {
  const place = new Place();
  const daemon = new TestDaemon({ env: { NGINX_ACCESS_LOG: place.path, NGINX_ROTATED_DIRS: place.old } });
  const counts = async (): Promise<number> => {
    const { actors } = await daemon.json('/v1/status');
    return Number(actors.find(({ path }) => path.includes('nginx-log/'))?.detail.requests ?? 0);
  };
  const readAll = (): Promise<unknown> => until(async () => (await counts()) >= place.written, 'every line read');
  const stopped = async (action: () => void): Promise<void> => {
    await daemon.kill('SIGKILL');
    action();
    await daemon.start();
    await readAll();
  };
  try {
    place.write(60_000);
    await daemon.start();
    await readAll();
    await stopped(() => {
      place.write(10_000);
      place.move();
      place.write(5_000);
    });
    place.write(5_000);
    place.restore();
    place.write(5_000);
    await readAll();
    // First rotation, while it runs.
    renameSync(place.path, `${place.path}.1`);
    place.write(15_000);
    await readAll();
    await stopped(() => {
      place.restore();
      // 50 lines are cut off that were counted; more come.
      truncateSync(place.path, statSync(place.path).size - textOf(place.written - 50, 50).length);
      place.write(10_000);
    });
    truncateSync(place.path, statSync(place.path).size - textOf(place.written - 20, 20).length);
    appendFileSync(place.path, Buffer.alloc(70_000));
    place.write(10_000);
    await readAll();
    execFileSync('sed', ['-i', '150d', place.path]);
    place.write(10_000);
    await readAll();
    await stopped(() => {
      execFileSync('sed', ['-i', '1,200d', place.path]);
      place.write(10_000);
      // Copies of what was read, and of what was not.
      for (const name of ['access.log.bak', 'access.log.7', 'access.log-20240305'])
        copyFileSync(place.path, join(place.path, '..', name));
    });
    // Second and third rotation, while it is stopped: one file is packed, one goes to another folder.
    await stopped(() => {
      place.write(10_000);
      renameSync(place.path, `${place.path}.2`);
      place.write(20_000);
      writeFileSync(`${place.path}.8.gz`, gzipSync(readFileSync(`${place.path}.2`)));
      unlinkSync(`${place.path}.2`);
      execFileSync('mv', [place.path, join(place.old, 'access.log.1')]);
      place.write(20_000);
    });
    place.write(200_000 - place.written);
    await readAll();
    await countsExactly(daemon, 200_000);
    const certain = 4;
    await until(() => logged(daemon, 'log.changed') >= certain, 'a cut, a zeroed tail and two edits to be said');
    assert.is(logged(daemon, 'log.changed'), certain);
    assert.is(logged(daemon, 'log.lost'), 0);

    // What cannot be known: more than the last lines are gone, and others came before anybody looked.
    await daemon.kill('SIGKILL');
    truncateSync(place.path, statSync(place.path).size - textOf(place.written - 1_000, 1_000).length);
    appendFileSync(place.path, textOf(200_000, 1_500));
    await daemon.start();
    await until(async () => (await counts()) >= 200_500, 'the lines that came after');
    await until(() => logged(daemon, 'log.changed') > certain, 'the line that says so');
    await sleep(2_000);
    const total = await counts();
    assert.ok(total <= 201_500, `${total} lines`);
    assert.is(logged(daemon, 'log.changed'), certain + 1);
  } finally {
    await daemon.remove();
    place.remove();
  }
});

test('sed -i and a restore under a real nginx, which goes on writing to the file that is gone', async () => {
  const nginx = required('nginx', await startNginx());
  const load = new Load(nginx);
  const daemon = new TestDaemon({ env: { NGINX_ACCESS_LOG: nginx.accessLog, NGINX_WINDOW_SECONDS: '1' } });
  try {
    await daemon.start();
    load.start();
    await sleep(500);
    await load.pause();
    await writtenIn(() => [nginx.accessLog], load);
    const before = load.sent;
    execFileSync('sed', ['-i', '20d', nginx.accessLog]);
    await sleep(300);
    // nginx does not know: these lines go to the file that has no name any more.
    load.start();
    await sleep(500);
    await load.pause();
    await sleep(1_500);
    const nameless = load.sent;
    await nginx.rotate();
    load.start();
    await sleep(500);
    await load.pause();
    assert.ok(load.sent > nameless && nameless > before);
    await countsExactly(daemon, load.sent);
  } finally {
    await load.end();
    await daemon.remove();
    await nginx.stop();
  }
});

test.run();
