import type { routeConfig } from 'koa-swagger-decorator';
import { type CatalogueEntry, catalogue } from '../events/catalogue.js';
import { fieldKinds } from '../events/field-kinds.js';
import { type FieldName, fields } from '../events/fields.js';

type RouteConfig = Parameters<typeof routeConfig>[0];
type RequestBody = NonNullable<NonNullable<RouteConfig['request']>['body']>;
type Schema = Readonly<Record<string, unknown>>;

export const eventReference = { $ref: '#/components/schemas/Event' };
const eventList = { type: 'array' as const, items: eventReference, minItems: 1, maxItems: 1000 };

/** Examples are put in where the document is built, from the recorded events. */
export const eventBody: RequestBody = {
  content: {
    'application/json': { schema: { oneOf: [eventReference, eventList] } },
    'application/x-ndjson': { schema: { type: 'string', description: 'One event a line.' } },
  },
};

export const eventPageExample = {
  events: [
    {
      id: '8c5be8ba9be24dc0a3e5c1f7e3b0ad6c',
      created: 1709542924131,
      category: 'view_resource',
      type: 'dataset',
      resource_id: '65fd8f8b72b6e319f3c4706e',
      resource_name: 'Prairie soil moisture 2023',
      user_id: '65594ef92245842e94fe748d',
      _source: 'http',
      _received: 1709542924190,
    },
  ],
  next_cursor: null,
};

/** An event as the catalogue has it: every known field with its meaning, and room for any other. */
export function eventSchema(): Schema {
  const properties = Object.entries(fields).map(([name, { kind, description }]) => [
    name,
    { ...forOpenApi30(fieldKinds[kind].schema), description },
  ]);
  return {
    type: 'object',
    description: `Only \`category\` is needed; unknown fields and categories are kept as they are.\n\n${catalogueTable()}`,
    required: ['category'],
    properties: Object.fromEntries(properties),
    additionalProperties: true,
  };
}

function catalogueTable(): string {
  const rows = catalogue.map(
    entry => `| \`${kindName(entry)}\` | ${entry.description} | ${words(entry.fields.always)} |`,
  );
  return ['| category.type | when | fields |', '| --- | --- | --- |', ...rows].join('\n');
}

function kindName({ category, type }: CatalogueEntry): string {
  return type === undefined ? category : `${category}.${type}`;
}

function words(names: readonly FieldName[]): string {
  return names.join(', ');
}

/** JSON Schema of 2020 has the bound itself where OpenAPI 3.0 has a flag beside `maximum`. */
function forOpenApi30(schema: Schema): Schema {
  return Object.fromEntries(
    Object.entries(schema).flatMap(([name, value]): [string, unknown][] => {
      if (name === 'exclusiveMaximum')
        return [
          ['maximum', value],
          ['exclusiveMaximum', true],
        ];
      return [[name, Array.isArray(value) && name === 'oneOf' ? value.map(forOpenApi30) : value]];
    }),
  );
}
