import { isbot } from 'isbot';

/**
 * Who asked: a browser, a program that somebody runs, such as curl, a crawler or an extractor. `own` are the health
 * checks and the questions of a daemon like this one.
 */
export type AgentKind = 'person' | 'machine' | 'crawler' | 'extractor' | 'own';

/** `probeUserAgent` and `contextUserAgent` of src/version.ts, of any version. */
const own = /^event-sink\/\S+ \((?:health|context)\)$/;
const extractor = /pyclowder/i;
/** The library under pyClowder; also under many a script. */
const extractorLibrary = /^python-requests\//i;
/**
 * Scripts and tools that people use, after COUNTER's list of machines, and what else fetches research data. isbot and
 * other lists of robots, rightly for their own purpose, name some of them too: here a scientist fetches data with them.
 */
const machines =
  /^(?:aiohttp|apache-httpclient|aria2|axios|curl|dart|fetch|go-http-client|guzzlehttp|httpie|httr|httr2|insomnia|jakarta|java|julia|lftp|libcurl|libwww-perl|lwp|matlab|node|node-fetch|okhttp|perl|php|postmanruntime|powershell|pycurl|python|r|r-curl|rcurl|rclone|requests|rsync|ruby|undici|urllib|wget)(?:[-_/ (;.\d]|$)|libcurl|WindowsPowerShell/i;
const libraries: ReadonlySet<string> = new Set(['pyclowder', 'python-requests']);
const key = /(?:^|&)key=/i;

/** Characters: no crawler says who it is later than that. */
const maxAgentLength = 1024;

/** What follows from the agent alone; crawlers by a maintained list (npm: isbot). */
export function agentKind(agent: string): AgentKind | 'extractor with key' {
  if (agent === '' || agent === '-') return 'machine';
  if (own.test(agent)) return 'own';
  if (extractor.test(agent)) return 'extractor';
  if (extractorLibrary.test(agent)) return 'extractor with key';
  const short = agent.slice(0, maxAgentLength);
  if (machines.test(short)) return 'machine';
  return isbot(short) ? 'crawler' : 'person';
}

/** The name that an extractor gives itself beside the library that it uses: `ncsa.wordcount/2.1 pyClowder/3.0`. */
export function extractorName(agent: string): string {
  const [products = ''] = agent.slice(0, maxAgentLength).split('(', 1);
  const names = products.split(/[\s;,]/).map(product => product.split('/', 1)[0] ?? '');
  const own = names.find(name => name !== '' && !libraries.has(name.toLowerCase()));
  return own ?? names.find(name => name !== '') ?? 'unknown';
}

/** Extractors carry their key of Clowder's API in the query. */
export function showsKey(query: string): boolean {
  return key.test(query);
}
