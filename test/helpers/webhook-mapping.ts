import { renderEvent } from '../../src/sinks/webhook/render.js';
import { exampleEvent, examples } from './mapping-examples.js';

/** What a body becomes in each form. */
export function webhookTable(): string {
  const rows = examples.flatMap(([what, body]) => {
    const event = exampleEvent(body);
    if (event.text !== undefined) return [];
    const [plain, cloudEvent] = (['json', 'cloudevents'] as const).map(format => `\`${renderEvent(event, format)}\``);
    return [`| ${what} | \`${body}\` | ${plain} | ${cloudEvent} |`];
  });
  return ['| | event | `json`, `ndjson` | `cloudevents` |', '| --- | --- | --- | --- |', ...rows, ''].join('\n');
}
