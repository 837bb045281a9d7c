// Loaded before a test file: for it, `uvu` and `uvu/assert` are the counting ones, so that
// a test which asserts nothing fails.
import * as module from 'node:module';
import { resolve } from './counting-hook.mjs';

// Node 20 knows only the older of the two, which runs the hook in a thread of its own.
if (typeof module.registerHooks === 'function') module.registerHooks({ resolve });
else module.register('./counting-hook.mjs', import.meta.url);
