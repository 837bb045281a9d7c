import { routeConfig, z } from 'koa-swagger-decorator';
import { SettingsError } from '../../settings/problems.js';
import type { ApiContext } from '../context.js';
import { HttpProblem } from '../problem.js';
import { json, route } from '../route.js';
import type { Answer } from '../schemas.js';

const Reloaded = z
  .object({
    changed: z.array(z.string()).openapi({
      description: 'Names of the settings that are given otherwise than when they were read before.',
    }),
    restarted: z.array(z.string()).openapi({
      description: 'What runs with other settings now: actors by their paths, as `delivery/mongodb`, and other parts.',
    }),
    needs_restart: z.array(z.string()).openapi({
      description: 'Settings that are given otherwise than the daemon runs with, and take effect at its next start.',
    }),
  })
  .openapi('Reloaded');

/** Other settings, without a restart. */
export class ReloadRoutes {
  @routeConfig(
    route({
      method: 'post',
      path: '/v1/reload',
      access: 'admin',
      tag: 'Status',
      id: 'reload',
      summary: 'Read the settings anew',
      description:
        'The YAML file, and the files of secrets; the environment of a process cannot change. Only what is configured otherwise restarts, with its queue where it is. When anything is wrong, nothing is taken over, and `errors` says all of it.',
      answer: {
        status: 200,
        config: json('What has changed; all of it is in force but `needs_restart`.', Reloaded, {
          changed: ['MONGODB_BATCH_SIZE', 'PORT'],
          restarted: ['delivery/mongodb'],
          needs_restart: ['PORT'],
        }),
      },
      problems: [422],
    }),
  )
  async reload(ctx: ApiContext): Promise<void> {
    try {
      const { changed, restarted, needsRestart } = await ctx.services.backend.reload(ctx.state.key?.name ?? 'nobody');
      ctx.body = {
        changed: [...changed],
        restarted: [...restarted],
        needs_restart: [...needsRestart],
      } satisfies Answer<typeof Reloaded>;
    } catch (error) {
      if (!(error instanceof SettingsError)) throw error;
      const errors = error.problems.map(({ name, message }) => ({ field: name, message }));
      throw new HttpProblem('invalid-settings', 'Nothing was taken over; see errors for all that is wrong.', {
        errors,
      });
    }
  }
}
