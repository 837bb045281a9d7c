import type { JsonSchema } from '../events/field-kinds.js';
import { momentPattern } from '../events/timestamp.js';

const text = { type: 'string', minLength: 1 };

/** A CloudEvent in the JSON format, as events/cloud-event.ts reads it. */
export const cloudEventSchema: JsonSchema = {
  type: 'object',
  description: 'A CloudEvent 1.0. Its extensions are kept, as `ce_<name>`.',
  required: ['specversion', 'id', 'source', 'type'],
  properties: {
    specversion: { type: 'string', enum: ['1.0'] },
    id: { ...text, description: 'With `source` it makes the id of the event: sent again, it is the same event.' },
    source: text,
    type: {
      ...text,
      pattern: '^[^.]{1,128}(?:[.][\\s\\S]+)?$',
      description: 'The category, or the category and the type with a dot between them.',
    },
    time: {
      type: 'string',
      nullable: true,
      pattern: momentPattern,
      description: 'When it happened (RFC 3339); stamped on arrival when absent.',
    },
    data: {
      type: 'object',
      description: 'The fields of the event, kept as they come.',
      additionalProperties: true,
    },
    data_base64: { not: {}, description: 'Not supported: binary data is no event.' },
  },
  additionalProperties: true,
};
