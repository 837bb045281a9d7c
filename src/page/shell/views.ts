import type { PageSection } from '../elements/section.js';
import { usageSections } from '../usage/sections.js';
import { sections } from './sections.js';

/** One of the pages that the page is. It has an address of its own: `/#usage`, say. */
export interface PageView {
  readonly title: string;
  /** Id of the element that gets the focus when the view is opened: the fragment that leads there. */
  readonly start: string;
  /** What the header leads to. */
  readonly sections: readonly Pick<PageSection, 'id' | 'title' | 'count'>[];
}

export const operations: PageView = { title: 'Operations', start: 'main', sections };
export const usage: PageView = { title: 'Usage', start: 'usage', sections: usageSections };

export const views: readonly PageView[] = [operations, usage];

/** The view that a fragment leads to: all that is not of usage is of operations. */
export function viewOf(fragment: string): PageView {
  return fragment === usage.start || fragment.startsWith(`${usage.start}-`) ? usage : operations;
}
