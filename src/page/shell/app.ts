import { useEffect, useState } from 'preact/hooks';
import type { Session } from '../../../openapi/api-types.js';
import { ask, signedOut, Unreachable } from '../elements/api.js';
import { html, type Markup } from '../elements/html.js';
import { Loading, Lost } from '../elements/states.js';
import { Dashboard } from './dashboard.js';
import { SignIn } from './sign-in.js';

type Presence = 'unknown' | 'lost' | 'out' | 'ended' | Session;

/** The page for somebody who is signed in; otherwise the way to sign in. */
export function App(): Markup {
  const [presence, setPresence] = useState<Presence>('unknown');

  const find = async (): Promise<void> => {
    try {
      const { session } = await ask('page/session');
      setPresence(session ?? 'out');
    } catch (error) {
      setPresence(error instanceof Unreachable ? 'lost' : 'out');
    }
  };

  useEffect(() => {
    void find();
    const ended = (): void => setPresence('ended');
    window.addEventListener(signedOut, ended);
    return () => window.removeEventListener(signedOut, ended);
  }, []);

  useEffect(() => {
    if (presence !== 'lost') return;
    const timer = window.setInterval(() => void find(), 2000);
    return () => window.clearInterval(timer);
  }, [presence]);

  const leave = async (): Promise<void> => {
    await ask('v1/session', { method: 'DELETE' }).catch(() => undefined);
    setPresence('out');
  };

  if (presence === 'unknown') return html`<main class="signed-out"><${Loading} what="Checking your session" /></main>`;
  if (presence === 'lost') return html`<main class="signed-out"><${Lost} /></main>`;
  if (presence === 'out' || presence === 'ended') {
    return html`<${SignIn} ended=${presence === 'ended'} onSignedIn=${setPresence} />`;
  }
  return html`<${Dashboard} session=${presence} onSignOut=${leave} />`;
}
