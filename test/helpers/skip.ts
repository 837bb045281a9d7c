/** A server that a test needs was not found; why. */
export interface Skip {
  readonly skip: string;
}

/**
 * Ends a test file at its top level when what it needs is not there. The runner reads the line that this prints, names it on
 * its last lines, and counts it as a failure where nothing may be skipped.
 *
 *     const rabbitmq = required('rabbitmq', await startRabbitMQ());
 */
export function required<Server extends object>(what: string, found: Server | Skip): Server {
  if (!('skip' in found)) return found;
  process.stdout.write(`SKIP ${what}: ${found.skip}\n`);
  process.exit(0);
}
