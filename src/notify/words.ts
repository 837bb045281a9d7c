import { durationInWords } from '../duration-words.js';
import type { Change } from './rule-state.js';
import { timeInWords } from './times.js';

const namesShown = 5;
const maxSubjectLength = 180;

/** One sentence about one change, without a full stop: `clowder is down`. */
export function phraseOf(change: Change): string {
  const { times = 1 } = change;
  return times > 1 ? `${times} times, the last: ${phraseOfOne(change)}` : phraseOfOne(change);
}

function phraseOfOne(change: Change): string {
  const { category, name, level, message } = change;
  if (category === 'service_status' || category === 'health') return servicePhrase(change);
  if (category === 'problem') {
    const what = withoutStop(message ?? 'something is wrong');
    return level === 'ok' ? `resolved: ${what}` : change.reminder ? `still: ${what}` : what;
  }
  return `${name}: ${withoutStop(message ?? change.state)}`;
}

function servicePhrase(change: Change): string {
  const { name, level, brief, since, until, at, outageSeconds, reminder } = change;
  const { state } = change;
  const inWords = stateInWords(change);
  switch (level) {
    case 'failing':
      if (change.state === 'unknown') return unknownPhrase(change);
      return `${name} ${reminder ? 'still ' : ''}${inWords}`;
    case 'ok': {
      if (change.was === 'unknown') return `${name} can be checked again, and ${inWords}`;
      if (brief) return `${name} failed for ${durationInWords(at - since)} and is well again`;
      const ms = outageSeconds === undefined ? at - since : outageSeconds * 1000;
      return ms > 0 ? `${name} ${inWords} again after ${durationInWords(ms)}` : `${name} ${inWords}`;
    }
    case 'maintenance':
      return `${name} is being worked on${until === undefined ? '' : ` until ${timeInWords(until)}`}`;
    case 'note': {
      const end = until === undefined ? '' : ` to ${timeInWords(until)}`;
      if (state === 'withdrawn') return `maintenance of ${name} from ${timeInWords(since)}${end} is called off`;
      return since > at
        ? `${name} ${state === 'maintenance' ? 'will be worked on' : `is expected to be ${state}`} from ${timeInWords(since)}${end}`
        : `${name} was ${state === 'maintenance' ? 'being worked on' : state} from ${timeInWords(since)}${end}`;
    }
  }
}

function unknownPhrase({ name, causedBy, reminder }: Change): string {
  const still = reminder ? ' still' : '';
  return causedBy === undefined
    ? `${name}${still} cannot be checked`
    : `nothing${still} is known of ${name} while ${causedBy} is down`;
}

function stateInWords({ state }: Change): string {
  if (state === 'unhealthy') return 'fails its checks';
  return state === 'healthy' ? 'passes its checks' : `is ${state}`;
}

/** What went on, beside the phrase: `since 27 Nov 2026, 08:14:14 UTC; connection refused; https://…`. */
export function detailsOf(change: Change): readonly (readonly [label: string, text: string])[] {
  const { category, level, since, until, at, message, target, fix, state, cost } = change;
  const details: [string, string][] = [];
  if (level === 'failing') details.push(['Since', timeInWords(since)]);
  else if (level === 'ok' && since < at)
    details.push(['From', timeInWords(since)], ['Until', timeInWords(until ?? at)]);
  else details.push(['Time', timeInWords(at)]);
  if (message !== undefined && category !== 'problem') details.push(['Reason', withoutStop(message)]);
  if (cost !== undefined && level === 'ok') details.push(['Meanwhile', cost]);
  if (target !== undefined) details.push(['Checked', target]);
  if (fix !== undefined && level === 'failing') details.push(['What to do', fix]);
  else if (level === 'failing' && category === 'service_status')
    details.push(['What is done', `event-sink goes on checking it, and reports when it is no longer ${state}.`]);
  return details;
}

/** The first line of a message. */
export function subjectOf(type: string, changes: readonly Change[]): string {
  if (type === 'test') return 'event-sink: a test, nothing is wrong';
  const [first] = changes;
  if (first === undefined) return 'event-sink: nothing has changed';
  return cut(changes.length === 1 ? alone(first) : together(changes));
}

function alone(change: Change): string {
  return change.category === 'problem' ? `event-sink: ${phraseOf(change)}` : phraseOf(change);
}

function together(changes: readonly Change[]): string {
  const kinds = new Map<string, Change[]>();
  for (const change of changes) {
    const kind = kindOf(change);
    const others = kinds.get(kind);
    if (others === undefined) kinds.set(kind, [change]);
    else others.push(change);
  }
  const parts = [...kinds].map(([kind, those]) => {
    // Several changes may be about one service: its maintenance of now, and one that is still to come.
    const count = new Set(those.map(({ key }) => key)).size;
    if (count === 1) return those.map(alone).join('; ');
    return kinds.size === 1 ? `${count} ${kind}: ${namesOf(those)}` : `${count} ${kind}`;
  });
  return parts.join('; ');
}

/** What several changes of a kind are called: `services are down`. */
function kindOf(change: Change): string {
  const { category, level, state, reminder, brief, causedBy, since, at } = change;
  if (category === 'problem')
    return `problems of event-sink ${level === 'ok' ? 'are over' : reminder ? 'go on' : 'began'}`;
  if (category !== 'service_status' && category !== 'health') return `events ${category}.${state}`;
  if (state === 'withdrawn') return 'services whose maintenance is called off';
  if (level === 'maintenance' || state === 'maintenance') return 'services with maintenance';
  if (level === 'note') return `services ${since > at ? 'are expected to be' : 'were'} ${state}`;
  if (brief) return 'services failed briefly';
  if (level === 'ok') return 'services are well again';
  if (state === 'unknown')
    return `services ${reminder ? 'still ' : ''}cannot be checked${causedBy === undefined ? '' : ` because of ${causedBy}`}`;
  if (category === 'health') return `services ${reminder ? 'still ' : ''}fail their checks`;
  return `services are ${reminder ? 'still ' : ''}${state}`;
}

function namesOf(changes: readonly Change[]): string {
  const names = [
    ...new Set(
      changes.map(({ category, name, message = '' }) => (category === 'problem' ? withoutStop(message) : name)),
    ),
  ];
  const more = names.length - namesShown;
  return more > 1 ? `${names.slice(0, namesShown).join(', ')} and ${more} more` : names.join(', ');
}

/** All of it in one paragraph, for what shows no more than that. */
export function summaryOf(changes: readonly Change[]): string {
  const [first] = changes;
  if (first === undefined) return 'This message shows that notifications arrive. Nothing is wrong.';
  if (changes.length > 1) return sentence(together(changes));
  const details = detailsOf(first).map(([label, text]) => `${label}: ${withoutStop(text)}.`);
  return [sentence(alone(first)), ...details].join(' ');
}

/** It may begin with the name of a service, which stays as it is. */
export function sentence(text: string): string {
  return /[.?!]$/.test(text) ? text : `${text}.`;
}

function withoutStop(text: string): string {
  return text.replace(/\.$/, '');
}

function cut(text: string): string {
  return text.length > maxSubjectLength ? `${text.slice(0, maxSubjectLength - 1)}…` : text;
}
