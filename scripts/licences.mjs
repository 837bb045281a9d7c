// The licences of the packages that are put into the program: each asks that its text goes where its code goes.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const mit = `Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`;

/** Licences of packages that come without a file of it, as their authors say elsewhere. */
const saidElsewhere = {
  // Its Readme.md, without a copyright line.
  'koa-compose': `The MIT License\n\n${mit}`,
  // LICENSE of github.com/Cody2333/koa-swagger-decorator.
  'koa-swagger-decorator': `MIT License\n\nCopyright (c) 2019 cody\n\n${mit}`,
};

/** The licences of what esbuild put together, one after the other. @throws Error that names a package without one */
export function licences(results) {
  const inputs = results.flatMap(({ metafile }) => Object.keys(metafile.inputs));
  const folders = new Set(inputs.flatMap(input => packageFolder.exec(input)?.[0] ?? []));
  const texts = [...folders].map(folder => {
    const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    return `${name} ${version}\n\n${licenceIn(folder) ?? saidElsewhere[name] ?? missing(name)}\n`;
  });
  // A package may be there twice, in the same version.
  const parts = [...new Set(texts)].sort();
  return Buffer.from(['The program contains these packages.\n', ...parts].join(`\n${'-'.repeat(80)}\n\n`));
}

/** The innermost: packages have packages of their own. */
const packageFolder = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/;

function licenceIn(folder) {
  const files = readdirSync(folder).filter(file => /^(licen[cs]e|copying|notice)/i.test(file));
  if (!files.some(file => !/^notice/i.test(file))) return undefined;
  return files.map(file => readFileSync(join(folder, file), 'utf8').trim()).join('\n\n');
}

function missing(name) {
  throw new Error(`${name} is put into the program, and says nowhere under which licence: ask, and say it in ${file}`);
}

const file = 'scripts/licences.mjs';
