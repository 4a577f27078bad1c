import type { ApiRequest } from './core/request.js';

/** Where operator/… begins: here, once there is something to tell, for those who may. */
export function beginOperating(request: ApiRequest, action: 'read' | 'write'): void {
  request.requireLocalDatacenter();
  request.requireReady();
  request.demand('operator', '', action);
}
