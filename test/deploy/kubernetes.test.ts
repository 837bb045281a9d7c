import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseAllDocuments } from 'yaml';
import { declaredSettings } from '../../src/config/declared.js';
import { shutdownSettings } from '../../src/config/shutdown.js';
import { sinks } from '../../src/sinks/registry.js';

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly data?: Readonly<Record<string, string>>;
  // biome-ignore lint/suspicious/noExplicitAny: whatever a manifest holds
  readonly spec?: any;
}

const manifests = parseAllDocuments(readFileSync('deploy/kubernetes.yaml', 'utf8')).map(
  document => document.toJS() as Manifest,
);
const of = (kind: string): Manifest => manifests.find(manifest => manifest.kind === kind) as Manifest;
const deployment = of('Deployment').spec;
const pod = deployment.template.spec;
const [container] = pod.containers;

test('every object is named and labelled alike, and what refers to another finds it', () => {
  assert.equal(
    manifests.map(({ kind, metadata }) => [kind, metadata.name]),
    ['ConfigMap', 'PersistentVolumeClaim', 'Deployment', 'Service'].map(kind => [kind, 'event-sink']),
  );
  const labels = { 'app.kubernetes.io/name': 'event-sink' };
  assert.equal(deployment.selector.matchLabels, labels);
  assert.equal(deployment.template.metadata.labels, labels);
  assert.equal(of('Service').spec.selector, labels);
  const [port] = of('Service').spec.ports;
  assert.is(port.targetPort, container.ports[0].name);
  const volumes = pod.volumes.map(({ name }: { name: string }) => name);
  for (const { name } of container.volumeMounts) assert.ok(volumes.includes(name), name);
});

test('one daemon at a time, which gets the time that it takes to end', () => {
  assert.is(deployment.replicas, 1);
  assert.equal(deployment.strategy, { type: 'Recreate' });
  const patience = Number(shutdownSettings.shutdownMs.schema.parse(undefined)) / 1000;
  assert.ok(pod.terminationGracePeriodSeconds > patience);
});

test('it runs as an ordinary user, changes nothing but its data, and takes no more than its share', () => {
  const { runAsNonRoot, runAsUser, seccompProfile } = pod.securityContext;
  assert.equal([runAsNonRoot, runAsUser, seccompProfile.type], [true, 1000, 'RuntimeDefault']);
  assert.equal(container.securityContext, {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  });
  assert.is(pod.automountServiceAccountToken, false);
  assert.is(container.resources.limits.memory, '1Gi');
  for (const volume of pod.volumes) assert.ok(volume.persistentVolumeClaim ?? volume.emptyDir.sizeLimit, volume.name);
});

test('it is asked whether it turns, and whether it takes events', () => {
  const paths = ['startupProbe', 'livenessProbe', 'readinessProbe'].map(name => container[name].httpGet.path);
  assert.equal(paths, ['/healthz', '/healthz', '/readyz']);
});

test('its settings are known', () => {
  const known = new Set(declaredSettings(sinks).map(({ name }) => name));
  const { data = {} } = of('ConfigMap');
  assert.equal(
    Object.keys(data).filter(name => !known.has(name)),
    [],
  );
  assert.is(data.PORT, String(container.ports[0].containerPort));
  assert.ok(container.volumeMounts.some(({ mountPath }: { mountPath: string }) => mountPath === data.DATA_DIR));
});

test.run();
