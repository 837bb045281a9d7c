// What packages bring to the program that nothing of ours uses, and that costs time and memory at every start, is left
// out where they are put in. A release that has changed such a place fails the build; one that has moved the file is
// put in as it is, and is only larger.
import { readFileSync } from 'node:fs';

/** @type {import('esbuild').Plugin} */
export const smallerPackages = {
  name: 'smaller packages',
  setup({ onLoad }) {
    // Koa brings the table twice, 2 MB of memory.
    onLoad({ filter: /\/node_modules\/mime-db\/db\.json$/ }, ({ path }) => ({
      contents: JSON.stringify(fewerTypes(JSON.parse(readFileSync(path, 'utf8')))),
      loader: 'json',
    }));
    onLoad({ filter: /\/node_modules\/zod\/v3\/types\.js$/ }, ({ path }) => ({
      contents: withoutBinding(readFileSync(path, 'utf8')),
      loader: 'js',
    }));
  },
};

/** Nothing is served, or asked for, in a format of one vendor, or as sound, a film or a model. */
const unserved = /^(?:application\/(?:vnd\.|prs\.|x-)|audio\/|chemical\/|model\/|video\/|x-)/;

/** Without types that have neither an extension nor a character set the table says the same: it is asked for these. */
function fewerTypes(table) {
  const entries = Object.entries(table).filter(
    ([type, { extensions, charset }]) => !unserved.test(type) && (extensions !== undefined || charset !== undefined),
  );
  if (entries.length < 100) throw new Error('mime-db is not a table of types and what belongs to them any more');
  return Object.fromEntries(entries);
}

/**
 * Zod makes 24 functions for each schema, so that its methods may be handed on by themselves (`map(schema.parse)`),
 * which nobody does here: 4 MB for all the schemas of the API.
 */
function withoutBinding(source) {
  const binding = /^ *this\.(\w+) = this\.\1\.bind\(this\);\n/gm;
  const { length } = source.match(binding) ?? [];
  if (length !== 24) throw new Error(`zod binds ${length ?? 0} methods of each schema, not 24`);
  return source.replace(binding, '');
}
