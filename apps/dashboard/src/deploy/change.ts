import type { EndpointSettings, EndpointTraffic } from '@switchyard/contracts';
import { SETTING_LABELS } from '../policy/document.ts';
import { trafficOf } from '../policy/traffic.ts';

const SETTINGS = 'settings.';
const isSetting = (path: string) => path.startsWith(SETTINGS) && path.slice(SETTINGS.length) in SETTING_LABELS;

/** What a change is about, in words: a setting, all requests, or those that take a path. */
export function changedWhat(path: string): string {
  if (isSetting(path)) return SETTING_LABELS[path.slice(SETTINGS.length) as keyof EndpointSettings];
  return path === '' ? 'all requests' : path;
}

/** The share of the endpoint's predictions that a change concerns: settings hold for all of them. Null where there were none. */
export function shareOfChange(traffic: EndpointTraffic, path: string): number | null {
  return trafficOf(traffic, isSetting(path) ? '' : path).share;
}
