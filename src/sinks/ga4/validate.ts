import { SetupError } from '../../errors.js';
import type { Event } from '../../events/event.js';
import { DeviceReader } from '../devices.js';
import { httpFault, summary } from '../http/faults.js';
import { compile } from './compile.js';
import { bodyOf, requestsOf } from './requests.js';
import { ask, faultContext, type Stream } from './stream.js';

export interface ValidateOptions {
  readonly clientId: string | undefined;
  readonly sendNames: boolean;
  /** Wall clock, epoch ms. */
  readonly now: number;
  readonly signal?: AbortSignal;
}

export interface Validation {
  /** As Google Analytics knows it: `view_dataset`. */
  readonly name: string;
  /** In Google's words; empty = the event is right. */
  readonly problems: readonly string[];
}

/**
 * Asks Google's validation server about events, compiled as they would be sent. It stores nothing, and it checks neither the
 * measurement id nor the secret: Google never says that one is wrong.
 * @throws TransientError, SetupError when the server cannot be asked
 */
export async function validate(
  stream: Stream,
  events: readonly Event[],
  options: ValidateOptions,
): Promise<readonly Validation[]> {
  const devices = new DeviceReader();
  const validations: Validation[] = [];
  for (const event of events) {
    const compiled = compile(event, { ...options, devices });
    const [sample] = requestsOf([[event.id, compiled]]);
    if (sample === undefined) continue;
    const response = await ask(stream, 'debug', bodyOf(sample), options.signal);
    const fault = httpFault(response, { ...faultContext(stream), now: options.now });
    if (fault !== undefined) throw fault;
    if (response.status >= 300)
      throw new SetupError(`${summary(response, faultContext(stream))}: check GOOGLE_SERVER_URL`);
    validations.push({ name: compiled.event.name, problems: problemsOf(response.text) });
  }
  return validations;
}

function problemsOf(text: string): string[] {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    return ['the validation server answered without JSON'];
  }
  const messages = (answer as { validationMessages?: unknown } | null)?.validationMessages;
  if (!Array.isArray(messages)) return [];
  return messages.map(({ fieldPath, description, validationCode } = {}) =>
    [fieldPath, description, validationCode].filter(part => typeof part === 'string' && part !== '').join(': '),
  );
}
