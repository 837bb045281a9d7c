/** Ids that stand for nobody. Amplitude refuses them; so should anybody else. */
const nobody = new Set([
  ...['', 'anonymous', 'nil', 'none', 'null', 'n/a', 'na', 'undefined', 'unknown', 'false', 'true', 'nan'],
  ...['{}', '[]', '[object object]', 'lmy47d', '-1'],
]);
/** Zero in any form: Clowder's anonymous user (24 zeros), the nil UUID, an advertising id that is switched off. */
const zeros = /^[0\-:]+$/;

/** Whether an id of a user or a device stands for none. */
export function isNobody(id: string): boolean {
  return nobody.has(id.toLowerCase()) || zeros.test(id);
}
