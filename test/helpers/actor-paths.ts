import { createRequire } from 'node:module';

interface NactActor {
  readonly path: { readonly parts: readonly string[] };
  readonly children: ReadonlyMap<string, NactActor>;
  readonly stopped: boolean;
}

const systemMap = createRequire(import.meta.url)('nact/lib/system-map.js') as { add(system: NactActor): void };

const systems = new Set<NactActor>();
const { add } = systemMap;
systemMap.add = system => {
  systems.add(system);
  add(system);
};

/**
 * The paths of all actors that live in this process, as nact itself has them: of systems that were
 * started after this module was loaded.
 */
export function actorPaths(): string[] {
  return [...systems]
    .filter(({ stopped }) => !stopped)
    .flatMap(pathsUnder)
    .sort();
}

function pathsUnder({ children }: NactActor): string[] {
  return [...children.values()].flatMap(child => [child.path.parts.join('/'), ...pathsUnder(child)]);
}
