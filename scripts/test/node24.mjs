import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';

const version = '24.21.0';
const folder = 'node_modules/.cache/node24';

/** The path of a Node 24 binary, fetched as an npm package the first time. @throws Error that says why there is none */
export function node24() {
  const { platform, arch } = process;
  const binary = `${folder}/node_modules/node-${platform}-${arch}/bin/node`;
  if (!existsSync(binary)) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(`${folder}/package.json`, '{"private":true}');
    const install = ['install', '--prefix', folder, '--no-save', '--no-audit', '--no-fund', '--ignore-scripts'];
    const { stderr } = spawnSync('npm', [...install, `node-${platform}-${arch}@${version}`], { encoding: 'utf8' });
    if (!existsSync(binary)) throw new Error(`Node ${version} could not be fetched:\n${stderr}`);
  }
  return binary;
}
