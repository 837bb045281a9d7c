import { stringify } from 'yaml';
import { declaredSettings } from '../../src/config/declared.js';
import { loadConfig } from '../../src/config/load.js';
import { problemReport } from '../../src/settings/problems.js';
import { sinks } from '../../src/sinks/registry.js';
import type { Random } from '../helpers/random.js';
import { demand } from './problem.js';
import { bytes, mutated, name, text, value } from './values.js';

const settings = declaredSettings(sinks);

const plausible = [
  ...['on', 'off', '0', '-1', '8080', '65536', '1e3', 'http://127.0.0.1:8086', 'mongodb://a:b@c/d', 'amqp://a,b:1/%2f'],
  ...['upload,!delete', 'a=http://b', 'a=tcp://b:c', 'a=queue:b', '/var/log/*.log', 'combined', '$status', '*', '::1'],
];

const bombs = [
  'a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c,*c,*c]',
  'port: &x [*x]',
  '<<: *nobody',
  'a: !!js/function "x"',
  '? [a]\n: b',
  '--- 1\n--- 2',
  '%YAML 9.9\n---\nport: 1',
  'port: 1\nport: 2',
  `port: ${'['.repeat(5_000)}`,
  '!!binary x',
  '__proto__: {port: 1}',
  '\t- a',
];

/** Any environment and any file give a configuration or a list of problems; no secret is in what is said of them. */
export function fuzzSettings(random: Random): void {
  const secret = `s3cret${random.integer(1, 1e9)}xyz`;
  const env: Record<string, string> = {};
  for (let count = random.integer(0, 8); count > 0; count -= 1) {
    const setting = random.pick(settings);
    if (setting.secret && random.chance(0.7)) env[setting.name] = `${text(random)}${secret}${text(random)}`;
    else env[setting.name] = random.chance(0.5) ? random.pick(plausible) : text(random);
  }
  const file = yaml(random);
  const readFile = (path: string): string => {
    if (path === 'config.yaml') return file;
    if (random.chance(0.3)) throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
    return text(random);
  };
  if (random.chance(0.7)) env.EVENT_SINK_CONFIG = 'config.yaml';
  const input = JSON.stringify({ env, file });
  const loaded = loadConfig({ env, readFile });
  const shown = 'problems' in loaded ? problemReport(loaded.problems) : JSON.stringify(loaded.warnings);
  demand('config' in loaded || loaded.problems.length > 0, 'neither a configuration nor a problem', input);
  demand(!shown.includes(secret), `a secret is shown: ${shown}`, input);
}

function yaml(random: Random): string {
  const kind = random.integer(1, 10);
  if (kind === 1) return random.pick(bombs);
  if (kind === 2) return bytes(random, 100).toString('utf8');
  if (kind === 3) return text(random);
  const entries = Array.from({ length: random.integer(0, 6) }, (): [string, unknown] => {
    const setting = random.pick(settings).name.toLowerCase();
    const key = random.chance(0.8) ? setting : name(random);
    return [key, random.chance(0.6) ? random.pick(plausible) : value(random)];
  });
  const whole = stringify(Object.fromEntries(entries));
  return kind <= 5 ? mutated(random, whole) : whole;
}
