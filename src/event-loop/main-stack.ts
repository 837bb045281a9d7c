import { type Debugger, type InspectorNotification, Session } from 'node:inspector';
import { sourcePositions } from '../source-stack.js';

const maxFrames = 8;
/** Native code that does not look up keeps the main thread from answering, ms. */
const patienceMs = 2_000;

/**
 * Where the main thread is, asked from another thread: its innermost functions, `name file:line`. Stops it for a moment
 * only. Empty when it does not answer in time.
 */
export function mainStack(): Promise<string[]> {
  const session = new Session();
  return new Promise(resolve => {
    const end = (frames: string[]): void => {
      clearTimeout(timer);
      session.disconnect();
      resolve(frames);
    };
    /** Frames name a script by its number. */
    const urls = new Map<string, string>();
    session.on('Debugger.scriptParsed', ({ params }: InspectorNotification<Debugger.ScriptParsedEventDataType>) => {
      urls.set(params.scriptId, params.url);
    });
    const timer = setTimeout(() => end([]), patienceMs);
    session.once('Debugger.paused', ({ params }: InspectorNotification<Debugger.PausedEventDataType>) => {
      session.post('Debugger.resume');
      session.post('Debugger.disable', () => end(texts(params.callFrames.slice(0, maxFrames), urls)));
    });
    session.connectToMainThread();
    session.post('Debugger.enable');
    session.post('Debugger.pause');
  });
}

function texts(frames: readonly Debugger.CallFrame[], urls: ReadonlyMap<string, string>): string[] {
  const places = frames.map(({ location: { scriptId, lineNumber: line, columnNumber: column = 0 } }) => ({
    url: urls.get(scriptId) ?? '',
    line,
    column,
  }));
  return sourcePositions(places).map(({ url, line }, index) => {
    const name = frames[index]?.functionName || '(anonymous)';
    return `${name} ${url.split('/').slice(-3).join('/')}:${line + 1}`;
  });
}
