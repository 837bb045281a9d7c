import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'amqplib';
import { freePorts } from '../ports.js';
import { complete, findProgram, nobody, Running } from '../running.js';
import { type TemporaryFolder, temporaryFolder } from '../temporary.js';
import { until } from '../wait.js';

export interface RabbitMQOptions {
  /** Lines of rabbitmq.conf, such as `vm_memory_high_watermark.absolute = 500MB`. */
  readonly config?: readonly string[];
  /** advanced.config, an Erlang term with its full stop. */
  readonly advanced?: string;
}

const answerMs = 5_000;

/** The folder of RabbitMQ's own scripts: Debian's wrappers beside them insist on the user rabbitmq. */
export function rabbitmqScripts(): string | undefined {
  const server = findProgram('/usr/lib/rabbitmq/bin/rabbitmq-server', 'rabbitmq-server');
  return server && dirname(server);
}

/** Nodes that may see each other: one folder, one cookie, one name server (epmd) of their own on a free port. */
export class RabbitMQSite {
  readonly folder: TemporaryFolder;
  readonly scripts: string;
  readonly epmdPort: number;
  readonly #epmd: Running;

  private constructor(scripts: string, epmdPort: number) {
    this.scripts = scripts;
    this.epmdPort = epmdPort;
    this.folder = temporaryFolder(nobody);
    // Left to itself a node starts an epmd that outlives it.
    this.#epmd = new Running('epmd', ['-port', String(epmdPort), '-address', '127.0.0.1'], { unprivileged: true });
  }

  static async open(scripts: string): Promise<RabbitMQSite> {
    const [port = 0] = await freePorts(1);
    return new RabbitMQSite(scripts, port);
  }

  /** Also what the command-line tools need in order to reach a node of this site. */
  environment(nodeName: string): Record<string, string> {
    return {
      HOME: this.folder.path,
      ERL_EPMD_PORT: String(this.epmdPort),
      ERL_EPMD_ADDRESS: '127.0.0.1',
      RABBITMQ_NODENAME: nodeName,
      RABBITMQ_CONF_ENV_FILE: '/dev/null',
    };
  }

  async close(): Promise<void> {
    await this.#epmd.kill9();
    this.folder.remove();
  }
}

export class RabbitMQNode {
  readonly name: string;
  readonly uri: string;
  readonly port: number;
  readonly #site: RabbitMQSite;
  readonly #environment: Record<string, string>;
  #running: Running | undefined;

  private constructor(site: RabbitMQSite, name: string, ports: readonly number[], options: RabbitMQOptions) {
    const [port = 0, distributionPort = 0] = ports;
    const at = (file: string): string => join(site.folder.path, `${name}-${file}`);
    this.name = `${name}@localhost`;
    this.port = port;
    this.uri = `amqp://127.0.0.1:${port}`;
    this.#site = site;
    this.#environment = {
      ...site.environment(this.name),
      RABBITMQ_NODE_PORT: String(port),
      RABBITMQ_DIST_PORT: String(distributionPort),
      RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
      RABBITMQ_MNESIA_BASE: at('data'),
      RABBITMQ_LOG_BASE: at('log'),
      RABBITMQ_ENABLED_PLUGINS_FILE: at('plugins'),
      RABBITMQ_CONFIG_FILE: at('config'),
      RABBITMQ_ADVANCED_CONFIG_FILE: at('advanced.config'),
      RABBITMQ_FEATURE_FLAGS_FILE: at('feature-flags'),
      RABBITMQ_GENERATED_CONFIG_DIR: at('generated'),
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS:
        '+S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none -kernel inet_dist_use_interface {127,0,0,1}',
      // The script then becomes the node, so that the pid we know is the node's.
      RUNNING_UNDER_SYSTEMD: 'true',
    };
    writeFileSync(at('plugins'), '[].\n');
    writeFileSync(at('config.conf'), `${(options.config ?? []).join('\n')}\n`);
    writeFileSync(at('advanced.config'), options.advanced ?? '[].\n');
  }

  static async start(site: RabbitMQSite, name: string, options: RabbitMQOptions = {}): Promise<RabbitMQNode> {
    const node = new RabbitMQNode(site, name, await freePorts(2), options);
    await node.start();
    return node;
  }

  /** With the data of the last time, if it ran before. Resolves when it accepts connections. */
  async start(): Promise<void> {
    const running = new Running(join(this.#site.scripts, 'rabbitmq-server'), [], {
      env: this.#environment,
      unprivileged: true,
    });
    this.#running = running;
    await until(
      async () => {
        if (running.exit) return running.exit;
        const connection = await connect(this.uri, { timeout: answerMs });
        connection.on('error', () => {});
        // One that breaks off before it has answered is never closed for amqplib.
        await Promise.race([connection.close(), sleep(answerMs, undefined, { ref: false })]);
        return true;
      },
      'a RabbitMQ that accepts connections',
      60_000,
      100,
    );
    if (running.exit) throw new Error(`RabbitMQ ended with ${running.exit.code}: ${running.output}`);
  }

  /** A clean end, as by its service; the data stays. */
  async shutDown(): Promise<void> {
    await this.#running?.stop('SIGTERM', 30_000);
  }

  /** The end of a machine; the data that was synced stays. */
  async kill9(): Promise<void> {
    await this.#running?.kill9();
  }

  async restart(): Promise<void> {
    await this.shutDown();
    await this.start();
  }

  /** rabbitmqctl: about a second a call. @throws Error with its output */
  ctl(...args: string[]): Promise<string> {
    return rabbitmqctl(this.#site.scripts, this.#site.environment(this.name), args);
  }

  /** What another process needs in order to use this node, see `sharedRabbitMQ`. */
  share(): string {
    const { scripts } = this.#site;
    return JSON.stringify({ uri: this.uri, scripts, environment: this.#site.environment(this.name) });
  }
}

export function rabbitmqctl(
  scripts: string,
  environment: Readonly<Record<string, string>>,
  args: readonly string[],
): Promise<string> {
  return complete(join(scripts, 'rabbitmqctl'), ['-q', ...args], { env: environment, unprivileged: true });
}
