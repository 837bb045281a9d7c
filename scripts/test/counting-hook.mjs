const counting = {
  uvu: new URL('./counting-uvu.mjs', import.meta.url).href,
  'uvu/assert': new URL('./counting-assert.mjs', import.meta.url).href,
};

/** Everybody gets the counting modules, and they get the real ones. */
export function resolve(name, context, next) {
  const url = counting[name];
  if (url === undefined || Object.values(counting).includes(context.parentURL)) return next(name, context);
  return { url, shortCircuit: true };
}
