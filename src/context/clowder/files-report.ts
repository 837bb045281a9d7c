import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Facts, resourceId, resourceIds, shortText } from '../resource.js';

/**
 * The rows of Clowder 1's `/api/reports/metrics/files`:
 * `"file","ID","NAME","OWNER","OWNER ID",SIZE,UPLOADED,…,"LOCATION","DATASETS","COLLECTIONS","SPACES"[,"STATUS"]`.
 * A name is written as it is, quotes and all, so a row is read from both its ends. What is not a row is passed over.
 * Whatever else the daemon does goes on in between: a long report takes a second.
 */
export async function filesInReport(text: string): Promise<(readonly [id: string, facts: Facts])[]> {
  const files: (readonly [id: string, facts: Facts])[] = [];
  const hasStatus = text
    .slice(0, Math.max(0, text.indexOf('\n')))
    .trimEnd()
    .endsWith(',status');
  for (let start = 0, rows = 1; start < text.length; rows += 1) {
    if (rows % rowsPerTurn === 0) await nextTurn();
    const end = text.indexOf('\n', start);
    // The last line may have been cut off.
    if (end < 0) break;
    // A copy: a piece of the text would keep all of it in memory for as long as the piece is there.
    const row = Buffer.from(text.slice(start, Math.min(end, start + maxRowLength))).toString();
    start = end + 1;
    const file = fileIn(row, hasStatus);
    if (file !== undefined) files.push(file);
  }
  return files;
}

const maxRowLength = 8_192;
/** Some ms of work. */
const rowsPerTurn = 500;
const begin = '"file","';
const idLength = 24;
/** The id of the owner and the size, which end what people wrote. */
const owner = /","([0-9a-f]{24})",\d+,/g;
const between = '","';

function fileIn(row: string, hasStatus: boolean): readonly [id: string, facts: Facts] | undefined {
  const id = row.startsWith(begin) ? resourceId(row.slice(begin.length, begin.length + idLength)) : undefined;
  const cells = row.trimEnd().split(between);
  const [datasets, collections, spaces] = cells.slice(hasStatus ? -4 : -3);
  if (id === undefined || cells.length < 6) return undefined;
  owner.lastIndex = begin.length + idLength;
  const owned = owner.exec(row);
  const names = row.slice(begin.length + idLength + between.length, owned?.index ?? 0);
  const nameEnd = names.lastIndexOf(between);
  const facts: Facts = {
    kind: 'file',
    name: shortText(nameEnd < 0 ? undefined : names.slice(0, nameEnd)),
    owner: resourceId(owned?.[1]),
    dataset: resourceIds(datasets)?.[0],
    collections: resourceIds(collections),
    spaces: resourceIds(spaces),
  };
  return [id, facts];
}
