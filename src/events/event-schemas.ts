import { entriesByCategory, fieldsOf } from './catalogue.js';
import { maxFields } from './event.js';
import { fieldKinds, type JsonSchema } from './field-kinds.js';
import { type Field, type FieldName, fields } from './fields.js';

/**
 * The catalogue as JSON Schema (2020-12, in the subset that OpenAPI 3.0 reads too), to stand side by side under `base`:
 * `Event` is one of a schema per known category, or `OtherEvent`. They say exactly what is checked on arrival.
 */
export function eventSchemas(base = '#/components/schemas/'): Readonly<Record<string, JsonSchema>> {
  const known = [...entriesByCategory.keys()];
  const schemas = Object.fromEntries(known.map(category => [nameOf(category), schemaOf(category)]));
  const other = objectSchema('An event of any other category.', fieldsOf(''), {
    category: { ...propertySchema('category'), not: { enum: known } },
  });
  const names = [...Object.keys(schemas), 'OtherEvent'];
  return {
    Event: { description: 'One event.', anyOf: names.map(name => ({ $ref: base + name })) },
    ...schemas,
    OtherEvent: other,
  };
}

/** `view_resource` → `ViewResourceEvent`. */
function nameOf(category: string): string {
  const words = category.split('_').map(word => word.charAt(0).toUpperCase() + word.slice(1));
  return `${words.join('')}Event`;
}

function schemaOf(category: string): JsonSchema {
  const entries = entriesByCategory.get(category) ?? [];
  const lines = entries.map(({ type, description, fields: { always } }) => {
    const kind = type === undefined ? '' : `\`${type}\`: `;
    return `${kind}${description} Usually with ${always.join(', ')}.`;
  });
  const types = entries.flatMap(({ type }) => (type === undefined ? [] : [`\`${type}\``]));
  const type = propertySchema('type');
  return objectSchema(lines.join('\n'), fieldsOf(category), {
    category: { type: 'string', enum: [category], description: fields.category.description },
    type: types.length === 0 ? type : { ...type, description: `Known: ${types.join(', ')}.` },
  });
}

function objectSchema(
  description: string,
  names: ReadonlySet<FieldName>,
  special: Readonly<Record<string, JsonSchema>>,
): JsonSchema {
  const properties = Object.fromEntries([...names].map(name => [name, propertySchema(name)]));
  return {
    type: 'object',
    description,
    required: ['category'],
    properties: { ...properties, ...special },
    additionalProperties: true,
    maxProperties: maxFields,
  };
}

function propertySchema(name: FieldName): JsonSchema {
  const { kind, description, unit }: Field = fields[name];
  return { ...fieldKinds[kind].schema, description: unit === undefined ? description : `${description} (${unit})` };
}
