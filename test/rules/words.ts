import type { Rule } from './rule.js';

interface Word {
  /** In every form that is meant, lower case, words apart: `deadLetter` is read as `dead letter`. */
  readonly pattern: RegExp;
  readonly instead: string;
}

/** Words of an earlier dialect of this code, each with the plain noun of the field that took its place. */
export const words: readonly Word[] = [
  { pattern: /\bdoors?\b/, instead: 'HTTP API, backend or arrival' },
  { pattern: /\bspines?\b/, instead: 'root supervisor' },
  { pattern: /\bregrow(?:n|s)?\b/, instead: 'restart' },
  { pattern: /\bkeepers?\b/, instead: 'housekeeping' },
  { pattern: /\bdesks?\b/, instead: 'DeadLetterAdmin' },
  { pattern: /\bparcels?\b/, instead: 'OutgoingMessage, OutboxRow or EncodedEvent' },
  { pattern: /\btroubles?\b/, instead: 'problem, error or reason' },
  { pattern: /\bgreetings?\b/, instead: 'check' },
  { pattern: /\berrands?\b/, instead: 'retries' },
  { pattern: /\bbur(?:y|ies|ied|ying)\b/, instead: 'dead-letter' },
  { pattern: /\btall(?:y|ies|ied)\b/, instead: 'ledger delta' },
  { pattern: /\bdepartures?\b/, instead: 'flush' },
  { pattern: /\bmend(?:s|ed|ing)?\b/, instead: 'fix' },
  { pattern: /\bfarewell\b/, instead: 'close time-out' },
  { pattern: /\bsteady\b/, instead: 'reconnect reset' },
  { pattern: /\b(?:consumer|channel) taps?\b/, instead: 'ChannelConsumer' },
  {
    // Not those of the alphabet.
    pattern: /\b(?:const|let|of|each|old|this|their) letters?\b(?!,| and)|(?<!dead[- ])\bletters?(?: =>|\.\w)/,
    instead: 'dead letter',
  },
  { pattern: /\bleases?d?\b/, instead: 'settler or reservation' },
  { pattern: /\bintakes?\b/, instead: 'ingest or prepare' },
  { pattern: /\bheed(?:s|ed|ing)?\b/, instead: 'notify or follow' },
  { pattern: /\btold\b(?! apart)/, instead: 'reported, announced or said' },
  { pattern: /\bso many\b/, instead: 'at most N' },
  { pattern: /\bsurroundings\b/, instead: 'what it is: options, context, environment' },
  { pattern: /\b(?:grow|plant) (?:the )?(?:tree|root|actors?)\b/, instead: 'start' },
  { pattern: /\benvelopes?\b/, instead: 'OutgoingMessage, OutboxRow or EncodedEvent' },
  { pattern: /(?<!\b(?:in|single)[ -])\bflights?\b|\blanded\b/, instead: 'pending, settled' },
  { pattern: /\bjoined publish(?:ing|er)\b/, instead: 'GroupPublisher' },
  { pattern: /\bdry\b(?![ -]run\b)/, instead: 'closed' },
  { pattern: /\blets? us in\b/, instead: 'connects' },
  { pattern: /\b(?:require|check) room\b/, instead: 'capacity or free space' },
  { pattern: /\brecall(?:s|ed|ing)?\b|\bremember\(/, instead: 'get or put' },
  { pattern: /(?<!\bround[- ])\btrips?\b/, instead: 'flush' },
  { pattern: /\brhythms?\b/, instead: 'FixedRate' },
  { pattern: /\b(?:class|interface|new|run) watch\b/, instead: 'monitor' },
  { pattern: /\bfunction shown\b/, instead: 'what it returns: quoted, printable, statusDetail' },
  { pattern: /\bshared answers?\b/, instead: 'single flight' },
  {
    pattern: /\b(?:const|let|function|readonly) (?:say|tell|look)\b|\.(?:say|tell|look)\(/,
    instead: 'log, print, notify or check',
  },
  { pattern: /\b(?:const|let|readonly) (?:most|least)\b/, instead: 'max or min' },
];

/** Files in which a word is meant as it stands, with the reason. `*` = any word. */
export const genuine: Readonly<Record<string, string>> = {
  'CHANGELOG.md': 'lists what was renamed',
  'src/health/saved-state.ts': 'checkpoints of the first version have an old field name, for ever',
  'test/health/saved-state.test.ts': 'reads such checkpoints',
  'test/actors/health-ping.test.ts': 'reads such checkpoints',
  'test/rules/repository.test.ts': 'shows that they are found',
  'src/sinks/notify-email/session.ts': 'gives nodemailer its options',
  'test/helpers/servers/exim.ts': 'speaks of SMTP',
  'test/sinks/notify-email/session.test.ts': 'speaks of SMTP',
};

export const wordRule: Rule = {
  name: 'words of the field',
  why: 'One plain noun of the field for one thing, in names, messages, page and prose, so that nobody has to learn a dialect.',
  broken: sources =>
    sources
      .filter(({ path }) => !(path in genuine))
      .flatMap(({ path, text }) =>
        text.split('\n').flatMap((line, index) => wordsIn(line).map(found => `${path}:${index + 1} ${found}`)),
      ),
};

function wordsIn(line: string): string[] {
  const plain = line
    .replaceAll(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .replaceAll('_', ' ');
  return words.flatMap(({ pattern, instead }) => {
    const found = pattern.exec(plain);
    return found === null ? [] : [`says "${found[0]}": ${instead}`];
  });
}
