import { instanceToWire, serviceNodeToWire } from '../model/index.js';
import type { InstanceView, ServiceView } from '../model/index.js';
import { Body } from './core/reply.js';

/**
 * Bodies of the hottest reads, made once per change of a service. A ServiceView keeps its identity until something
 * about the service changes, so the bytes hang on it and go with it; an instance's text likewise hangs on its view, so
 * that one changed instance of a thousand costs one encoding.
 */
export type Face = 'health' | 'passing' | 'catalog';

const bodies = new WeakMap<ServiceView, Map<Face, Body>>();

export function preparedBody(view: ServiceView, face: Face): Body {
  let faces = bodies.get(view);
  if (!faces) {
    faces = new Map();
    bodies.set(view, faces);
  }
  let body = faces.get(face);
  if (!body) {
    body = new Body(Buffer.from(encode(view.instances, face), 'utf8'));
    faces.set(face, body);
  }
  return body;
}

const healthTexts = new WeakMap<InstanceView, string>();
const catalogTexts = new WeakMap<InstanceView, string>();

function encode(instances: readonly InstanceView[], face: Face): string {
  if (face === 'catalog') return joined(instances, catalogTexts, serviceNodeToWire);
  const shown = face === 'passing' ? instances.filter((instance) => instance.status === 'passing') : instances;
  return joined(shown, healthTexts, instanceToWire);
}

function joined(
  instances: readonly InstanceView[],
  texts: WeakMap<InstanceView, string>,
  toWire: (instance: InstanceView) => unknown,
): string {
  const parts = instances.map((instance) => {
    let text = texts.get(instance);
    if (text === undefined) {
      text = JSON.stringify(toWire(instance));
      texts.set(instance, text);
    }
    return text;
  });
  return `[${parts.join(',')}]`;
}
