import type { Page } from 'playwright-core';
import type {
  MonthlyReports,
  UsageAudit,
  UsageAuditCounts,
  UsageAuditSide,
  UsageCompleteness,
  UsageCounts,
  UsageLine,
  UsageMonth,
  UsageReport,
} from '../../../openapi/api-types.js';
import type { Visit } from '../visit.js';

const hourMs = 3_600_000;
/** Answers of the API for an installation that no test could fill in time: 10,000 datasets, three years. */
export const datasetCount = 10_000;
const hostile = '<img src=x onerror="window.harmed=1"><script>window.harmed=1</script>';
const titles = [
  'Soil moisture, Kellogg transect',
  'Prairie phenology from tower images',
  'تدفقات الكربون في الأراضي الزراعية',
  'מדידות לחות קרקע 2019–2025',
  '北海道積雪観測データ',
  hostile,
  'Corn and soybean canopy height from lidar, all plots and seasons, with the calibration of every sensor, the photographs, the weather and the notes of those who walked the rows '.repeat(
    3,
  ),
  'Throughfall_chemistry_2003-2024_final_v7_REALLY_FINAL_corrected_by_station_and_hour_without_a_single_space_in_the_name_of_the_file',
];
const spaceTitles = [
  'Critical zone',
  'Genomics',
  'بيانات المناخ',
  'Historic maps',
  'Remote sensing',
  hostile,
  'Teaching',
];
const countries = ['us', 'de', 'br', 'in', 'jp', 'fr', 'ke', 'cn', 'nz', 'no', 'zz', 'is', 'va'];

export function counts(requests: number): UsageCounts {
  const investigations = Math.round(requests * 2.7);
  return {
    total_dataset_investigations: investigations,
    total_dataset_requests: requests,
    unique_dataset_investigations: Math.round(investigations * 0.6),
    unique_dataset_requests: Math.round(requests * 0.7),
    bytes: requests * 48_130_007 + 12_000,
    request_bytes: requests * 48_130_007,
  };
}

function line(id: string | null, title: string | null, requests: number, machines: number): UsageLine {
  const doi = id !== null && requests % 3 === 0 && title !== null ? `10.5072/FK2.${id.slice(-4)}` : null;
  return { id, title, doi, regular: counts(requests), machine: counts(machines) };
}

const datasets = Array.from({ length: datasetCount }, (_, at) => {
  const requests = Math.floor(24_000 / (at + 3) ** 0.9);
  const title = titles[at] ?? (at % 11 === 0 ? null : `Plot ${at}, season ${1 + (at % 4)}`);
  return line(`65a89edca4bbe9b699${String(at).padStart(6, '0')}`, title, requests, Math.floor(requests / 7));
});
const spaces = spaceTitles.map((title, at) => line(`5a${String(at).padStart(22, '0')}`, title, 9000 - at * 1300, 900));
const byCountry = countries.map((code, at): UsageLine => {
  const few = code === 'is' || code === 'va';
  return { ...line(code, null, 5000 - at * 380, 700 - at * 50), doi: null, ...(few ? { regular: '< 3' } : {}) };
});

/** Oldest first. */
function monthsOf(from: string, to: string): string[] {
  const months: string[] = [];
  for (let month = from; month <= to; ) {
    months.push(month);
    month = new Date(Date.parse(`${month}-01`) + 32 * 86_400_000).toISOString().slice(0, 7);
  }
  return months;
}

/** The month that is not complete lacks hours, too. */
function withGaps({ months, ...report }: UsageReport): UsageReport {
  return { ...report, months: months.map(one => (one.completeness.complete ? one : { ...one, ...missing(one) })) };
}

function missing({ month, completeness }: UsageMonth): { readonly completeness: UsageCompleteness } {
  const at = Date.parse(`${month}-12T04:00:00Z`);
  const log = { reason: 'unread_lines', means: 'lines of the log could not be read' } as const;
  const gone = { reason: 'lost_log', means: 'a log was gone before it was read to its end' } as const;
  const counts = { seconds: 0, missing: 12 };
  const gaps = [
    { from: at, to: at + 2 * hourMs, ...log, ...counts },
    { from: at + 8 * hourMs, to: at + 32 * hourMs, ...gone, ...counts },
  ];
  return { completeness: { ...completeness, missing_hours: 26, gaps } };
}

/** Clowder lost a few; fewer passed the proxy by. */
function auditOf(query: URLSearchParams): UsageAudit {
  const side = (accesses: number, alone: number): UsageAuditSide => ({
    ...{ accesses, alone, repeated: 12, incomparable: 3 },
    left_out: { robot: 44 },
  });
  const counts = (matched: number, lost: number, past: number): UsageAuditCounts => ({
    matched,
    counted: side(matched + lost + 59, lost),
    control: side(matched + past + 59, past),
  });
  const day = query.get('to') ?? '';
  const example = {
    id: 'e1',
    resource: datasets[0]?.id ?? '',
    dataset: datasets[0]?.id ?? '',
    time: Date.parse(`${day}-02`),
  };
  const views = counts(20_411, 38, 0);
  return {
    source: 'nginx',
    window_seconds: 60,
    controls: [
      {
        source: 'nginx',
        control: 'clowder',
        counted_alone: 'Clowder lost them: the proxy served them, and Clowder published nothing',
        control_alone: 'they passed the proxy by: Clowder published them, and the log has no such request',
        ...{ views, downloads: counts(7020, 5, 2) },
      },
    ],
    days: [1, 2].map(n => ({
      day: `${day}-0${n}`,
      source: 'nginx',
      controls: [
        {
          ...{ control: 'clowder', views: counts(800, n, 0), downloads: counts(210, 0, n - 1) },
          examples: n === 1 ? [] : [{ ...example, kind: 'view' as const, said_by: 'nginx' }],
        },
      ],
    })),
  };
}

function reportsOf(): MonthlyReports {
  const months = monthsOf('2026-01', '2026-10').reverse();
  return {
    reports: months.map((month, at) => ({
      month,
      closed: at === 0 ? null : Date.parse(`${month}-28`) + 40 * 24 * hourMs,
      kept: at > 0,
    })),
  };
}

function answer(query: URLSearchParams): UsageReport {
  const [by, from, to] = ['by', 'from', 'to'].map(name => query.get(name) ?? '');
  // Nothing was counted in April.
  const months = monthsOf(from ?? '', to ?? '').filter(month => !month.endsWith('-04'));
  const lines =
    {
      dataset: datasets,
      space: [...spaces, line(null, null, 120, 900)],
      collection: [],
      user: [line('59a4e0', null, 4000, 20)],
      country: byCountry,
      month: months.map((month, at) => ({
        ...line(month, null, 2100 + Math.round(900 * Math.sin(at / 2)) + at * 60, 500 + at * 21),
        doi: null,
      })),
    }[by ?? ''] ?? [];
  const only = query.get('dataset');
  const chosen = by === 'dataset' && only !== null ? lines.filter(({ id }) => id === only) : lines;
  const start = Number(query.get('cursor') ?? 0);
  const end = start + Number(query.get('limit'));
  return {
    usage: chosen.slice(start, end),
    next_cursor: chosen.length > end ? String(end) : null,
    source: 'nginx',
    months: months.map((month, at) => ({
      month,
      closed: at < months.length - 2 ? Date.parse(`${month}-01`) + 62 * 86_400_000 : null,
      sources: ['nginx' as const],
      notes: [],
      left_out: {
        ...{ robot: 9000 + at, double_click: 812, extractor: 4100, preview: 20_400, probe: 44_640, unsuccessful: 391 },
        ...(at === 3 ? { late: 17 } : {}),
      },
      completeness: {
        ...{ complete: at !== 3, missing_hours: 0, gaps: [], waiting: 0, dead: 0, late: at === 3 ? 17 : 0 },
      },
    })),
  };
}

export async function standIn(page: Page): Promise<void> {
  const answers: Readonly<Record<string, (query: URLSearchParams) => unknown>> = {
    '/v1/usage': query => withGaps(answer(query)),
    '/v1/usage/audit': auditOf,
    '/v1/usage/reports': reportsOf,
  };
  await page.route('**/v1/usage**', route => {
    const { pathname, searchParams } = new URL(route.request().url());
    return route.fulfill({ json: answers[pathname]?.(searchParams) });
  });
}

/** Signs in at the view of usage. */
export async function openUsage(visit: Visit, key: string): Promise<Page> {
  const { page } = visit;
  await page.goto(new URL('#usage', page.url()).href);
  await page.reload();
  await visit.signIn(key);
  return page;
}
