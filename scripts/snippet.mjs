// How the script that pages load is built: as small as it can be, for browsers of the last five years.

/** @type {import('esbuild').BuildOptions} */
export const snippetBuild = {
  entryPoints: ['src/browser/snippet/snippet.ts'],
  outfile: 'dist/src/browser/snippet/snippet.js',
  bundle: true,
  format: 'iife',
  minify: true,
  target: 'es2020',
  charset: 'utf8',
  logLevel: 'warning',
};
