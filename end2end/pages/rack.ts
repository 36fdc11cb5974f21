// The rack as the JSON door tells it, for finding things to move and for checking what became of them.

import type { APIRequestContext } from '@playwright/test';

/** A host. */
export interface Host {
  id: number;
  name: string;
  switch: number;
  port: number;
  link: { up: boolean };
  logical_ports: number;
}

/** A function with its adapter's kind. */
export interface Function {
  id: number;
  name: string;
  pdfid: string;
  adapter: number;
  assigned: { host: number; logical_port: number } | null;
}

/** The topology, with its functions in one list. */
export class Rack {
  readonly hosts: readonly Host[];
  readonly functions: readonly Function[];
  readonly generation: number;

  constructor(json: Topology) {
    this.hosts = json.hosts;
    this.generation = json.generation;
    this.functions = json.adapters.flatMap((adapter) =>
      adapter.functions.map((one) => ({ ...one, adapter: adapter.id })),
    );
  }

  /** Reads the rack. */
  static async read(request: APIRequestContext): Promise<Rack> {
    const answer = await request.get('/api/v1/topology');
    return new Rack((await answer.json()) as Topology);
  }

  /** The host on a port. */
  host(port: number): Host {
    return found(this.hosts.find((host) => host.port === port), `a host on port ${port}`);
  }

  /** The host on a port of one of several switches, counted from 1 as they were added. */
  hostOn(nth: number, port: number): Host {
    return found(this.hosts.find((host) => host.switch === nth && host.port === port), `a host on port ${port} of switch ${nth}`);
  }

  /** The function with a PDFID. */
  function(pdfid: string): Function {
    return found(this.functions.find((one) => one.pdfid === pdfid), `function ${pdfid}`);
  }

  /** The port of the host that has a function; null while it is in the pool. */
  portOf(pdfid: string): number | null {
    const { assigned } = this.function(pdfid);
    return assigned === null ? null : found(this.hosts.find(({ id }) => id === assigned.host), 'its host').port;
  }
}

interface Topology {
  generation: number;
  hosts: Host[];
  adapters: { id: number; functions: Omit<Function, 'adapter'>[] }[];
}

function found<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`the rack has no ${what}`);
  return value;
}
