import { catalogue, entriesByCategory, fieldsOf, internalCategories } from './catalogue.js';
import type { CatalogueEntry } from './catalogue-entry.js';
import { maxFields } from './event.js';
import { fieldKinds, type JsonSchema } from './field-kinds.js';
import { type Field, type FieldName, fields } from './fields.js';

/** Those that others may send: not what this daemon says of itself. */
export const documentedKinds = catalogue.filter(({ category }) => !internalCategories.includes(category));

/**
 * The catalogue as JSON Schema (2020-12, in the subset that OpenAPI 3.0 reads too), to stand side by side under `base`:
 * `Event` is one of a schema per known category, or `OtherEvent`. They say exactly what is checked on arrival. Each has
 * its fields apart (`UploadFields`), for events whose category is said elsewhere, and so has each known type.
 */
export function eventSchemas(base = '#/components/schemas/'): Readonly<Record<string, JsonSchema>> {
  const known = [...entriesByCategory.keys()];
  const names = [...known.map(nameOf), 'Other'];
  const event = (name: string, category: JsonSchema): JsonSchema => ({
    allOf: [
      { $ref: `${base}${name}Fields` },
      { type: 'object', required: ['category'], properties: { category }, additionalProperties: true },
    ],
  });
  return {
    Event: { description: 'One event.', anyOf: names.map(name => ({ $ref: `${base}${name}Event` })) },
    ...Object.fromEntries(known.map(category => [`${nameOf(category)}Event`, event(nameOf(category), only(category))])),
    OtherEvent: event('Other', { ...propertySchema('category'), not: { enum: known } }),
    ...Object.fromEntries(known.map(category => [`${nameOf(category)}Fields`, schemaOf(category)])),
    OtherFields: objectSchema('An event of any other category.', fieldsOf(''), {}),
    ...Object.fromEntries(
      documentedKinds.flatMap(entry =>
        entry.type === undefined ? [] : [[fieldsName(entry), kindSchema(entry, base)]],
      ),
    ),
  };
}

/** The name of the schema for events of a kind whose category and type are said elsewhere. */
export function fieldsName({ category, type }: Pick<CatalogueEntry, 'category' | 'type'>): string {
  return `${nameOf(category)}${type === undefined ? '' : nameOf(type)}Fields`;
}

/** `view_resource` → `ViewResource`. */
function nameOf(text: string): string {
  return text
    .split('_')
    .map(word => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');
}

function only(text: string): JsonSchema {
  return { type: 'string', enum: [text] };
}

function kindSchema(entry: CatalogueEntry, base: string): JsonSchema {
  return {
    description: sentence(entry),
    allOf: [
      { $ref: base + fieldsName({ category: entry.category }) },
      { type: 'object', properties: { type: only(entry.type ?? '') }, additionalProperties: true },
    ],
  };
}

function sentence({ description, fields: { always } }: CatalogueEntry): string {
  return always.length === 0 ? description : `${description} Usually with ${always.join(', ')}.`;
}

function schemaOf(category: string): JsonSchema {
  const entries = entriesByCategory.get(category) ?? [];
  const lines = entries.map(entry => `${entry.type === undefined ? '' : `\`${entry.type}\`: `}${sentence(entry)}`);
  const types = entries.flatMap(({ type }) => (type === undefined ? [] : [`\`${type}\``]));
  const type = propertySchema('type');
  return objectSchema(lines.join('\n'), fieldsOf(category), {
    category: { ...only(category), description: fields.category.description },
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
    properties: { ...properties, ...special },
    additionalProperties: true,
    maxProperties: maxFields,
  };
}

function propertySchema(name: FieldName): JsonSchema {
  const { kind, description, unit }: Field = fields[name];
  return { ...fieldKinds[kind].schema, description: unit === undefined ? description : `${description} (${unit})` };
}
