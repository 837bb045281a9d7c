/** A server that a test needs was not found; why. */
export interface Skip {
  readonly skip: string;
}

/**
 * Ends a test file at its top level when what it needs is not there. The runner reads the line that this prints, names
 * it on its last lines, and counts it as a failure where nothing may be skipped.
 *
 *     const rabbitmq = required('rabbitmq', await startRabbitMQ());
 */
export function required<Server extends object>(what: string, found: Server | Skip): Server {
  if (!('skip' in found)) return found;
  skipped(what, found.skip);
  process.exit(0);
}

/**
 * Says that a test of this file is not registered, because what it needs is not there:
 * the runner reads the line as above.
 */
export function skipped(what: string, why: string): void {
  process.stdout.write(`SKIP ${what}: ${why}\n`);
}
