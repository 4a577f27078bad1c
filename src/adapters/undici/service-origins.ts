import type { Routes } from '../routes.js';
import { hostOf } from '../service-host.js';
import { ServiceOrigin, type AddressingOptions } from './service-origin.js';

/** Origins of URLs to the services they name. The one used last costs a comparison: most programs call few. */
export class ServiceOrigins {
  private readonly byResolution = new WeakMap<object, Map<string, ServiceOrigin>>();
  private last: { readonly text: string; readonly origin: ServiceOrigin; readonly generation: number } | undefined;

  constructor(
    private readonly routes: Routes,
    private readonly options: AddressingOptions,
  ) {}

  /** Undefined for the origins of others. */
  find(text: string): ServiceOrigin | undefined {
    const { last } = this;
    if (last && last.text === text && last.generation === this.routes.generation) return last.origin;
    const origin = this.look(text);
    if (origin) this.last = { text, origin, generation: this.routes.generation };
    return origin;
  }

  /** Of one service few are in use: its schemes, and ports that say nothing. */
  private look(text: string): ServiceOrigin | undefined {
    const resolution = this.routes.find(hostOf(text));
    if (!resolution) return undefined;
    const known = this.byResolution.get(resolution) ?? new Map<string, ServiceOrigin>();
    const origin = known.get(text) ?? new ServiceOrigin(text, resolution, this.options);
    if (known.size >= ORIGINS_OF_ONE_SERVICE) known.clear();
    this.byResolution.set(resolution, known.set(text, origin));
    return origin;
  }
}

const ORIGINS_OF_ONE_SERVICE = 16;
