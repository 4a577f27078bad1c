import { LRUCache } from 'lru-cache';
import { instanceToWire, limits, serviceNodeToWire } from '../model/index.js';
import type { InstanceView, ServiceView, Wire } from '../model/index.js';
import { Body } from './core/reply.js';

/** Which shape an instance is shown in. */
export type Face = 'health' | 'catalog';

export const FACES: Readonly<Record<Face, (instance: InstanceView) => Wire>> = {
  health: instanceToWire,
  catalog: serviceNodeToWire,
};

interface Prepared {
  readonly view: ServiceView;
  readonly body: Body;
}

/**
 * Bodies of reads by service, made once per change of the service and shared by all who ask alike. A ServiceView is
 * another object after any change, so comparing it tells whether the bytes are still right. Bounded in bytes; what was
 * asked least recently goes first.
 */
export class PreparedBodies {
  private readonly kept = new LRUCache<string, Prepared>({
    maxSize: limits.preparedBytes,
    sizeCalculation: ({ body }, key) => body.bytes.length + key.length + ENTRY_BYTES,
  });

  /** `variant` names everything besides the service that the items depend on. */
  get(view: ServiceView, face: Face, variant: string, select: () => readonly InstanceView[]): Body {
    const key = `${face} ${view.name} ${variant}`;
    const known = this.kept.get(key);
    if (known && known.view === view) return known.body;
    const body = bodyOf(select(), face);
    this.kept.set(key, { view, body });
    return body;
  }
}

const ENTRY_BYTES = 200;
/** Above this many, the text of each instance is kept too, so that one changed instance costs one encoding. */
const MANY_INSTANCES = 64;

const texts: Readonly<Record<Face, WeakMap<InstanceView, string>>> = { health: new WeakMap(), catalog: new WeakMap() };

export function bodyOf(instances: readonly InstanceView[], face: Face): Body {
  const encode = instances.length > MANY_INSTANCES ? keptText : freshText;
  return new Body(Buffer.from(`[${instances.map((instance) => encode(instance, face)).join(',')}]`, 'utf8'));
}

function freshText(instance: InstanceView, face: Face): string {
  return JSON.stringify(FACES[face](instance));
}

function keptText(instance: InstanceView, face: Face): string {
  let text = texts[face].get(instance);
  if (text === undefined) {
    text = freshText(instance, face);
    texts[face].set(instance, text);
  }
  return text;
}
