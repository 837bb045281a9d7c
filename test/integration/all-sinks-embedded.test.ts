// timeout: 300 s
import { allSinks } from './all-sinks.js';

allSinks('embedded broker', async () => ({ env: {}, release: async () => {} }));
