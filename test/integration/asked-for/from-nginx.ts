import { aVisitor, type Check, type Expected, isAt, positive, visit } from './check.js';
import { agent, bytesOfFile, dataset, file, known } from './content.js';
import { earlier, partBytes, targetOfParts, writeEarlierLog } from './earlier-log.js';
import type { Site } from './site.js';

const signedIn = { authorization: `Basic ${Buffer.from('mira:secret-word').toString('base64')}` };
const { resource_name: _name, file_id: _file, ...ofDataset } = known;
const aDataset = { resource_id: dataset, resource_name: 'Rain', ...ofDataset };
const aFile = { resource_id: file, ...known };
/** What each line says of whoever asked. */
const person = {
  user_agent: agent,
  agent_kind: 'person',
  visitor: aVisitor,
  referrer: 'https://portal.example/start',
  country: 'GB',
  language: 'de-CH',
};
const referer = { referer: person.referrer };

const isRecent: Expected['fits'] = ({ created }) => Date.now() - created < 120_000;

/** What a real nginx logs. */
export function fromNginx({ ask, url: origin, earlierLog }: Site): Record<string, Check> {
  const asked =
    (target: string, values: Readonly<Record<string, unknown>>, headers: Record<string, string> = {}): Check =>
    async () => {
      const unique = `${target}${target.includes('?') ? '&' : '?'}${visit()}`;
      await ask(unique, { ...referer, ...headers });
      const url = origin + unique.replace(/key=[\w-]+&/, '');
      const answer = { method: 'GET', status: 200, bytes: positive };
      return { fits: isAt(url), source: 'nginx', values: { ...answer, ...person, url, ...values } };
    };
  const windowed =
    (fits: Expected['fits'], values: Expected['values']): Check =>
    async () => ({ fits: event => isRecent(event) && fits(event), source: 'nginx', values });
  const fetching = { 'user-agent': 'python-requests/2.31.0' };
  return {
    'user and time on all data: views in the log': asked(
      `/datasets/${dataset}`,
      { ...aDataset, user_id: 'mira' },
      signedIn,
    ),
    'user and time on all data: calls of the API in the log': asked(
      `/api/datasets/${dataset}?key=s3cret`,
      { ...aDataset, user_id: 'mira' },
      signedIn,
    ),
    'storage: files deleted': async () => {
      const target = `/api/files/${file}?${visit()}`;
      await ask(target, { ...referer, ...signedIn }, { method: 'DELETE' });
      const url = origin + target;
      const answer = { method: 'DELETE', status: 200 };
      return { fits: isAt(url), source: 'nginx', values: { ...answer, ...person, ...aFile, url, user_id: 'mira' } };
    },
    'traffic: the whole address of a page view': asked(`/files/${file}`, aFile),
    'traffic: every page view, for who wants them': asked('/search?query=rain', {}),
    'traffic: downloads with their bytes': asked(`/files/${file}/blob`, { ...aFile, bytes: bytesOfFile }),
    'traffic: a file that is fetched in parts': async () => {
      writeEarlierLog(earlierLog);
      const url = origin + targetOfParts;
      const answer = { method: 'GET', status: 206, bytes: partBytes[0]! + partBytes[1]!, parts: 2 };
      return { fits: isAt(url), source: 'nginx', created: earlier, values: { ...answer, ...person, ...aFile, url } };
    },
    'Clowder 2: views': asked(`/api/v2/files/${file}/summary`, aFile),
    'Clowder 2: downloads with their bytes': asked(`/api/v2/files/${file}`, { ...aFile, bytes: bytesOfFile }),
    'Clowder 2: uploads, with dataset, space and bytes': async () => {
      const target = `/api/v2/datasets/${dataset}/files?${visit()}`;
      const body = new FormData();
      body.set('file', new Blob([Buffer.alloc(bytesOfFile)]), 'hail.csv');
      await ask(target, { ...referer, ...signedIn }, { method: 'POST', body });
      const url = origin + target;
      const ofForm = (bytes: unknown): boolean => Number(bytes) > bytesOfFile && Number(bytes) < 2 * bytesOfFile;
      const answer = { method: 'POST', status: 200, bytes: ofForm, size: ofForm, user_id: 'mira' };
      const { author_id: _owner, ...place } = ofDataset;
      return { fits: isAt(url), source: 'nginx', values: { ...answer, ...person, ...place, url } };
    },
    'extractions: which extractor fetched how many bytes': asked(
      `/api/files/${file}/blob?key=of-an-extractor`,
      {
        ...aFile,
        bytes: bytesOfFile,
        user_agent: fetching['user-agent'],
        agent_kind: 'extractor',
        extractor_name: 'ncsa.wordcount',
      },
      fetching,
    ),
    'extractions: how much data goes to extractors in a period': async () => {
      await ask(`/api/files/${file}/blob?key=of-an-extractor&${visit()}`, fetching);
      return windowed(({ extractor_bytes: bytes }) => positive(bytes), {
        extractor_requests: positive,
        extractor_bytes: (bytes: unknown) => Number(bytes) % bytesOfFile === 0,
        extractors: (list: unknown) => JSON.stringify(list).includes('{"name":"ncsa.wordcount","requests":'),
      })();
    },
    'traffic: connections open at one time': windowed(({ samples }) => positive(samples), {
      connections_active: positive,
      connections_active_max: positive,
      connections_accepted: (count: unknown) => Number.isInteger(count),
      server_requests: (count: unknown) => Number.isInteger(count),
    }),
    'traffic: connections and requests by route in a period': async () => {
      await ask(`/files/${file}/blob?${visit()}`);
      const route = '"GET /files/:id/blob"';
      return windowed(({ routes }) => JSON.stringify(routes ?? '').includes(route), {
        window_start: positive,
        window_seconds: 1,
        requests: positive,
        connections: positive,
        visitors: positive,
        bytes_sent: positive,
        routes: (list: unknown) => JSON.stringify(list).includes(`{"route":${route},"requests":`),
      })();
    },
  };
}
