import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { UnsupportedError } from '../../src/errors.js';
import type { Message } from '../../src/events/message.js';
import { Submissions } from '../../src/usage/submissions.js';
import { thrown } from '../helpers/thrown.js';
import { june, threeMonths } from './monthly/scene.js';
import { UsageScene, usageConfig } from './scene.js';

async function submissions(scene: UsageScene, hubs: readonly string[] = ['hub']) {
  const published: Message[] = [];
  const publish = async (messages: readonly Message[]): Promise<string> => {
    published.push(...messages);
    return 'embedded';
  };
  const clock = { now: () => scene.scratch.now };
  return {
    published,
    made: new Submissions({ usage: scene.usage, hubs: () => hubs, publish, idSecret: 'secret', clock }),
  };
}

test('a submission is one event, the same when it is asked for again at the same time', async () => {
  const { published, made } = await submissions(await threeMonths());
  const first = await made.submit({ month: 202603 }, 1_800_000_000_000);
  const second = await made.submit({ month: 202603 }, 1_800_000_000_000);
  assert.equal(first, second);
  const other = await made.submit({ month: 202603, report: 'report-1' });
  assert.ok('id' in other && 'id' in first && other.id !== first.id);
  const [message, , given] = published.map(({ source, body }) => ({ source, ...JSON.parse(body) }));
  assert.equal([message.source, message.category, message.month], ['usage', 'usage_submission', '2026-03']);
  assert.equal(published[0]?.sinks, ['hub']);
  assert.equal([given.report_id, given.created], ['report-1', june]);
});

test('refused: a month that is not over, without usage, without datasets, without a publisher, without a hub', async () => {
  const scene = await threeMonths();
  const { published, made } = await submissions(scene);
  const reason = async (month: number) => {
    const answer = await made.submit({ month });
    return 'refused' in answer ? answer.refused : '';
  };
  assert.match(await reason(202606), 'is not over');
  assert.match(await reason(202604), 'nothing was counted');
  const nobody = new UsageScene();
  const { made: without } = await submissions(nobody);
  const refused = await without.submit({ month: 202603 });
  assert.match('refused' in refused ? refused.refused : '', 'USAGE_PUBLISHER_ID is not set');
  const { made: nameless } = await submissions(new UsageScene({ ...usageConfig, publisherId: 'grid:1' }));
  const unnamed = await nameless.submit({ month: 202603 });
  assert.match('refused' in unnamed ? unnamed.refused : '', 'USAGE_PLATFORM is not set');
  const { made: alone } = await submissions(scene, []);
  assert.instance(await thrown(alone.submit({ month: 202603 })), UnsupportedError);
  assert.equal(published, []);
});

test.run();
