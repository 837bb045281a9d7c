import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { BSON } from 'mongodb';
import { listenAgain } from '../../ports.js';
import { Scram } from './scram.js';
import { StoredCollection, type WriteFault } from './store.js';
import { encodeReply, type Request, RequestReader } from './wire.js';

type Document = BSON.Document;

/** What goes wrong with one command. */
export type StandInFault =
  /** Nothing is done; this is the answer. */
  | { readonly answer: Document }
  /** Nothing is done; the connection ends. */
  | { readonly drop: true }
  /** It is done; half of the answer goes out before the connection ends. */
  | { readonly cut: true }
  /** It is done; these bytes are the answer. */
  | { readonly garbage: Buffer }
  /** It is done; the answer comes late. */
  | { readonly delayMs: number }
  /** It is done; no answer comes. */
  | { readonly hang: true }
  /** It is done; the answer has this beside the rest. */
  | { readonly writeConcernError: Document };

interface Connection {
  readonly socket: Socket;
  user?: string;
  scram?: Scram;
}

/**
 * A server that speaks enough of MongoDB's wire protocol for the official driver, over real TCP, and can be made to
 * fail. Documents survive `stop` and `listen`.
 */
export class MongoStandIn {
  /** Commands as they came, without hello and the like. */
  readonly commands: Document[] = [];
  /** With any entry, a connection must authenticate. User → password. */
  readonly users = new Map<string, string>();
  /** Users that may not write. */
  readonly readers = new Set<string>();
  /** A document that the server refuses, for as long as this is set. */
  refuse: (document: Document) => WriteFault | undefined = () => undefined;
  /** What a command meets that `fail` has nothing for. */
  always: (command: string) => StandInFault | undefined = () => undefined;
  readonly #faults = new Map<string, StandInFault[]>();
  readonly #collections = new Map<string, StoredCollection>();
  readonly #connections = new Set<Connection>();
  #server: Server | undefined;
  #port = 0;

  get port(): number {
    return this.#port;
  }

  get uri(): string {
    return `mongodb://127.0.0.1:${this.#port}/?directConnection=true`;
  }

  /** Does nothing while it listens. */
  async listen(): Promise<void> {
    if (this.#server !== undefined) return;
    const server = createServer(socket => this.#accept(socket));
    this.#port = await listenAgain(server, this.#port);
    this.#server = server;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    for (const { socket } of this.#connections) socket.resetAndDestroy();
    server.close();
    await once(server, 'close');
  }

  /** The next commands of that name meet these, one each. */
  fail(command: string, ...faults: StandInFault[]): void {
    this.#faults.set(command, [...(this.#faults.get(command) ?? []), ...faults]);
  }

  collection(database: string, name: string): StoredCollection {
    const namespace = `${database}.${name}`;
    const collection = this.#collections.get(namespace) ?? new StoredCollection(namespace);
    this.#collections.set(namespace, collection);
    return collection;
  }

  #accept(socket: Socket): void {
    const connection: Connection = { socket };
    const reader = new RequestReader();
    this.#connections.add(connection);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#connections.delete(connection));
    socket.on('data', chunk => {
      for (const request of reader.read(chunk)) this.#serve(connection, request);
    });
  }

  #serve(connection: Connection, request: Request): void {
    const { socket } = connection;
    const name = Object.keys(request.command)[0]!;
    const fault = this.#faults.get(name)?.shift() ?? this.always(name);
    if (fault !== undefined && 'drop' in fault) return void socket.destroy();
    if (fault !== undefined && 'answer' in fault) return void socket.write(encodeReply(request, fault.answer));
    const reply = this.#answer(connection, name, request);
    if (request.silent) return;
    if (fault === undefined) return void socket.write(encodeReply(request, reply));
    if ('hang' in fault) return;
    if ('writeConcernError' in fault) return void socket.write(encodeReply(request, { ...reply, ...fault }));
    if ('garbage' in fault) return void socket.write(fault.garbage);
    const bytes = encodeReply(request, reply);
    if ('cut' in fault) return void socket.end(bytes.subarray(0, bytes.length >> 1));
    setTimeout(() => socket.writable && socket.write(bytes), fault.delayMs).unref();
  }

  #answer(connection: Connection, name: string, request: Request): Document {
    const { command } = request;
    const open = /^(?:hello|ismaster|saslStart|saslContinue|ping|endSessions|buildInfo|connectionStatus)$/i;
    if (/^(?:hello|ismaster)$/i.test(name)) return this.#hello(command);
    this.commands.push(command);
    if (this.users.size > 0 && connection.user === undefined && !open.test(name)) {
      return failure(13, 'Unauthorized', `Command ${name} requires authentication`);
    }
    const collection = typeof command[name] === 'string' ? this.collection(command.$db, command[name]) : undefined;
    switch (name) {
      case 'ping':
      case 'endSessions':
      case 'killCursors':
        return { ok: 1 };
      case 'buildInfo':
        return { version: '7.0.0-stand-in', ok: 1 };
      case 'saslStart':
        connection.scram = new Scram(user => this.users.get(user));
        return sasl(connection.scram.begin(text(command.payload)), false);
      case 'saslContinue': {
        const proved = connection.scram?.finish(text(command.payload));
        if (proved === undefined) return failure(18, 'AuthenticationFailed', 'Authentication failed.');
        connection.user = proved.user;
        return sasl(proved.payload, true);
      }
      case 'connectionStatus':
        return { authInfo: this.#whoIs(connection), ok: 1 };
      case 'insert':
        if (this.readers.has(connection.user ?? '')) {
          return failure(13, 'Unauthorized', `not authorized on ${command.$db} to execute command { insert: … }`);
        }
        return this.#insert(collection!, command.documents, request.sizes);
      case 'delete': {
        const removed = command.deletes.map(({ q }: Document) => collection!.remove(q));
        return { n: removed.reduce((sum: number, count: number) => sum + count, 0), ok: 1 };
      }
      case 'find':
        return cursor(command, select(collection!.find(command.filter ?? {}), command));
      case 'aggregate': {
        // As the driver's countDocuments has it.
        const match = command.pipeline.find((stage: Document) => '$match' in stage)?.$match ?? {};
        const n = collection!.find(match).length;
        return cursor(command, n === 0 ? [] : [{ _id: 1, n }]);
      }
      case 'count':
        return { n: collection!.find(command.query ?? {}).length, ok: 1 };
      case 'createIndexes':
        for (const index of command.indexes) collection!.addIndex(index);
        return { ok: 1 };
      case 'listIndexes':
        if (collection!.find({}).length === 0 && collection!.indexes.length === 1) {
          return failure(26, 'NamespaceNotFound', `ns does not exist: ${command.$db}.${command.listIndexes}`);
        }
        return cursor(command, collection!.indexes as unknown as Document[]);
      case 'collMod': {
        const { keyPattern, expireAfterSeconds } = command.index;
        const index = collection!.indexes.find(({ key }) => JSON.stringify(key) === JSON.stringify(keyPattern));
        if (index === undefined) return failure(27, 'IndexNotFound', 'cannot find index');
        index.expireAfterSeconds = expireAfterSeconds;
        return { ok: 1 };
      }
      case 'listCollections': {
        const names = [...this.#collections.keys()].filter(namespace => namespace.startsWith(`${command.$db}.`));
        return cursor(
          command,
          names.map(namespace => ({ name: namespace.slice(command.$db.length + 1), type: 'collection' })),
        );
      }
      default:
        return failure(59, 'CommandNotFound', `no such command: '${name}'`);
    }
  }

  #hello(command: Document): Document {
    return {
      helloOk: true,
      ismaster: true,
      isWritablePrimary: true,
      maxBsonObjectSize: 16 * 1024 * 1024,
      maxMessageSizeBytes: 48_000_000,
      maxWriteBatchSize: 100_000,
      localTime: new Date(),
      logicalSessionTimeoutMinutes: 30,
      connectionId: randomBytes(2).readUInt16LE(),
      minWireVersion: 0,
      maxWireVersion: 21,
      readOnly: false,
      ...(command.saslSupportedMechs === undefined ? {} : { saslSupportedMechs: ['SCRAM-SHA-256'] }),
      ok: 1,
    };
  }

  #whoIs({ user }: Connection): Document {
    if (user === undefined)
      return { authenticatedUsers: [], authenticatedUserRoles: [], authenticatedUserPrivileges: [] };
    const actions = this.readers.has(user) ? ['find'] : ['find', 'insert', 'createIndex', 'collMod'];
    return {
      authenticatedUsers: [{ user, db: 'admin' }],
      authenticatedUserRoles: [{ role: this.readers.has(user) ? 'read' : 'readWrite', db: 'admin' }],
      authenticatedUserPrivileges: [{ resource: { db: '', collection: '' }, actions }],
    };
  }

  #insert(collection: StoredCollection, documents: Document[], sizes: readonly number[]): Document {
    const writeErrors: Document[] = [];
    documents.forEach((document, index) => {
      const fault = this.refuse(document) ?? collection.insert(document, sizes[index] ?? 0);
      if (fault !== undefined) writeErrors.push({ index, ...fault });
    });
    const n = documents.length - writeErrors.length;
    return { n, ...(writeErrors.length === 0 ? {} : { writeErrors }), ok: 1 };
  }
}

function failure(code: number, codeName: string, errmsg: string): Document {
  return { ok: 0, code, codeName, errmsg };
}

function sasl(payload: string, done: boolean): Document {
  return { conversationId: 1, done, payload: new BSON.Binary(Buffer.from(payload)), ok: 1 };
}

function text(payload: unknown): string {
  return Buffer.from((payload as BSON.Binary).value()).toString('utf8');
}

function cursor(command: Document, firstBatch: Document[]): Document {
  return { cursor: { id: BSON.Long.ZERO, ns: `${command.$db}.${Object.values(command)[0]}`, firstBatch }, ok: 1 };
}

function select(documents: Document[], { sort = {}, skip = 0, limit = 0, projection }: Document): Document[] {
  const sorted = [...documents].sort((a, b) => {
    for (const [path, direction] of Object.entries(sort)) {
      if (a[path] < b[path]) return -Number(direction);
      if (a[path] > b[path]) return Number(direction);
    }
    return 0;
  });
  const page = sorted.slice(skip, limit === 0 ? undefined : skip + limit);
  if (projection === undefined) return page;
  return page.map(document => Object.fromEntries(Object.entries(document).filter(([name]) => projection[name] === 1)));
}
