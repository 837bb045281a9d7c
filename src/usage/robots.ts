/** Whether a program is a robot, by its user agent. */
export type IsRobot = (agent: string) => boolean;

/** Patterns of one list, at most: COUNTER's has some 330. */
const maxPatterns = 10_000;

/**
 * The list that COUNTER publishes, in both of its forms: JSON, an array of objects with a `pattern`, or text with a
 * pattern a line. Patterns are regular expressions in either case, and match anywhere in the agent.
 * @throws Error that says which entry is wrong
 */
export function parseRobots(text: string): IsRobot {
  const patterns = text.trimStart().startsWith('[') ? jsonPatterns(text) : linePatterns(text);
  if (patterns.length === 0) throw new Error('it has no patterns');
  if (patterns.length > maxPatterns) throw new Error(`it has more than ${maxPatterns} patterns`);
  const expressions = patterns.map(expression);
  return agent => expressions.some(one => one.test(agent));
}

function jsonPatterns(text: string): string[] {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch (error) {
    throw new Error(`it is not JSON (${(error as Error).message})`);
  }
  return (list as unknown[]).map((entry, index) => {
    const pattern = (entry as { pattern?: unknown } | null)?.pattern;
    if (typeof pattern === 'string' && pattern !== '') return pattern;
    throw new Error(`entry ${index + 1} has no pattern`);
  });
}

function linePatterns(text: string): string[] {
  return text.split(/\r?\n/).filter(line => line.trim() !== '' && !line.startsWith('#'));
}

function expression(pattern: string, index: number): RegExp {
  try {
    return new RegExp(pattern, 'i');
  } catch (error) {
    throw new Error(`pattern ${index + 1} is not a regular expression (${(error as Error).message})`);
  }
}
