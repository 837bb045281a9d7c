const types: Readonly<Record<string, string>> = {
  dataset: 'dataset',
  file: 'file',
  collection: 'collection',
  space: 'space',
};

/** Clowder's addresses of one thing, below whatever prefix: pages and downloads, of version 1 and 2. */
const resource = /^[^?#]*?\/(?:public_)?(dataset|file|collection|space)s?\/([0-9a-f]{24})(?=[/?#]|$)/i;

/** Longer addresses are not looked at. */
const maxLength = 2_048;

/** What the address of a page or a download is about, as fields. */
export function resourceOf(url: unknown): ReadonlyMap<string, string> {
  if (typeof url !== 'string' || url.length > maxLength) return new Map();
  const [, kind = '', id] = resource.exec(url) ?? [];
  const type = types[kind.toLowerCase()];
  return type === undefined || id === undefined
    ? new Map()
    : new Map([
        ['type', type],
        ['resource_id', id],
      ]);
}
