import { createSocket } from 'node:dgram';
import type { LookupFunction } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parsed, runOnce, targetOf } from '../../helpers/health.js';
import { watchLeaks } from '../../helpers/leaks.js';
import { freePort } from '../../helpers/ports.js';
import { startDnsmasq } from '../../helpers/servers/dnsmasq.js';
import { required } from '../../helpers/skip.js';

const dnsmasq = required(
  'dnsmasq',
  await startDnsmasq([
    '--host-record=www.example.org,192.0.2.7,2001:db8::7',
    '--address=/many.example.org/192.0.2.1',
    '--mx-host=example.org,mail.example.org,10',
    '--txt-record=example.org,v=spf1 -all',
    '--srv-host=_imaps._tcp.example.org,mail.example.org,993,5,1',
    '--cname=alias.example.org,www.example.org',
    '--ptr-record=7.2.0.192.in-addr.arpa,www.example.org',
    '--caa-record=example.org,0,issue,ca.example.net',
  ]),
);

const test = suite('dns probe');
test.after(() => dnsmasq.stop());
watchLeaks(test);

const ask = (rest: string, expect: object = {}) =>
  runOnce({ name: 'dns', url: `dns://${dnsmasq.server}/${rest}`, timeout: 5, expect });

test('an address is a name, or a server and a name with a type', () => {
  const address = (url: string) => targetOf(`a=${url}`).address;
  assert.is(address('dns://www.example.org'), 'dns://www.example.org');
  assert.is(address('dns://192.0.2.1/example.org?type=mx'), 'dns://192.0.2.1/example.org?type=MX');
  assert.is(address('dns://192.0.2.1:5353/example.org'), 'dns://192.0.2.1:5353/example.org?type=A');
  assert.is(address('dns://[2001:db8::1]:53/example.org/'), 'dns://[2001:db8::1]/example.org?type=A');
  assert.is(address('dns://192.0.2.1/192.0.2.9'), 'dns://192.0.2.1/192.0.2.9?type=PTR');
  const problem = (url: string) => parsed([`a=${url}`]).problems[0]?.replace('HEALTH_TARGETS: target "a" ', '');
  assert.is(problem('dns://192.0.2.1'), 'must be dns://NAME, or dns://SERVER/NAME?type=A');
  assert.is(problem('dns://h:99999/x'), 'must be dns://NAME, or dns://SERVER/NAME?type=A');
  assert.match(problem('dns://h/x?type=HTTPS') ?? '', 'must ask for a type among A, AAAA, CAA');
  assert.is(problem('dns://h/x?kind=A'), 'takes nothing but ?type= after its name');
});

test('a record of each type is found, and may be expected', async () => {
  const all: readonly (readonly [string, object])[] = [
    ['www.example.org', { answer: '192.0.2.7' }],
    ['www.example.org?type=AAAA', { answer: '2001:db8::7' }],
    ['example.org?type=MX', { answer: 'mail.example.org' }],
    ['example.org?type=MX', { answer: '10 MAIL.example.org.' }],
    ['example.org?type=TXT', { answer: ['v=spf1 -all'] }],
    ['_imaps._tcp.example.org?type=SRV', { answer: 'mail.example.org:993' }],
    ['alias.example.org?type=CNAME', { answer: 'www.example.org' }],
    ['192.0.2.7', { answer: 'www.example.org' }],
    ['example.org?type=CAA', { answer: 'ca.example.net' }],
  ];
  for (const [rest, expect] of all) {
    const { finding, reason, times } = await ask(rest, expect);
    assert.equal([rest, finding, reason], [rest, 'up', undefined]);
    assert.ok((times?.average ?? 0) > 0);
  }
});

test('what is wrong is said in the words of DNS', async () => {
  const reason = async (rest: string, expect: object = {}) => (await ask(rest, expect)).reason;
  assert.is(
    await reason('none.example.org'),
    'name server answers NXDOMAIN (there is no such name) instead of NOERROR',
  );
  assert.is(await reason('www.elsewhere.example.net'), 'name server answers REFUSED instead of NOERROR');
  assert.is(await reason('www.example.org?type=MX'), 'the name has no records of this type');
  assert.is(await reason('www.example.org', { answer: '192.0.2.8' }), 'answer is "192.0.2.7", without "192.0.2.8"');
  assert.is(await reason('none.example.org', { rcode: 'nxdomain' }), undefined);
  assert.is(await reason('www.example.org', { rcode: 'NXDOMAIN' }), 'name server answers NOERROR instead of NXDOMAIN');
});

test('a name server that is away, and one that is silent', async () => {
  const away = `127.0.0.1:${await freePort()}`;
  const refused = await runOnce({ name: 'dns', url: `dns://${away}/www.example.org`, timeout: 2 });
  assert.equal([refused.finding, refused.reason], ['down', 'nothing answers at the port of the name server']);
  const socket = createSocket('udp4');
  await new Promise<void>(resolve => socket.bind(0, '127.0.0.1', resolve));
  const silent = `127.0.0.1:${socket.address().port}`;
  const { finding, reason = '' } = await runOnce({ name: 'dns', url: `dns://${silent}/www.example.org`, timeout: 0.3 });
  await new Promise<void>(resolve => socket.close(resolve));
  assert.is(finding, 'down');
  assert.match(reason, /does not answer|no answer within 0.3 s/);
});

test('without a server, a name is looked up as programs of this machine do', async () => {
  assert.is((await runOnce('dns=dns://localhost')).finding, 'up');
  const lookup: LookupFunction = (_name, _options, callback) => callback(null, [{ address: '192.0.2.7', family: 4 }]);
  const expect = { answer: '192.0.2.9' };
  const { reason } = await runOnce({ name: 'dns', url: 'dns://www.example.org', expect }, { lookup });
  assert.is(reason, 'answer is "192.0.2.7", without "192.0.2.9"');
  const fails =
    (code: string): LookupFunction =>
    (_name, _options, callback) =>
      callback(Object.assign(new Error(code), { code }), []);
  const found = async (code: string) => runOnce('dns=dns://www.example.org', { lookup: fails(code) });
  assert.match((await found('ENOTFOUND')).reason ?? '', 'NXDOMAIN');
  // Here the name servers of this machine are what is checked.
  const silent = await found('EAI_AGAIN');
  assert.equal([silent.finding, silent.reason], ['down', 'DNS failure: the name server does not answer']);
  const full = await found('EMFILE');
  assert.equal(
    [full.finding, full.reason],
    ['unknown', 'not checked: this daemon has too many files and connections open'],
  );
});

test.run();
