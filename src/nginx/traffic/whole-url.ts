/**
 * Makes addresses of what a log calls targets. Where CLOWDER_URL has a path, the log may show it (nginx serves Clowder
 * there) or not (a proxy in front took it off).
 * @param clowderUrl without a slash at its end; undefined = targets stay as they are
 */
export function wholeUrls(clowderUrl: string | undefined): (target: string) => string {
  if (clowderUrl === undefined) return target => target;
  const { origin, pathname } = new URL(clowderUrl);
  const path = pathname === '/' ? '' : pathname;
  return target => {
    const shown = target.startsWith(path) && /^(?:[/?#]|$)/.test(target.slice(path.length));
    return `${shown ? origin : clowderUrl}${target}`;
  };
}
