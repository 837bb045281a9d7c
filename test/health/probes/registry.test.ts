import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { healthSettings } from '../../../src/config/health.js';
import { fieldsOf } from '../../../src/events/catalogue.js';
import { probeFor, probes } from '../../../src/health/probes/registry.js';
import { parsed } from '../../helpers/health.js';

test('an address has one probe: no scheme and no kind is there twice', () => {
  for (const names of [probes.flatMap(({ schemes }) => schemes), probes.map(({ kind }) => kind)])
    assert.equal(names, [...new Set(names)]);
  for (const probe of probes)
    for (const scheme of probe.schemes) assert.is(probeFor(`${scheme.toUpperCase()}:rest`), probe);
  for (const address of ['', 'http', '//h', ':h', 'gopher://h', ' http://h']) assert.is(probeFor(address), undefined);
});

test('what a probe measures is in the catalogue of events', () => {
  for (const { kind, readings = [], changesCarry = [] } of probes) {
    for (const field of readings) assert.ok(fieldsOf('health').has(field), `${kind}: ${field}`);
    for (const field of changesCarry) assert.ok(fieldsOf('service_status').has(field), `${kind}: ${field}`);
  }
});

test('every form of address is named where an address is wrong, and in the help of the setting', () => {
  const [problem = ''] = parsed(['a=gopher://h']).problems;
  for (const { form } of probes) {
    assert.ok(problem.includes(form), form);
    assert.ok(healthSettings.targets.description.includes(`name=${form}`), form);
  }
});

test('what only one probe takes is refused for the others, and says whose it is', () => {
  const addresses = { http: 'https://h/', tcp: 'tcp://h:1', queue: 'queue:q', file: 'file:/f', ping: 'ping:h' };
  const refused = (url: string, more: object) => parsed([{ name: 'a', url, ...more }]).problems;
  for (const [kind, url] of Object.entries(addresses)) {
    const wanted = (only: string, problem: string) => (kind === only ? [] : [`HEALTH_TARGETS: target "a" ${problem}`]);
    assert.equal(refused(url, { headers: { a: 'b' } }), wanted('http', 'has headers, which is only for http(s)://…'));
    assert.equal(
      refused(url, { expect: { body: 'x' } }),
      wanted('http', 'expects body, which is only for http(s)://…'),
    );
    assert.equal(
      refused(url, { expect: { consumers: 1 } }),
      wanted('queue', 'expects consumers, which is only for queue:NAME'),
    );
  }
});

test.run();
