import { SetupError } from '../errors.js';
import type { Database } from './database.js';
import { migrationSteps } from './schema.js';

/**
 * Brings the file to the newest schema; each step is one transaction, so a kill in between leaves a version that goes
 * on from there.
 * @throws SetupError when a newer release made the file
 */
export function migrate(database: Database, migrations: readonly string[] = migrationSteps): void {
  const version = database.value<number>('PRAGMA user_version') ?? 0;
  if (version > migrations.length) {
    throw new SetupError(
      `the data in DATA_DIR has schema ${version}, made by a newer release; this one knows ${migrations.length}. Install that release again.`,
    );
  }
  for (const [index, statements] of migrations.entries()) {
    if (index < version) continue;
    database.transaction('BEGIN IMMEDIATE', () => {
      database.exec(statements);
      database.exec(`PRAGMA user_version = ${index + 1}`);
    });
  }
}
