import { readFile } from '../config/environment.js';
import { loadConfig } from '../config/load.js';
import { problemReport } from '../settings/problems.js';
import { type Command, exitCodes, UsageError } from './command.js';
import { runProbes } from './probe.js';
import { probesFor } from './probes.js';
import { table } from './terminal.js';

export const check: Command = {
  usage: 'check',
  description:
    'Reads the settings as the daemon would, then tries everything they point to, for at most five seconds each.\nPrints what was tried, what came of it, and how to fix what failed.',
  options: {},
  examples: [
    'event-sink check',
    'EVENT_SINK_CONFIG=new.yaml event-sink check && systemctl restart event-sink',
    'event-sink check | jq -r "select(.ok | not) | .dependency"',
  ],
  async run({ env, terminal, clock, operands }) {
    if (operands.length > 0) throw new UsageError('check takes no arguments');
    const loaded = loadConfig({ env, readFile });
    if ('problems' in loaded) {
      terminal.err(problemReport(loaded.problems));
      return exitCodes.usage;
    }
    for (const { name, message } of loaded.warnings) terminal.err(`${name} ${message}`);
    const findings = await runProbes(probesFor(loaded.config, clock), clock);
    if (terminal.outIsTerminal) {
      const rows = findings.map(({ dependency, tried, ok, result, fix }) => [
        ok ? 'ok' : 'FAILED',
        dependency,
        tried,
        result,
        fix,
      ]);
      terminal.out(table(['', 'DEPENDENCY', 'TRIED', 'RESULT', 'HOW TO FIX IT'], rows, terminal.columns));
    } else for (const finding of findings) terminal.out(JSON.stringify(finding));
    const failed = findings.filter(finding => !finding.ok).length;
    if (terminal.outIsTerminal) {
      const brokerKind = loaded.config.broker.nodes.length === 0 ? 'embedded broker' : 'RabbitMQ';
      const sinks = loaded.config.sinks.map(sink => sink.definition.title).join(', ') || 'none';
      terminal.out(
        `\n${brokerKind}; sinks: ${sinks}. ${failed === 0 ? 'All is well.' : `${failed} of ${findings.length} failed.`}`,
      );
    }
    return failed === 0 ? exitCodes.ok : exitCodes.failed;
  },
};
