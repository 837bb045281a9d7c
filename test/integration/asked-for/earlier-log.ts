import { appendFileSync } from 'node:fs';
import { agent, clientAddress, file } from './content.js';

const hourMs = 3_600_000;
/** The hour before the present one, and ten minutes: what was fetched then is over. */
export const earlier = (Math.floor(Date.now() / hourMs) - 1) * hourMs + 600_000;
export const partBytes = [1_000, 3_096];
export const targetOfParts = `/files/${file}/blob?in=parts`;

/** Somebody fetched a file in two parts. */
export function writeEarlierLog(path: string): void {
  const lines = partBytes.map((bytes, index) => {
    const [, day, month, year, time] =
      /(\d+) (\w+) (\d+) (\S+)/.exec(new Date(earlier + 1_000 * index).toUTCString()) ?? [];
    const request = `[${day}/${month}/${year}:${time} +0000] "GET ${targetOfParts} HTTP/1.1" 206 ${bytes}`;
    return `${clientAddress} - - ${request} "https://portal.example/start" "${agent}" - "-" "de-CH"\n`;
  });
  appendFileSync(path, lines.join(''));
}
