/**
 * Where the status, and the page, look for actors: their paths in the tree, as the supervisors name them. Served to
 * the browser, so it imports nothing.
 */
export const actorPaths = {
  sink: (name: string): string => `delivery/${name}/sink`,
  consumer: (name: string): string => `delivery/${name}/consumer`,
  /** In front of the name of each target. */
  health: 'ingress/health/',
  /** In front of the name of each log. */
  nginxLog: 'ingress/nginx-log/',
  nginxStatus: 'ingress/nginx-status',
  extractors: 'ingress/extractors',
  extractions: 'ingress/extractions',
} as const;
