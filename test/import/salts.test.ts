import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ImportSalts } from '../../src/import/salts.js';
import { VisitorKeys } from '../../src/nginx/traffic/visitors.js';
import { inFolder, manualClock, openStorage } from '../storage/scratch.js';

const now = Date.UTC(2026, 5, 10, 12);
const today = now - 3_600_000;
const lastYear = Date.UTC(2025, 2, 4);
const keyOf = ({ visitors }: ImportSalts, time: number): string => visitors.keyOf(time, '192.0.2.7', 'curl');

test('of a day whose salt the daemon has, a visitor is who it is to the daemon', () =>
  inFolder(async dir => {
    const storage = await openStorage(dir);
    const daemon = new VisitorKeys(storage.keyValues('nginx.visitors'), manualClock(now));
    const known = daemon.keyOf(today, '192.0.2.7', 'curl');
    await daemon.save();
    const salts = await ImportSalts.open(dir, manualClock(now));
    assert.is(keyOf(salts, today), known);
    assert.equal([salts.isFresh(today), salts.isFresh(lastYear)], [false, true]);
    await storage.close();
  }));

test('all other days share one salt, which is kept until the pass is over, for two days at most', () =>
  inFolder(async dir => {
    const clock = manualClock(now);
    const first = await ImportSalts.open(dir, clock);
    assert.is(keyOf(first, lastYear), keyOf(first, lastYear + 40 * 86_400_000));
    const path = join(dir, 'import-salt');
    assert.is(statSync(path).mode & 0o777, 0o600);
    assert.is(keyOf(await ImportSalts.open(dir, clock), lastYear), keyOf(first, lastYear), 'it was cut off');
    clock.time = now + 3 * 86_400_000;
    assert.is.not(keyOf(await ImportSalts.open(dir, clock), lastYear), keyOf(first, lastYear));
    const last = await ImportSalts.open(dir, clock);
    last.forget();
    assert.not.ok(existsSync(path));
    assert.is.not(keyOf(await ImportSalts.open(dir, clock), lastYear), keyOf(last, lastYear));
  }));

test('what stands in its place and is not a salt is replaced', () =>
  inFolder(async dir => {
    const path = join(dir, 'import-salt');
    writeFileSync(path, `short ${now}`);
    await ImportSalts.open(dir, manualClock(now));
    assert.match(readFileSync(path, 'utf8'), /^[0-9a-f]{64} \d+$/);
  }));

test.run();
