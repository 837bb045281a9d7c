/**
 * Steps of the migrations (schema.ts).
 *
 * - events: `n` is the order of arrival: what retention goes by, and the tie-break of pages.
 */

/** A category in order of arrival: an index ends with the row's number. */
export const arrivalIndexStep = 'CREATE INDEX events_by_arrival ON events (category);';

/**
 * One index finds the events of a category by time, and passes over other types without reading an event. A second one
 * by type cost each event a row of its own and each commit a page, for a filter that is rarely asked for.
 */
export const eventIndexStep = `
  DROP INDEX events_by_type;
  DROP INDEX events_by_category;
  CREATE INDEX events_by_category ON events (category, created, type);
`;
