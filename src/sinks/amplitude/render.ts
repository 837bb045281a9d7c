import { DeviceReader } from '../../people/devices.js';
import { Notes } from '../rendering.js';
import type { Render } from '../sink.js';
import { compile } from './compile.js';
import { pack } from './upload.js';

/** The event as it stands in `events` of a request. */
export function renderer(): Render {
  const devices = new DeviceReader();
  return event => {
    const notes = new Notes();
    const [packed] = pack([compile(event, { devices, noting: notes.add })]);
    return { output: { event: JSON.parse(packed!.json) }, notes: notes.all };
  };
}
