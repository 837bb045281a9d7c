import { written } from '../calendar.js';
import { escaped, isolated, timeInWords } from '../printed/markup.js';
import type { Incident } from './incidents.js';
import type { Planned } from './planned.js';
import { type DayState, type ShownService, type StatusView, shownDays } from './status-page.js';
import { style } from './style.js';
import { rangeInWords, spanInWords, timeAfter } from './times.js';

const now: Readonly<Record<DayState, string>> = {
  up: 'All services work.',
  degraded: 'A service does not work well.',
  down: 'A service does not work.',
  maintenance: 'A service is being worked on.',
  unknown: 'How a service is, is not known at the moment.',
};

const words: Readonly<Record<DayState, string>> = {
  up: 'works',
  degraded: 'does not work well',
  down: 'does not work',
  maintenance: 'being worked on',
  unknown: 'not known',
};

const over = { degraded: 'did not work well', down: 'did not work' } as const;

const marks: Readonly<Record<DayState, string>> = { up: '●', degraded: '▲', down: '■', maintenance: '◆', unknown: '○' };

/** A page that is complete in itself, without a script. */
export function statusAsHtml({ name, at, state, groups, planned, incidents }: StatusView): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="60">
<title>${marks[state]} ${escaped(name)}: status</title>
<link rel="alternate" type="application/atom+xml" title="Incidents" href="status?format=atom">
<style>${style}</style>
</head>
<body>
<main>
<h1>${isolated(name)}</h1>
<p class="now ${state}"><span class="state" aria-hidden="true">${marks[state]}</span>${now[state]}</p>
${groups.map(group).join('\n')}
${planned.length === 0 ? '' : `<h2>Planned maintenance</h2>\n<ul class="incidents">\n${planned.map(one => plannedItem(one)).join('\n')}\n</ul>`}
<h2>Incidents of the last ${shownDays} days</h2>
${incidents.length === 0 ? '<p>There were none.</p>' : `<ul class="incidents">\n${incidents.map(one => incident(one, at)).join('\n')}\n</ul>`}
</main>
<footer>As of ${timeInWords(at)}. Days are those of UTC. Also as a <a href="status?format=atom">feed</a> and as <a href="status?format=json">JSON</a>.</footer>
</body>
</html>
`;
}

function group({ name, services }: StatusView['groups'][number]): string {
  return `<h2>${name === null ? 'Services' : isolated(name)}</h2>
<ul class="services">
${services.map(service).join('\n')}
</ul>`;
}

function service({ name, state, since, availability, days }: ShownService): string {
  const held = since === null ? '' : ` since ${timeInWords(since)}`;
  const share = availability === null ? 'nobody has looked yet' : `${percent(availability)} in ${shownDays} days`;
  return `<li><p><b>${isolated(name)}</b><span class="state ${state}">${marks[state]} ${words[state]}</span></p>
${bars(days)}
<p class="soft"><span>${share}</span><span>${held.trim()}</span></p></li>`;
}

const step = 10;

/** A bar for each day: higher the better, so that it can be read without colours. */
function bars(days: ShownService['days']): string {
  const heights: Readonly<Record<DayState, number>> = { up: 26, degraded: 18, maintenance: 14, down: 9, unknown: 4 };
  const before = shownDays - days.length;
  const drawn = days.map(({ day, state, availability }, place) => {
    const share = availability === null ? '' : `, ${percent(availability)}`;
    const x = (before + place) * step + 1;
    return `<rect x="${x}" y="${26 - heights[state]}" width="${step - 2}" height="${heights[state]}" fill="var(--${state})"><title>${written(day)}: ${words[state]}${share}</title></rect>`;
  });
  const bad = days.filter(({ state }) => state === 'down').length;
  const label = `${days.length} days, with outages on ${bad} of them`;
  return `<svg class="days" viewBox="0 0 ${shownDays * step} 26" preserveAspectRatio="none" role="img" aria-label="${label}">${drawn.join('')}</svg>`;
}

function plannedItem({ service, from, until, message }: Planned): string {
  const time = until === null ? `From ${timeInWords(from)} on` : rangeInWords(from, until);
  const said = message === null || message === '' ? '' : `\n<p>${isolated(message)}</p>`;
  return `<li class="maintenance"><p><b>${isolated(service)}</b> <span class="state">${marks.maintenance} planned</span></p>
<p class="soft">${time}</p>${said}</li>`;
}

function incident({ service, state, from, until, updates }: Incident, at: number): string {
  const goesOn = until === null || until > at;
  const what = state === 'maintenance' ? 'maintenance' : goesOn ? words[state] : over[state];
  const said = updates.map(({ at: when, message }) =>
    updates.length === 1
      ? `\n<p>${isolated(message)}</p>`
      : `\n<p><span class="soft">${timeAfter(when, from)}</span> ${isolated(message)}</p>`,
  );
  return `<li class="${state}"><p><b>${isolated(service)}</b> <span class="state">${marks[state]} ${what}</span></p>
<p class="soft">${spanInWords(from, until, at)}</p>${said.join('')}</li>`;
}

/** Never looks better than it is: 99.999 is not 100. */
function percent(value: number): string {
  return `${Math.floor(value * 100) / 100} %`;
}
