import { readFile } from '../../config/environment.js';
import { loadConfig } from '../../config/load.js';
import { problemReport, type SettingProblem } from '../../settings/problems.js';
import { type Command, exitCodes, UsageError } from '../command.js';
import { type Finding, limitMs, runAttempts } from './attempt.js';
import { planFor } from './plan.js';
import { report } from './report.js';

export const check: Command = {
  usage: 'check [--json]',
  description: `Reads the settings as the daemon would, then tries what the daemon will do: with its folder, its port, RabbitMQ, every sink, every health target and every NGINX log.
All at once, each for at most ${limitMs / 1000} seconds, the whole within 25. Nothing that is there is changed, and nothing is left behind.
Prints a line for each thing (ok, wrong, or not tried and why), then a sentence for each that is wrong: the setting, the reason, what to do.
Exit code 0: all is well; 1: something is wrong; 2: the settings are.`,
  options: {},
  examples: [
    'event-sink check',
    'EVENT_SINK_CONFIG=new.yaml event-sink check && systemctl restart event-sink',
    'event-sink check --json | jq -r \'select(.outcome == "wrong") | .setting\'',
  ],
  async run({ env, terminal, clock, operands, values }) {
    if (operands.length > 0) throw new UsageError('check takes no arguments');
    const print = (findings: readonly Finding[]): void => {
      for (const finding of findings) terminal.out(JSON.stringify(finding));
    };
    const loaded = loadConfig({ env, readFile });
    if ('problems' in loaded) {
      if (values.json === true) print(loaded.problems.map(settingFinding));
      else terminal.err(problemReport(loaded.problems));
      return exitCodes.usage;
    }
    for (const { name, message } of loaded.warnings) terminal.err(`${name} ${message}`);
    const plan = planFor(loaded.config, clock);
    try {
      const findings = await runAttempts(plan.attempts, clock, loaded.secrets);
      if (values.json === true) print(findings);
      else terminal.out(report(findings));
      return findings.some(({ outcome }) => outcome === 'wrong') ? exitCodes.failed : exitCodes.ok;
    } finally {
      await plan.close();
    }
  },
};

function settingFinding({ name, message }: SettingProblem): Finding {
  return { dependency: 'settings', tried: `read ${name}`, outcome: 'wrong', setting: name, result: message, fix: '' };
}
