import type { Explanation as Answer, Explanations } from '../../../openapi/api-types.js';
import { readFile } from '../../config/environment.js';
import { loadConfig } from '../../config/load.js';
import { stringifyExact } from '../../events/digits.js';
import type { Explanation } from '../../explain/explanation.js';
import { guessKind, InputError, type InputKind, inputKinds } from '../../explain/input.js';
import { problemReport } from '../../settings/problems.js';
import { clientFor, clientOptions } from '../client.js';
import { type Command, exitCodes, type Invocation, text, UsageError } from '../command.js';
import { textOperand } from '../events.js';
import { explainHere } from './local.js';
import { printExplanation } from './print.js';

export const explain: Command = {
  usage: 'explain [EVENT | FILE | -] [--as KIND] [--url URL] [--json]',
  description:
    'What an event would become at each sink, and why not: document, line, payload, access, message; what its filters leave out, what the destination cuts. Nothing is sent, stored or counted.\nWithout --url it needs no daemon: it reads the settings that the daemon would read. A daemon knows more: names of resources that other events or Clowder have said.\nAn event is JSON, or a line of the access log, a CloudEvent, or the upload of a page: what it looks like decides; --as clowder is a message of the exchange of RabbitMQ.',
  options: {
    as: { type: 'string', value: 'KIND', description: inputKinds.join(', ') },
    ...clientOptions,
  },
  examples: [
    `event-sink explain '{"category":"view_resource","type":"dataset","resource_id":"5f1e"}'`,
    'tail -n 1 /var/log/nginx/access.log | event-sink explain --as nginx',
    'event-sink explain event.json --json | jq .sinks.ga4.output',
    'event-sink explain event.json --url https://sink.example.org',
  ],
  async run(invocation) {
    const { terminal, values } = invocation;
    const input = await textOperand('explain', invocation);
    const as = text(values, 'as');
    const kind = inputKinds.find(each => each === (as ?? guessKind(input.text)));
    if (kind === undefined) throw new UsageError(`--as must be one of ${inputKinds.join(', ')}, but is "${as}"`);
    const explanations =
      text(values, 'url') === undefined
        ? await here(input.text, kind, invocation)
        : await there(input.text, kind, invocation);
    if (explanations === undefined) return exitCodes.usage;
    for (const explanation of explanations) {
      if (values.json === true) terminal.out(stringifyExact(explanation));
      else printExplanation(explanation, terminal);
    }
    return explanations.some(({ event }) => event === null) ? exitCodes.failed : exitCodes.ok;
  },
};

async function here(
  input: string,
  kind: InputKind,
  { env, terminal, clock }: Invocation,
): Promise<readonly Explanation[] | undefined> {
  const loaded = loadConfig({ env, readFile });
  if ('problems' in loaded) {
    terminal.err(problemReport(loaded.problems));
    return undefined;
  }
  try {
    return await explainHere(loaded.config, clock)(input, kind);
  } catch (error) {
    throw error instanceof InputError ? new UsageError(error.message) : error;
  }
}

async function there(input: string, kind: InputKind, invocation: Invocation): Promise<readonly Answer[]> {
  const isText = kind === 'nginx' || kind === 'clowder';
  const answer = await clientFor(invocation).request<Answer | Explanations>({
    method: 'POST',
    path: `/v1/explain?as=${kind}`,
    body: isText ? JSON.stringify(input) : input,
    type: isText || isJson(input) ? 'application/json' : 'application/x-ndjson',
  });
  return 'explanations' in answer ? answer.explanations : [answer];
}

function isJson(input: string): boolean {
  try {
    JSON.parse(input);
    return true;
  } catch {
    return false;
  }
}
