import { isbot } from 'isbot';

/** Who asked. Scripts are programs that people run: they count as people, unless they show an extractor's key. */
export type AgentKind = 'person' | 'script' | 'crawler' | 'extractor';

const extractor = /pyclowder/i;
/** isbot, rightly for its own purpose, takes these for bots: here a scientist fetches data with them. */
const programs =
  /^(?:aiohttp|apache-httpclient|aria2|axios|curl|dart|fetch|go-http-client|guzzlehttp|httpie|insomnia|java|jakarta|julia|libcurl|libwww-perl|matlab|node|node-fetch|okhttp|perl|php|postmanruntime|powershell|python|python-httpx|python-requests|python-urllib|r|r-curl|rcurl|rclone|ruby|undici|wget)(?:[/ (;]|$)|WindowsPowerShell/i;
const key = /(?:^|&)key=/i;

/** By a maintained list (npm: isbot). */
export function agentKind(agent: string): Exclude<AgentKind, 'extractor'> | 'extractor' {
  if (agent === '' || agent === '-') return 'person';
  if (extractor.test(agent)) return 'extractor';
  if (programs.test(agent)) return 'script';
  return isbot(agent) ? 'crawler' : 'person';
}

/** Extractors carry Clowder's key in the query, and come as python-requests, the library under pyClowder. */
export function showsKey(query: string): boolean {
  return key.test(query);
}
