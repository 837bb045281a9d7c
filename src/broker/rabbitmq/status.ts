import { describe, SetupError } from '../../errors.js';
import type { BrokerProblem, BrokerStatus } from '../broker.js';
import type { Connection } from './connection.js';
import { PermissionError } from './errors.js';
import type { OutboxState } from './publish/outbox.js';

export interface StatusInput {
  readonly consuming: Pick<Connection, 'error'>;
  readonly publishing: Pick<Connection, 'error' | 'blocked' | 'address' | 'lostAt'>;
  /** What the broker refuses though it can be reached: with the topology, with consumers, with publishing. */
  readonly errors: readonly Error[];
  /** How often a queue or the exchange had disappeared. */
  readonly gaps: number;
  /** Events go straight to the broker. */
  readonly ready: boolean;
  readonly outbox: OutboxState;
  readonly hasOutbox: boolean;
  /** How to give the user all permissions that the daemon needs. */
  readonly permissionFix: string;
}

/** The state in one word, and in sentences for a person. */
export function brokerStatus(input: StatusInput): BrokerStatus {
  const { consuming, publishing, gaps, ready, hasOutbox, outbox } = input;
  const sentences: string[] = [];
  const lost = publishing.error ?? consuming.error;
  if (lost !== undefined) sentences.push(capital(lost));
  else if (publishing.blocked !== undefined) {
    sentences.push(`RabbitMQ at ${publishing.address} takes no messages now (${publishing.blocked})`);
  } else sentences.push(`Connected to RabbitMQ at ${publishing.address}`);
  const errors = lost === undefined ? distinct(input.errors) : [];
  sentences.push(...errors.map(error => capital(describe(error))));
  if (!ready)
    sentences.push(hasOutbox ? 'New events wait in the outbox' : 'New events are refused: there is no outbox');
  if (gaps === 1) sentences.push('A queue or the exchange had disappeared once, and was made again');
  if (gaps > 1) sentences.push(`Queues or the exchange had disappeared ${gaps} times, and were made again`);
  return {
    state: ready ? 'ready' : hasOutbox ? 'outbox' : 'down',
    ...(ready || publishing.lostAt === undefined ? {} : { since: publishing.lostAt }),
    detail: `${sentences.join('. ')}.`,
    outbox: outbox.waiting,
    outboxStuck: ready ? outbox.stuck : 0,
    setAside: outbox.setAside,
    gaps,
    problems: [...errors.map(error => refusalProblem(error, input.permissionFix)), ...outboxProblems(outbox, ready)],
  };
}

function refusalProblem(error: Error, permissionFix: string): BrokerProblem {
  const what = `${capital(describe(error))}.`;
  if (error instanceof PermissionError) return { key: what, what, fix: permissionFix };
  if (error instanceof SetupError)
    return {
      key: what,
      what,
      fix: 'Nothing is lost. Once that is fixed, the daemon notices by itself, without a restart.',
    };
  return { key: what, what, fix: 'Nothing is lost. The daemon tries again by itself.' };
}

/** Nothing waits in an outbox for long while the broker can be reached. */
function outboxProblems(outbox: OutboxState, ready: boolean): BrokerProblem[] {
  const problems: BrokerProblem[] = [];
  if (ready && outbox.stuck > 0)
    problems.push({
      key: 'outbox stuck',
      what: `Messages wait in the outbox though RabbitMQ can be reached: ${count(outbox.stuck)} (${outbox.stuckReason ?? 'no reason known'}).`,
      fix: 'Nothing is lost, and other messages go past them. See the log for outbox.refused, and in RabbitMQ whether the queues are there and take messages.',
    });
  if (outbox.setAside > 0)
    problems.push({
      key: 'outbox set aside',
      what: `Messages that RabbitMQ can never take as they are were set aside: ${count(outbox.setAside)} (${outbox.setAsideReason ?? 'no reason known'}).`,
      fix: 'They are kept in the outbox and tried again when the daemon starts. The log names each under message.refused.',
    });
  return problems;
}

const count = (value: number): string => value.toLocaleString('en-US');

function distinct(errors: readonly Error[]): Error[] {
  return [...new Map(errors.map(error => [error.message, error])).values()];
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
