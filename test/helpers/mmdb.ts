/**
 * Writes databases in MaxMind's format, version 2.0 (https://maxmind.github.io/MaxMind-DB/): small, with records of 24
 * bits, and nothing shared.
 */

type Value = string | number | readonly string[] | { readonly [key: string]: Value };

export interface Mmdb {
  readonly type: string;
  readonly ipVersion: 4 | 6;
  /** Networks, such as `81.2.69.0/24` or `2001:db8::/32`, with their records. None within another. */
  readonly networks: Readonly<Record<string, Value>>;
}

/** A record of a node: another node, or a network's data; undefined = nothing is known. */
type Branch = { readonly node: number } | { readonly data: number } | undefined;

export function mmdb({ type, ipVersion, networks }: Mmdb): Buffer {
  const nodes: [Branch, Branch][] = [[undefined, undefined]];
  let data = Buffer.alloc(0);
  for (const [network, record] of Object.entries(networks)) {
    const bits = bitsOf(network, ipVersion);
    let node = 0;
    for (const bit of bits.slice(0, -1)) {
      const branch = nodes[node]?.[bit];
      if (branch !== undefined && 'node' in branch) node = branch.node;
      else {
        nodes.push([undefined, undefined]);
        nodes[node]![bit] = { node: nodes.length - 1 };
        node = nodes.length - 1;
      }
    }
    nodes[node]![bits.at(-1)!] = { data: data.length };
    data = Buffer.concat([data, encoded(record)]);
  }
  const tree = Buffer.alloc(6 * nodes.length);
  for (const [number, node] of nodes.entries())
    for (const [side, branch] of node.entries()) {
      const behind = branch === undefined ? 0 : 'data' in branch ? branch.data + 16 : 0;
      const value = branch !== undefined && 'node' in branch ? branch.node : nodes.length + behind;
      tree.writeUIntBE(value, 6 * number + 3 * side, 3);
    }
  const description = encoded({
    binary_format_major_version: 2,
    binary_format_minor_version: 0,
    build_epoch: 1_700_000_000,
    database_type: type,
    description: {},
    ip_version: ipVersion,
    languages: [],
    node_count: nodes.length,
    record_size: 24,
  });
  return Buffer.concat([tree, Buffer.alloc(16), data, Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1'), description]);
}

/** In a database of IPv6 addresses, those of IPv4 have 96 zeros in front. */
function bitsOf(network: string, ipVersion: 4 | 6): (0 | 1)[] {
  const [address = '', length = ''] = network.split('/');
  const v4 = address.includes('.');
  const [head = '', tail = ''] = address.split('::');
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':'));
  const zeros = Array<string>(8 - groups(head).length - groups(tail).length).fill('0');
  const bits = v4
    ? address.split('.').map(byte => Number(byte).toString(2).padStart(8, '0'))
    : [...groups(head), ...zeros, ...groups(tail)].map(group =>
        Number.parseInt(group, 16).toString(2).padStart(16, '0'),
      );
  const prefix = v4 && ipVersion === 6 ? '0'.repeat(96) : '';
  return [...`${prefix}${bits.join('').slice(0, Number(length))}`].map(bit => (bit === '1' ? 1 : 0));
}

const types = { text: 2, number: 6, map: 7, array: 11 };

function encoded(value: Value): Buffer {
  if (typeof value === 'string')
    return Buffer.concat([control(types.text, Buffer.byteLength(value)), Buffer.from(value)]);
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    return Buffer.concat([control(types.number, 4), bytes]);
  }
  if (Array.isArray(value)) return Buffer.concat([control(types.array, value.length), ...value.map(encoded)]);
  const members = Object.entries(value);
  return Buffer.concat([
    control(types.map, members.length),
    ...members.flatMap(([key, member]) => [encoded(key), encoded(member)]),
  ]);
}

/** Types beyond 7 stand in a byte of their own; sizes from 29 on, too. */
function control(type: number, size: number): Buffer {
  const short = Math.min(size, 29);
  const first = type > 7 ? [short, type - 7] : [(type << 5) | short];
  return Buffer.from(size >= 29 ? [...first, size - 29] : first);
}
