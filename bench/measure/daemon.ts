import { TestDaemon } from '../../test/helpers/daemon.js';

/**
 * A daemon to be measured. BENCH_NODE holds options for its Node alone: with `--cpu-prof --cpu-prof-dir=/tmp/profiles`
 * each of its threads writes a profile when it ends.
 */
export function benchDaemon(env: Readonly<Record<string, string>> = {}): TestDaemon {
  const node = process.env.BENCH_NODE?.split(' ') ?? [];
  return new TestDaemon({ env: { LOG_LEVEL: 'warn', ...env }, node });
}

/** In order, so that profiles are written. */
export async function end(daemon: TestDaemon): Promise<void> {
  await daemon.kill('SIGTERM');
  await daemon.remove();
}
