import { parentPort, workerData } from 'node:worker_threads';
import Database from 'libsql';

/** Commits each list of bodies that it is sent, and says so; null ends it. As durable as the daemon. */
const database = new Database(workerData as string);
database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000;
  CREATE TABLE messages (seq INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT NOT NULL)`);
const insert = database.prepare('INSERT INTO messages (body) VALUES (?)');

parentPort?.on('message', (bodies: readonly string[] | null) => {
  if (bodies === null) {
    database.close();
    return parentPort?.close();
  }
  database.exec('BEGIN IMMEDIATE');
  for (const body of bodies) insert.run(body);
  database.exec('COMMIT');
  parentPort?.postMessage(null);
});
