/**
 * What the event store keeps at most where nothing else is set: a month to look back on, in what any disk has room for.
 * They hold too while the local store is switched off, so that what it kept until then still goes by age.
 */
export const defaultLimits = { days: 30, maxMebibytes: 2048 } as const;
