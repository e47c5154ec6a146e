import { setTimeout as sleep } from 'node:timers/promises';
import type { PlatformStatus, Problem } from '@switchyard/contracts';

const SERVED_WITHIN_MS = 60_000;

/** What is at the address, or undefined when nothing is. */
export async function find<T>(url: string): Promise<T | undefined> {
  const response = await fetch(url);
  if (response.status === 404) {
    await response.arrayBuffer();
    return undefined;
  }
  await expectOk(response);
  return (await response.json()) as T;
}

export async function send(method: string, url: string, body: unknown): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, { method, headers, body: JSON.stringify(body) });
  await expectOk(response);
  await response.arrayBuffer();
}

export async function expectOk(response: Response): Promise<void> {
  if (response.ok) return;
  const problem = (await response.json().catch(() => ({}))) as Partial<Problem>;
  throw new Error(`${response.url}: ${problem.code ?? response.status} ${problem.detail ?? ''}`);
}

/** Until every gateway answers from the newest snapshot, so that what was published last is what answers. */
export async function waitUntilServed(controlUrl: string, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + SERVED_WITHIN_MS;
  while (performance.now() < deadline && !signal.aborted) {
    const status = await find<PlatformStatus>(`${controlUrl}/api/v1/status`).catch(() => undefined);
    const live = status?.gateways.filter((gateway) => gateway.reachable) ?? [];
    if (live.length > 0 && live.every((gateway) => gateway.snapshot?.hash === status?.snapshot.hash)) return;
    await pause(100, signal);
  }
  if (!signal.aborted) throw new Error('No gateway served what was published within a minute.');
}

/** Ends early, without an error, when the signal aborts. */
export function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return sleep(milliseconds, undefined, { signal }).catch(() => undefined);
}
