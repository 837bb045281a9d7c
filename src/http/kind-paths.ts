import type { prepareDocs } from 'koa-swagger-decorator/dist/lib/swagger-builder.js';
import type { CatalogueEntry } from '../events/catalogue-entry.js';
import { documentedKinds, fieldsName } from '../events/event-schemas.js';
import { itemBody, recordedEvents } from './examples.js';

type Document = ReturnType<typeof prepareDocs>;
type Operation = NonNullable<Document['paths'][string]['post']>;

/**
 * Gives each kind of event of the catalogue its path in the document, with its fields and an example. The router knows
 * only the two templates that they are made from; what this daemon says of itself has none.
 */
export function addKindPaths(document: Document): void {
  const examples = { ...recordedEvents('made'), ...recordedEvents('requested') };
  const template = document.paths['/v1/events/{category}']?.post;
  if (template === undefined) throw new Error('the document lacks the template');
  const { responses, parameters } = shared(document, template);
  for (const entry of documentedKinds) {
    const { category, type, description } = entry;
    const schema = { $ref: `#/components/schemas/${fieldsName(entry)}` };
    const body = { required: true, ...itemBody(schema, exampleOf(entry, examples)) };
    document.paths[`/v1/events/${category}${type === undefined ? '' : `/${type}`}`] = {
      post: {
        ...template,
        operationId: `publish${fieldsName(entry).replace(/Fields$/, '')}Events`,
        summary: description,
        description: 'As `POST /v1/events`, without category and type in the events: the path says them.',
        parameters,
        requestBody: body as NonNullable<Operation['requestBody']>,
        responses,
      },
    };
  }
}

/** What all of them have stands once in the document: the answers, and the parameters that are headers. */
function shared(document: Document, template: Operation): Required<Pick<Operation, 'responses' | 'parameters'>> {
  document.components ??= {};
  const { components } = document;
  const responses: Operation['responses'] = {};
  for (const [status, response] of Object.entries<Operation['responses'][string]>(template.responses)) {
    components.responses = { ...components.responses, [`Events${status}`]: response };
    responses[status] = { $ref: `#/components/responses/Events${status}` };
  }
  const parameters: NonNullable<Operation['parameters']> = [];
  for (const parameter of template.parameters ?? []) {
    if (!('in' in parameter) || parameter.in === 'path') continue;
    components.parameters = { ...components.parameters, [parameter.name]: parameter };
    parameters.push({ $ref: `#/components/parameters/${parameter.name}` });
  }
  return { responses, parameters };
}

/** A recorded event of the kind, without what the path says of it. */
function exampleOf(entry: CatalogueEntry, lines: Readonly<Record<string, string>>): object {
  const kind = entry.type === undefined ? entry.category : `${entry.category}.${entry.type}`;
  const line = lines[kind] ?? Object.entries(lines).find(([name]) => name.startsWith(`${kind}.`))?.[1];
  if (line === undefined) throw new Error(`no event of the kind ${kind} was recorded`);
  const { category: _category, type, ...fields } = JSON.parse(line) as Readonly<Record<string, unknown>>;
  return entry.type === undefined && type !== undefined ? { type, ...fields } : fields;
}
