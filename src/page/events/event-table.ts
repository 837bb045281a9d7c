import { useState } from 'preact/hooks';
import type { StoredEvent } from '../../../openapi/api-types.js';
import { dateAndTime, moment } from '../elements/format.js';
import { html, type Markup } from '../elements/html.js';
import { Inspector } from '../elements/json.js';

/** The fields that say most about an event at a glance, in this order. */
const summaryFields = [
  'service_name',
  'resource_name',
  'extractor_name',
  'dataset_name',
  'url',
  'message',
  'log',
  'user_name',
];
const maxSummaryFields = 3;
const maxSummaryLength = 120;

interface EventTableProps {
  readonly events: readonly StoredEvent[];
  /** How many, from the top, arrived while the page was open. */
  readonly fresh: number;
  readonly today: string;
  /** An event was opened: the list should stand still. */
  readonly onOpen: () => void;
}

export function EventTable({ events, fresh, today, onOpen }: EventTableProps): Markup {
  const [open, setOpen] = useState<string | undefined>();
  const toggle = (id: string): void => {
    if (open !== id) onOpen();
    setOpen(open === id ? undefined : id);
  };
  return html`
    <div class="events-table" role="table" aria-label="Recent events">
      <div role="row" class="event-row head">
        <span role="columnheader">Time</span><span role="columnheader">Event</span><span role="columnheader">Details</span><span role="columnheader">Source</span>
      </div>
      ${events.map((event, at) => html`<${Row} key=${event.id} event=${event} fresh=${at < fresh} today=${today} open=${open === event.id} onToggle=${() => toggle(event.id)} />`)}
    </div>`;
}

interface RowProps {
  readonly event: StoredEvent;
  readonly fresh: boolean;
  readonly today: string;
  readonly open: boolean;
  readonly onToggle: () => void;
}

function Row({ event, fresh, today, open, onToggle }: RowProps): Markup {
  const { category, type, created, _source } = event;
  return html`
    <div role="rowgroup" class="event ${open ? 'open' : ''} ${fresh ? 'fresh' : ''}">
      <div role="row" class="event-row">
        <span role="cell" class="event-time"><time dateTime=${new Date(created).toISOString()} title=${dateAndTime(created)}>${moment(created, today)}</time>${isAhead(created) && html` <span class="chip waiting" title="The event carries a time that is still to come">in the future</span>`}</span>
        <span role="cell"><button type="button" class="event-name" aria-expanded=${open} onClick=${onToggle}><span class="event-category">${category}</span>${type !== undefined && html` <span class="event-type">${type}</span>`}</button></span>
        <span role="cell" class="event-what">${summary(event)}</span>
        <span role="cell" class="event-source">${_source}</span>
      </div>
      ${open && html`<div role="row" class="event-inside"><div role="cell"><${Inspector} text=${JSON.stringify(event)} label="The event as JSON" /></div></div>`}
    </div>`;
}

/** More than a clock may be wrong. */
const futureMs = 60_000;

/** Its time is still to come: a wrong clock, or a date that was meant for something else. */
const isAhead = (created: number): boolean => created > Date.now() + futureMs;

function summary(event: StoredEvent): string {
  const words = summaryFields
    .map(name => event[name])
    .filter((value): value is string => typeof value === 'string' && value !== '');
  const text = words.slice(0, maxSummaryFields).join(' · ');
  return text.length > maxSummaryLength ? `${text.slice(0, maxSummaryLength)}…` : text;
}
