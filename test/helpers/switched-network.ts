import { createServer, type Server } from 'node:net';
import { TestDaemon } from './daemon.js';
import { portOf } from './ports.js';
import type { Exim } from './servers/exim.js';
import { FaultProxy } from './servers/proxy.js';
import { StandIn } from './servers/stand-in.js';
import { WebhookReceiver } from './servers/webhook-receiver.js';
import { until } from './wait.js';

const patienceMs = 90_000;

/**
 * Services behind a switch, a daemon that watches all of them, and those whom it notifies: a real mail server, a
 * stand-in for Slack, and a receiver that checks signatures and takes the same id once.
 */
export class SwitchedNetwork {
  readonly services = Array.from({ length: 40 }, (_, index) => `service-${index + 1}`);
  readonly receiver = new WebhookReceiver();
  readonly slack = new StandIn(() => ({ status: 200, body: 'ok' }));
  readonly daemon: TestDaemon;
  readonly #exim: Exim;
  readonly #server: Server;
  readonly #network: FaultProxy;

  static async start(exim: Exim, env: Readonly<Record<string, string>>): Promise<SwitchedNetwork> {
    const server = createServer(socket => socket.on('error', () => {}).end());
    await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening));
    const scene = new SwitchedNetwork(exim, server, await FaultProxy.start(portOf(server)), env);
    await Promise.all([scene.receiver.server.start(), scene.slack.start()]);
    scene.daemon.env.NOTIFY_WEBHOOK_URL = `${scene.receiver.server.origin}/hook`;
    scene.daemon.env.NOTIFY_SLACK_URL = `${scene.slack.origin}/services/T0/B0/x`;
    await scene.daemon.start();
    await scene.all('up');
    return scene;
  }

  private constructor(exim: Exim, server: Server, network: FaultProxy, env: Readonly<Record<string, string>>) {
    this.#exim = exim;
    this.#server = server;
    this.#network = network;
    const address = `tcp://127.0.0.1:${network.port}`;
    this.daemon = new TestDaemon({
      env: {
        NOTIFY_WEBHOOK_SECRET: this.receiver.secret,
        SMTP_URL: `smtp://127.0.0.1:${exim.port}`,
        NOTIFY_EMAIL_TO: 'ops@example.org',
        NOTIFY_EMAIL_FROM: 'event-sink@example.org',
        HEALTH_TARGETS: [
          `switch=${address}`,
          ...this.services.map(name => `${name}=${address} depends_on=switch`),
        ].join(','),
        HEALTH_INTERVAL_SECONDS: '1',
        ...env,
      },
    });
  }

  /** The switch goes down or comes back; resolves at once. */
  turn(mode: 'refuse' | 'pass'): Promise<void> {
    return this.#network.set(mode);
  }

  /** Waits until the switch is in this state, and what can be known of the services behind it. */
  async all(state: 'up' | 'down'): Promise<void> {
    const behind = state === 'up' ? 'up' : 'unknown';
    await until(
      async () => {
        const { services } = await this.daemon.json('/v1/status');
        const isThere = services.every(one => one.state === (one.service_name === 'switch' ? state : behind));
        return services.length > this.services.length && isThere;
      },
      `a switch that is ${state}, and all behind it`,
      patienceMs,
    );
  }

  /** As an outage of the machine: at once, with nothing said. */
  async killAndStart(): Promise<void> {
    await this.daemon.kill('SIGKILL');
    await this.daemon.start();
  }

  /** Mails by their `Message-ID`, as a mail program keeps them. */
  async mails(): Promise<ReadonlyMap<string, string>> {
    const mails = await this.#exim.mails();
    return new Map(mails.map(({ headers }) => [headers.get('message-id') ?? '', headers.get('subject') ?? '']));
  }

  /** What Slack was asked to show, the same text once: a hook has no key to know a message by. */
  get texts(): readonly string[] {
    return [...new Set(this.slack.asked.map(({ body }) => body))];
  }

  /** What was reported of each service, in order; the same message counts once. */
  get reported(): ReadonlyMap<string, readonly string[]> {
    const states = new Map<string, string[]>(['switch', ...this.services].map(name => [name, []]));
    for (const { changes } of this.receiver.bodies)
      for (const { service_name: name = '', state } of changes) states.get(name)?.push(state);
    return states;
  }

  async received(count: number): Promise<void> {
    await until(() => this.receiver.bodies.length >= count, `${count} messages`, patienceMs);
  }

  async stop(): Promise<void> {
    await this.daemon.remove();
    await Promise.all([this.receiver.server.stop(), this.slack.stop(), this.#network.stop()]);
    await new Promise(closed => this.#server.close(closed));
  }
}
