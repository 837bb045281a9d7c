import { startChromium } from '../test/helpers/servers/chromium.js';
import { required } from '../test/helpers/skip.js';
import { install, Visit } from '../test/page/visit.js';
import { figure, quick, report } from './measure/report.js';
import { median } from './measure/usage.js';

/**
 * How long a fault takes to show in a browser: InfluxDB goes away, an event comes in, and
 * the banner says so; then back again.
 */
const rounds = quick ? 2 : 10;

const browser = required('chromium', await startChromium());
const here = await install();
const seconds: number[] = [];
try {
  const visit = await Visit.begin(browser, here.daemon.url);
  await visit.signIn(here.daemon.key);
  for (let round = 0; round < rounds; round += 1) {
    await visit.headline('All is well');
    await here.influxdb.stop();
    const began = performance.now();
    await here.daemon.post([{ category: 'download', type: 'file', round }]);
    await visit.headline('One thing needs attention');
    seconds.push((performance.now() - began) / 1000);
    await here.influxdb.start();
  }
  await visit.headline('All is well');
  await visit.end();
} finally {
  await browser.close();
  await here.remove();
}
report([
  {
    what: 'A sink goes down: seconds until the page says so',
    reached: Math.max(...seconds),
    target: 5,
    good: 'at most',
    unit: ' s',
    details: [
      `from the first event that cannot be delivered; the slowest of ${rounds}, median ${figure(median(seconds))} s`,
      'in Chromium, one page, nothing else under way; InfluxDB is a stand-in',
    ],
  },
]);
