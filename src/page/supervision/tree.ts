import type { ActorStatus } from '../../../openapi/api-types.js';
import { actorPaths } from '../../status/actor-paths.js';
import { dateAndTime, duration, plural } from '../elements/format.js';
import { html, type Markup } from '../elements/html.js';
import { actorState, StateChip, serviceState } from '../elements/states.js';
import { detailsOf } from './details.js';

interface Node {
  readonly name: string;
  readonly path: string;
  actor: ActorStatus | undefined;
  readonly children: Node[];
}

/** Who supervises whom: the tree of actors, from their paths. */
export function ActorTree({ actors, now }: { actors: readonly ActorStatus[]; now: number }): Markup {
  return html`
    <ul class="tree root">
      <li>
        <div class="actor group"><span class="actor-name">root</span></div>
        <ul class="tree">${treeOf(actors).map(node => html`<${Branch} key=${node.path} node=${node} now=${now} />`)}</ul>
      </li>
    </ul>`;
}

function Branch({ node, now }: { node: Node; now: number }): Markup {
  const { actor, name, children } = node;
  return html`
    <li>
      ${actor === undefined ? html`<div class="actor group"><span class="actor-name">${name}</span></div>` : html`<${Actor} actor=${actor} name=${name} now=${now} />`}
      ${children.length > 0 && html`<ul class="tree">${children.map(child => html`<${Branch} key=${child.path} node=${child} now=${now} />`)}</ul>`}
    </li>`;
}

/** A health check that runs says how its service is; otherwise the actor's own state is what matters. */
function chipOf({ path, state, detail }: ActorStatus) {
  const watches = path.startsWith(actorPaths.health) && state === 'running';
  return watches && typeof detail.status === 'string' ? serviceState(detail.status) : actorState(state);
}

function Actor({ actor, name, now }: { actor: ActorStatus; name: string; now: number }): Markup {
  const { state, since, restarts, last_error: error, next_try: next, detail } = actor;
  const details = detailsOf(detail, now);
  return html`
    <div class="actor">
      <span class="actor-name">${name}</span>
      <${StateChip} ...${chipOf(actor)} />
      <span class="actor-since" title="Since ${dateAndTime(since)}">for ${duration(now - since)}</span>
      ${restarts > 0 && html`<span class="actor-restarts">${plural(restarts, 'restart')}</span>`}
      ${next !== null && next > now && html`<span class="actor-next">next try in ${duration(next - now)}</span>`}
      ${details.length > 0 && html`<dl class="actor-detail">${details.map(({ name, value }) => html`<div key=${name}>${name !== '' && html`<dt>${name}</dt>`}<dd>${value}</dd></div>`)}</dl>`}
      ${error !== null && html`<p class="actor-error">${state === 'running' ? 'Last error, since recovered: ' : ''}${error.message} <span class="muted">(${error.fault}, ${duration(now - error.at)} ago)</span></p>`}
    </div>`;
}

/** Actors are named after what they watch, with the characters escaped that their names may not hold. */
function readable(name: string): string {
  try {
    return decodeURIComponent(name.replace(/!([0-9A-F]{2})/g, '%$1'));
  } catch {
    return name;
  }
}

function treeOf(actors: readonly ActorStatus[]): Node[] {
  const roots: Node[] = [];
  const known = new Map<string, Node>();
  const nodeAt = (path: string): Node => {
    const found = known.get(path);
    if (found !== undefined) return found;
    const cut = path.lastIndexOf('/');
    const node: Node = { name: readable(path.slice(cut + 1)), path, actor: undefined, children: [] };
    known.set(path, node);
    (cut < 0 ? roots : nodeAt(path.slice(0, cut)).children).push(node);
    return node;
  };
  for (const actor of actors) nodeAt(actor.path).actor = actor;
  return roots;
}
