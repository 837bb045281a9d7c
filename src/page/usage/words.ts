/** Why an access does not count, and what that means, in plain words. */
const reasons: Readonly<Record<string, readonly [title: string, meaning: string]>> = {
  double_click: [
    'Double clicks',
    'The same user opened the same address again within 30 seconds: the last one counts.',
  ],
  robot: ['Robots', 'Search engines, crawlers and monitors.'],
  extractor: ['Extractors', 'Clowder’s own programs, which read files to describe them.'],
  preview: ['Previews', 'What a page of Clowder fetches by itself to show a file (tracking=false).'],
  probe: ['Health checks', 'This daemon’s own.'],
  unsuccessful: ['Without success', 'Answered with an error or a redirect, or nothing was fetched.'],
  misdated: [
    'Impossible times',
    'Their time is yet to come, or longer ago than a page can know: counted at their arrival.',
  ],
  other_source: ['From other sources', 'The same acts, as other sources saw them: kept to compare, and counted once.'],
  late: ['Too late', 'They came after their month had been closed, and change nothing any more.'],
};

/** What is not known here stands as it is. */
export const reasonOf = (reason: string): readonly [title: string, meaning: string] =>
  reasons[reason] ?? [reason.replaceAll('_', ' '), ''];

/** In the middle of a sentence: `robots`. */
export const reasonInWords = (reason: string): string => reasonOf(reason)[0].toLowerCase();

const sources: Readonly<Record<string, readonly [name: string, counted: string]>> = {
  nginx: ['the access log', 'the access log of NGINX'],
  clowder: ['Clowder', 'what Clowder publishes'],
  browser: ['the pages', 'what pages send'],
};

/** As one that says something: `Clowder`. */
export const sourceName = (source: string): string => sources[source]?.[0] ?? source;
/** As that from which is counted: `what Clowder publishes`. */
export const sourceInWords = (source: string): string => sources[source]?.[1] ?? source;
