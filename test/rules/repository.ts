import { readdirSync, readFileSync, statSync } from 'node:fs';
import type { Source } from './rule.js';

/** Generated, recorded or measured: nobody writes them by hand. */
const made = [/^fixtures\//, /^bench\/results\//, /^openapi\//, /^deploy\/grafana\/.*\.json$/, /api-types\.ts$/];
const texts = /\.(?:ts|mjs|md|css|html|ya?ml|sh|service|json|conf|example)$|(?:^|\/)(?:Dockerfile|Procfile|nginx|run)$/;

/** The files under these folders, or these files, that somebody writes by hand and reads as text. */
export function sources(...roots: readonly string[]): Source[] {
  return roots
    .flatMap(root =>
      statSync(root).isFile()
        ? [root]
        : readdirSync(root, { recursive: true, encoding: 'utf8' }).map(name => `${root}/${name}`),
    )
    .filter(path => texts.test(path) && !made.some(pattern => pattern.test(path)) && statSync(path).isFile())
    .sort()
    .map(path => ({ path, text: readFileSync(path, 'utf8') }));
}
