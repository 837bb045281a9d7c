import type { Event } from '../../events/event.js';
import { DeviceReader } from '../../people/devices.js';
import type { Render, RenderTools } from '../sink.js';
import { type Compiled, type CompileOptions, compile, isTooOld, type Shortening, untimely } from './compile.js';
import { limits } from './limits.js';
import { bodyOf, requestsOf } from './requests.js';

interface Times {
  /** Epoch ms: what is judged too old by. A jump of the clock does not count at once. */
  readonly earliest: number;
  readonly now: number;
}

export function timesOf(clock: RenderTools['clock'], ageClock: RenderTools['ageClock'] | undefined): Times {
  return { earliest: ageClock?.now() ?? clock.now(), now: ageClock?.latest() ?? clock.now() };
}

/** The event as Google takes it, or why it never will. */
export function timelyEvent(
  event: Event,
  options: CompileOptions & Times,
): Compiled | { readonly tooOld: true } | { readonly refused: string } {
  if (isTooOld(event.created, options.earliest)) return { tooOld: true };
  const refused = untimely(event.created, options.now);
  return refused === undefined ? compile(event, options) : { refused };
}

/** The body of a request with this event alone. */
export function renderer({ clientId }: Pick<CompileOptions, 'clientId'>, { clock, ageClock }: RenderTools): Render {
  const devices = new DeviceReader();
  return event => {
    const one = timelyEvent(event, { clientId, devices, ...timesOf(clock, ageClock) });
    if ('tooOld' in one)
      return { tooOld: `older than ${limits.backdateMs / 3_600_000} hours: Google Analytics takes none so old` };
    if ('refused' in one) return one;
    const [request] = requestsOf([[event.id, one]]);
    return { output: { request: JSON.parse(bodyOf(request!)) }, notes: one.shortened.map(noteOf) };
  };
}

function noteOf({ what, field }: Shortening): { what: string; field: string } {
  switch (what) {
    case 'event name':
      return { what: 'the name of the event is cut or changed', field };
    case 'parameter name':
      return { what: 'the name of the parameter is cut or changed', field };
    case 'parameter value':
      return { what: 'cut to the length that Google Analytics takes', field };
    case 'parameter left out':
      return { what: `left out: at most ${limits.parametersPerEvent} parameters`, field };
    case 'future time':
      return { what: 'in the future: dated now', field };
  }
}
