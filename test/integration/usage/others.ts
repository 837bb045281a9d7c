import { datasetId, fileId } from '../../usage/scene.js';
import { type Access, grouped } from './log.js';

/** What another source says of the accesses, and what it does not. */
export interface Said {
  readonly events: readonly object[];
  /** Accesses that it tells of. */
  readonly said: readonly Access[];
  /** Accesses of which it says nothing. */
  readonly lost: readonly Access[];
  /** How many of each kind it alone knows. */
  readonly alone: Readonly<Record<Access['kind'], number>>;
}

const nobody = '0'.repeat(24);
/** Datasets with an access that the other source alone knows. */
const unknowns = 5;
/** How long before the first line that was: outside of the window in which two sources may mean the same access. */
const earlierMs = 600_000;

/** What the audit compares by. */
export const resourceOf = ({ kind, dataset, file }: Access): string =>
  kind === 'view' || file < 0 ? datasetId(dataset) : fileId(file);

/** Every n-th of each resource's is lost, of those that count and were fetched as a whole. */
function split(accesses: readonly Access[], every: number): { lost: Access[]; said: Access[] } {
  const lost = [...grouped(accesses, one => `${one.kind} ${resourceOf(one)}`).values()].flatMap(group =>
    group.filter(
      ({ leftOut, status }, index) => leftOut === undefined && status === 200 && index % every === every - 1,
    ),
  );
  const isLost = new Set(lost);
  return { lost, said: accesses.filter(one => !isLost.has(one)) };
}

/** Clowder publishes an event for each view, and for each part of a download; and those of who passed the proxy by. */
export function fromClowder(accesses: readonly Access[]): Said {
  const { lost, said } = split(
    accesses.filter(({ leftOut }) => leftOut !== 'preview'),
    7,
  );
  const event = (id: string, view: boolean, dataset: number, file: number, user: string, created: number): object => {
    const of = { dataset_id: datasetId(dataset), dataset_name: `Dataset ${dataset}` };
    const resource =
      view || file < 0
        ? { type: 'dataset', resource_id: datasetId(dataset), resource_name: `Dataset ${dataset}` }
        : { type: 'file', resource_id: fileId(file), resource_name: `${file}.csv`, ...of };
    return { id: `clowder-${id}`, category: view ? 'view_resource' : 'download', ...resource, user_id: user, created };
  };
  const events = said.map(({ id, kind, dataset, file, line: { login, time } }) =>
    event(id, kind === 'view', dataset, file, login ?? nobody, time),
  );
  const time = beforeAll(accesses);
  for (let number = 0; number < unknowns; number += 1)
    events.push(
      event(`view-${number}`, true, number, 0, nobody, time),
      event(`file-${number}`, false, number, number * 10, nobody, time),
    );
  return { events, said, lost, alone: { view: unknowns, download: unknowns } };
}

/** A page says what people do, a click for all parts of a file, and one that is shown from a cache says so too. */
export function fromPages(accesses: readonly Access[]): Said {
  const byPeople = firstParts(accesses).filter(({ by, leftOut }) => by === 'regular' && leftOut === undefined);
  const { lost, said } = split(byPeople, 5);
  const event = (id: string, kind: string, target: string, device: string, time: number, login?: string): object => ({
    event_type: kind === 'view' ? 'browser_page_view' : 'browser_download',
    event_properties: { url: `https://data.example.org${target}` },
    insert_id: id,
    device_id: device,
    time,
    ...(login === undefined ? {} : { user_id: login }),
  });
  const events = said.map(({ id, kind, line: { target, address, time, login } }) =>
    event(id, kind, target, `device ${address}`, time, login),
  );
  const time = beforeAll(accesses);
  for (let number = 0; number < unknowns; number += 1)
    events.push(event(`cached-${number}`, 'view', `/datasets/${datasetId(number)}`, `device ${number}`, time));
  return { events, said, lost, alone: { view: unknowns, download: 0 } };
}

/** The time of the accesses that only the others know, epoch ms. */
export function beforeAll(accesses: readonly Access[]): number {
  return (accesses[0]?.time ?? 0) - earlierMs;
}

/** As the reader of the log tells them: the parts of a file that one visitor fetches in one hour are one. */
export function firstParts(accesses: readonly Access[]): Access[] {
  const known = new Set<string>();
  return accesses.filter(({ status, line: { address, agent, target, time } }) => {
    const download = `${Math.floor(time / 3_600_000)} ${address} ${agent} ${target}`;
    if (status !== 206) return true;
    if (known.has(download)) return false;
    known.add(download);
    return true;
  });
}

/** What the audit is to say of views or downloads. */
export function comparedWith(
  name: string,
  accesses: readonly Access[],
  { said, lost, alone }: Said,
  kind: Access['kind'],
) {
  const isOfKind = (one: Access): boolean => one.kind === kind;
  const counts = ({ leftOut }: Access): boolean => leftOut === undefined;
  const logged = firstParts(accesses.filter(isOfKind)).filter(counts);
  const own = said.filter(isOfKind);
  const matched = firstParts(own).filter(counts).length;
  const machines = name === 'browser' ? logged.filter(({ by }) => by === 'machine').length : 0;
  const leftAside = [
    ...grouped(
      own.filter(one => !counts(one)),
      one => String(one.leftOut),
    ),
  ];
  const repeated = own.length - firstParts(own).length;
  return {
    matched,
    counted: {
      accesses: logged.length,
      alone: lost.filter(isOfKind).length,
      repeated: 0,
      incomparable: machines,
      left_out: {},
    },
    control: {
      accesses: own.length + alone[kind],
      alone: alone[kind],
      repeated,
      incomparable: 0,
      left_out: Object.fromEntries(leftAside.map(([reason, ones]) => [reason, ones.length])),
    },
  };
}
