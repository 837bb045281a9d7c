import htm from 'htm';
import { type ComponentChildren, h, type VNode } from 'preact';

/** What a component gives. */
export type Markup = VNode | VNode[];
export type Children = ComponentChildren;

/** Markup as tagged templates. What is put into a template is text or an attribute's value, never HTML. */
export const html = htm.bind(h) as (strings: TemplateStringsArray, ...values: unknown[]) => Markup;
