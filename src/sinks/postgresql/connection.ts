import { Socket } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import type { Client } from 'pg';
import { TransientError } from '../../errors.js';
import type { PostgresAddress, SslMode } from './address.js';
import { Faults } from './faults.js';

const connectTimeoutMs = 10_000;
const closeMs = 3_000;

/** One connection. A statement is one transaction: it is there whole or not at all. */
export class Connection {
  readonly #client: Client;
  readonly #socket: Socket;
  readonly faults: Faults;

  private constructor(client: Client, socket: Socket, faults: Faults) {
    this.#client = client;
    this.#socket = socket;
    this.faults = faults;
  }

  /**
   * With a limit, a statement that has no answer by then fails; without one, it is the caller who gives up.
   * @throws TransientError, SetupError
   */
  static async open(address: PostgresAddress, answerTimeoutMs?: number): Promise<Connection> {
    const faults = new Faults(address.password === undefined ? [] : [address.password]);
    try {
      return await Connection.#connect(address, address.sslMode, faults, answerTimeoutMs);
    } catch (error) {
      const isPlain = error instanceof Error && error.message.startsWith('The server does not support SSL');
      if (address.sslMode !== 'prefer' || !isPlain) throw faults.of(error);
    }
    return Connection.#connect(address, 'disable', faults, answerTimeoutMs).catch(error =>
      Promise.reject(faults.of(error)),
    );
  }

  static async #connect(
    address: PostgresAddress,
    mode: SslMode,
    faults: Faults,
    answerTimeoutMs: number | undefined,
  ): Promise<Connection> {
    const { Client } = (await import('pg')).default;
    const socket = new Socket();
    const { host, port, user, password, database, applicationName } = address;
    const client = new Client({
      host,
      port,
      user,
      password,
      database,
      application_name: applicationName,
      ssl: tlsOptions(mode),
      stream: () => socket,
      connectionTimeoutMillis: connectTimeoutMs,
      query_timeout: answerTimeoutMs,
      keepAlive: true,
    });
    // What waits for an answer gets the error too; without a listener, one between two statements would be uncaught.
    client.on('error', () => {});
    const connection = new Connection(client, socket, faults);
    try {
      await client.connect();
    } catch (error) {
      socket.destroy();
      throw error;
    }
    return connection;
  }

  /**
   * The rows of the answer. Gives up when the signal aborts; what the server then does with the statement is not known.
   * @throws what the driver throws
   */
  async ask<Answer extends object>(text: string, values: unknown[], signal?: AbortSignal): Promise<Answer[]> {
    const answer = this.#client.query<Answer>(text, values).then(({ rows }) => rows);
    if (signal === undefined) return answer;
    let giveUp: () => void = () => undefined;
    const aborted = new Promise<never>((_, reject) => {
      giveUp = () => reject(new TransientError('PostgreSQL: given up before the server answered'));
      if (signal.aborted) giveUp();
      else signal.addEventListener('abort', giveUp, { once: true });
    });
    try {
      return await Promise.race([answer, aborted]);
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }

  /** Several statements, without values. */
  async run(text: string): Promise<void> {
    await this.#client.query(text);
  }

  /** A server that hangs would keep the driver waiting. */
  async close(): Promise<void> {
    const timer = setTimeout(() => this.#socket.destroy(), closeMs);
    await this.#client.end().catch(() => undefined);
    clearTimeout(timer);
    this.#socket.destroy();
  }
}

function tlsOptions(mode: SslMode): false | ConnectionOptions {
  switch (mode) {
    case 'disable':
      return false;
    case 'prefer':
    case 'require':
      return { rejectUnauthorized: false };
    case 'verify-ca':
      return { rejectUnauthorized: true, checkServerIdentity: () => undefined };
    case 'verify-full':
      return { rejectUnauthorized: true };
  }
}
