import { routeConfig, z } from 'koa-swagger-decorator';
import { written } from '../../calendar.js';
import { statusAsAtom } from '../../status-page/feed.js';
import { statusAsHtml } from '../../status-page/html.js';
import type { ShownService, StatusView } from '../../status-page/status-page.js';
import type { ApiContext } from '../context.js';
import { reportHeaders } from '../middleware/page-headers.js';
import { HttpProblem } from '../problem.js';
import { content, route } from '../route.js';
import { type Answer, epochMs } from '../schemas.js';

const states = z.enum(['up', 'degraded', 'down', 'maintenance', 'unknown']);
const percent = z.number().min(0).max(100).nullable();

const PublicStatus = z
  .object({
    name: z.string(),
    at: epochMs.openapi({ description: 'When it was looked up.' }),
    state: states.openapi({ description: 'The worst of all services.' }),
    groups: z.array(
      z
        .object({
          name: z.string().nullable(),
          services: z.array(
            z
              .object({
                service_name: z.string(),
                state: states,
                since: epochMs.nullable(),
                availability: percent.openapi({ description: 'Percent of the days below; null where nobody looked.' }),
                days: z.array(z.object({ day: z.string(), state: states, availability: percent }).openapi('PublicDay')),
              })
              .openapi('PublicService'),
          ),
        })
        .openapi('PublicGroup'),
    ),
    planned: z
      .array(
        z
          .object({
            service_name: z.string(),
            from: epochMs,
            until: epochMs.nullable().openapi({ description: 'Null: until further notice.' }),
            message: z.string().nullable(),
          })
          .openapi('PublicMaintenance'),
      )
      .openapi({ description: 'Maintenance of the next 14 days, the next one first.' }),
    incidents: z.array(
      z
        .object({
          service_name: z.string(),
          state: states,
          from: epochMs,
          until: epochMs.nullable().openapi({ description: 'Null while it goes on.' }),
          message: z.string().nullable().openapi({ description: 'The latest words about it.' }),
          updates: z
            .array(z.object({ at: epochMs, message: z.string() }).openapi('PublicUpdate'))
            .openapi({ description: 'All that was said of it, oldest first.' }),
        })
        .openapi('PublicIncident'),
    ),
  })
  .openapi('PublicStatus');
type PublicStatus = Answer<typeof PublicStatus>;

const formats = ['html', 'json', 'atom'] as const;
type Format = (typeof formats)[number];
const StatusQuery = z
  .object({
    format: z.enum(formats).optional().openapi({ description: 'By what is accepted, when it is not given.' }),
  })
  .strict();
type StatusQuery = z.output<typeof StatusQuery>;

const types = {
  html: 'text/html; charset=utf-8',
  json: 'application/json; charset=utf-8',
  atom: 'application/atom+xml; charset=utf-8',
} as const;

/** Browsers and proxies may show what they have for this long, seconds. */
const cacheSeconds = 30;

/** Anybody may ask, as often as they like: each look is made into each of its forms once. */
const texts = new WeakMap<StatusView, Map<Format, string>>();

function textOf(view: StatusView, format: Format): string {
  const made = texts.get(view) ?? new Map<Format, string>();
  texts.set(view, made);
  const text = made.get(format) ?? forms[format](view);
  made.set(format, text);
  return text;
}

const forms: Readonly<Record<Format, (view: StatusView) => string>> = {
  html: statusAsHtml,
  atom: statusAsAtom,
  json: view => JSON.stringify(answerOf(view)),
};

/** How the services are and were, for everybody. */
export class StatusPageRoutes {
  @routeConfig(
    route({
      method: 'get',
      path: '/status',
      access: 'open',
      tag: 'Status',
      id: 'getStatusPage',
      summary: 'The public status page: services, ninety days of them, and incidents',
      description: 'As a page, as JSON, or as an Atom feed of the incidents. 404 while STATUS_PAGE is off.',
      query: StatusQuery,
      answer: {
        status: 200,
        config: content('How the services are.', {
          'text/html': { schema: z.string() },
          'application/json': { schema: PublicStatus },
          'application/atom+xml': { schema: z.string() },
        }),
      },
      problems: [404, 500, 503],
    }),
  )
  async page(ctx: ApiContext, { query }: { query: StatusQuery }): Promise<void> {
    const { statusPage } = ctx.services.backend;
    if (statusPage === undefined) throw new HttpProblem('not-found', 'There is no status page here.');
    const view = await statusPage.view();
    const format = query.format ?? acceptedBy(ctx);
    if (format === 'html') await reportHeaders(ctx as never, async () => {});
    ctx.set('Cache-Control', `public, max-age=${cacheSeconds}`);
    ctx.set('Access-Control-Allow-Origin', '*');
    ctx.set('Vary', 'Accept');
    ctx.body = textOf(view, format);
    ctx.set('Content-Type', types[format]);
  }
}

function acceptedBy(ctx: ApiContext): Format {
  const accepted = ctx.accepts('html', 'json', 'application/atom+xml');
  return accepted === 'json' ? 'json' : accepted === 'application/atom+xml' ? 'atom' : 'html';
}

function answerOf({ groups, planned, incidents, ...rest }: StatusView): PublicStatus {
  return {
    ...rest,
    groups: groups.map(({ name, services }) => ({ name, services: services.map(serviceAnswer) })),
    planned: planned.map(({ service, from, until, message }) => ({ service_name: service, from, until, message })),
    incidents: incidents.map(({ service, ...incident }) => ({ service_name: service, ...incident })),
  };
}

function serviceAnswer({ name, days, availability, ...rest }: ShownService) {
  return {
    service_name: name,
    ...rest,
    availability: rounded(availability),
    days: days.map(({ day, ...one }) => ({ ...one, day: written(day), availability: rounded(one.availability) })),
  };
}

/** Never looks better than it is: 99.9999 is not 100. */
function rounded(percent: number | null): number | null {
  return percent === null ? null : Math.floor(percent * 1000) / 1000;
}
