export interface XmlElement {
  /** Names from the root on: `feed/entry/title`. */
  readonly path: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Its own text, without that of the elements within. */
  text: string;
}

const token =
  /<\?xml [^?]*\?>|<(?<close>\/)?(?<name>[A-Za-z][\w.-]*)(?<rest>(?:\s+[\w:.-]+="[^"<]*")*)\s*(?<alone>\/)?>|(?<text>[^<]+)/gy;

/** The elements of an XML document, in their order. @throws where it is not well-formed, as far as a feed needs it */
export function elementsOf(xml: string): readonly XmlElement[] {
  const elements: XmlElement[] = [];
  const open: XmlElement[] = [];
  let end = 0;
  for (const match of xml.matchAll(token)) {
    end = match.index + match[0].length;
    const { close, name, rest = '', alone, text } = match.groups ?? {};
    const parent = open.at(-1);
    if (text !== undefined) {
      if (parent !== undefined) parent.text += unescaped(text);
      else if (text.trim() !== '') throw new Error(`text outside of the root: ${text}`);
    } else if (close !== undefined) {
      if (parent === undefined || parent.path.split('/').at(-1) !== name) throw new Error(`</${name}> ends nothing`);
      open.pop();
    } else if (name !== undefined) {
      if (parent === undefined && elements.length > 0) throw new Error(`a second root: ${name}`);
      const path = parent === undefined ? name : `${parent.path}/${name}`;
      const attributes = [...rest.matchAll(/([\w:.-]+)="([^"]*)"/g)].map(([, key, value]) => [key, unescaped(value)]);
      const element = { path, attributes: Object.fromEntries(attributes), text: '' };
      elements.push(element);
      if (alone === undefined) open.push(element);
    }
  }
  if (end !== xml.length) throw new Error(`not XML from here on: ${xml.slice(end, end + 40)}`);
  if (open.length > 0) throw new Error(`<${open.at(-1)?.path}> has no end`);
  return elements;
}

const names: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

function unescaped(text = ''): string {
  return text.replace(/&(?:#(\d+)|(\w+));|&/g, (all, code, name) => {
    const sign = code === undefined ? names[name] : String.fromCodePoint(Number(code));
    if (sign === undefined) throw new Error(`${all} stands for nothing`);
    return sign;
  });
}
