import { SetupError, TransientError } from '../../errors.js';
import type { People } from '../../people/people.js';
import { type HttpResponse, httpFault, summary } from '../http/faults.js';
import type { ErasedThere, SinkTools } from '../sink.js';
import { MatomoClient, type MatomoConfig } from './client.js';

interface Visit {
  readonly idVisit: string;
  readonly idSite: string;
}

/** What a visit is found by is its user id alone, and reports are sums that hold nobody's visits. */
const rest =
  'Matomo deletes visits of signed-in users alone: who stands in an address or a title of a visit of others is found there in the visits log; reports that were made before keep their sums, but for one by User ID (Administration, Privacy, Anonymize data; or invalidate the reports)';

const notDeleted = 'Matomo found visits, and did not delete them';

/** Visits are found and deleted as Matomo's own GDPR tools do it, by its API (plugins/PrivacyManager/API.php). */
export async function eraseFrom(
  config: MatomoConfig,
  { texts = [] }: People,
  tools: SinkTools,
  signal: AbortSignal,
): Promise<ErasedThere> {
  const ask = asker(config, tools, signal);
  let erased = 0;
  try {
    for (const text of texts) {
      let first: string | undefined;
      // It names 401 at most.
      for (let visits = await visitsOf(text, ask); visits.length > 0; visits = await visitsOf(text, ask)) {
        // Nothing is gained by asking on: whatever it answers, they are there.
        if (visits[0]?.idVisit === first) throw new TransientError(notDeleted);
        first = visits[0]?.idVisit;
        const { log_visit: gone, log_link_visit_action: actions } = await deleted(visits, ask);
        if (!(Number(gone) > 0)) throw new TransientError(notDeleted);
        if (typeof actions === 'number') erased += actions;
      }
    }
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    const fix =
      'give the user of MATOMO_TOKEN the role admin of the website and erase again, or delete the visits of this user id there (Administration, Privacy, GDPR tools)';
    return { erased, steps: [`${error.message}: ${fix}`, rest] };
  }
  return { erased, steps: [rest] };
}

/** To try again is of no use: somebody has to give the rights, or delete there. */
class RefusedError extends SetupError {
  override name = 'RefusedError';
}

type Ask = (method: string, parameters: Readonly<Record<string, string>>) => Promise<unknown>;

function asker(config: MatomoConfig, tools: SinkTools, signal: AbortSignal): Ask {
  const client = new MatomoClient(config, tools);
  const site = { idSite: String(config.siteId) };
  return async (method, parameters) => {
    const answer = await client.ask(`PrivacyManager.${method}`, { ...site, ...parameters }, signal);
    const value = parsed(answer);
    if (answer.status < 500 && answer.status !== 429 && isRefusal(value))
      throw new RefusedError(summary(answer, client.faultContext));
    const fault = httpFault(answer, client.faultContext);
    if (fault !== undefined) throw fault;
    if (answer.status >= 300 || typeof value !== 'object' || value === null)
      throw new TransientError(`${summary(answer, client.faultContext)}, which is not an answer of Matomo's API`);
    return value;
  };
}

/** Segments are encoded once more (https://developer.matomo.org/api-reference/reporting-api-segmentation). */
async function visitsOf(user: string, ask: Ask): Promise<readonly Visit[]> {
  const found = await ask('findDataSubjects', { segment: `userId==${encodeURIComponent(user)}` });
  if (!Array.isArray(found)) throw new TransientError('Matomo named no visits, and not that there are none');
  return found.map(({ idVisit, idSite }) => ({ idVisit: String(idVisit), idSite: String(idSite) }));
}

/** How many rows of which table. */
async function deleted(visits: readonly Visit[], ask: Ask): Promise<Readonly<Record<string, unknown>>> {
  const named = visits.flatMap(({ idVisit, idSite }, index) => [
    [`visits[${index}][idsite]`, idSite],
    [`visits[${index}][idvisit]`, idVisit],
  ]);
  return (await ask('deleteDataSubjects', Object.fromEntries(named))) as Readonly<Record<string, unknown>>;
}

function isRefusal(value: unknown): boolean {
  return (value as { result?: unknown } | null | undefined)?.result === 'error';
}

function parsed({ text }: HttpResponse): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
