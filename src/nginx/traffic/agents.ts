import { isbot } from 'isbot';

/**
 * Who asked. Programs that people run, such as curl, are people; `own` are the health
 * checks and the questions of a daemon like this one.
 */
export type AgentKind = 'person' | 'crawler' | 'extractor' | 'own';

/** `probeUserAgent` and `contextUserAgent` of src/version.ts, of any version. */
const own = /^event-sink\/\S+ \((?:health|context)\)$/;
const extractor = /pyclowder/i;
/** The library under pyClowder; also under many a script. */
const extractorLibrary = /^python-requests\//i;
/** isbot, rightly for its own purpose, takes these for bots: here a scientist fetches data with them. */
const programs =
  /^(?:aiohttp|apache-httpclient|aria2|axios|curl|dart|fetch|go-http-client|guzzlehttp|httpie|insomnia|java|jakarta|julia|libcurl|libwww-perl|matlab|node|node-fetch|okhttp|perl|php|postmanruntime|powershell|python|python-httpx|python-urllib|r|r-curl|rcurl|rclone|ruby|undici|wget)(?:[/ (;]|$)|WindowsPowerShell/i;
const key = /(?:^|&)key=/i;

/** Characters: no crawler says who it is later than that. */
const maxAgentLength = 1024;

/** What follows from the agent alone; crawlers by a maintained list (npm: isbot). */
export function agentKind(agent: string): AgentKind | 'extractor with key' {
  if (agent === '' || agent === '-') return 'person';
  if (own.test(agent)) return 'own';
  if (extractor.test(agent)) return 'extractor';
  if (extractorLibrary.test(agent)) return 'extractor with key';
  return !programs.test(agent) && isbot(agent.slice(0, maxAgentLength)) ? 'crawler' : 'person';
}

/** Extractors carry their key of Clowder's API in the query. */
export function showsKey(query: string): boolean {
  return key.test(query);
}
