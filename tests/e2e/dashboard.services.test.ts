import { readFileSync } from 'node:fs';
import AxeBuilder from '@axe-core/playwright';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runFraudScenario } from '../../examples/fraud/scenario.ts';
import { api, freshConfig, type RunningPlatform, removeDataDirectory, runPlatform, waitFor } from './harness.ts';

/** The pages people see, driven in Chromium against the running platform with the whole replay in it. */
const REPLAYED = 4_228;
let platform: RunningPlatform;
let browser: Browser;

beforeAll(async () => {
  platform = await runPlatform(await freshConfig());
  await runFraudScenario({
    controlUrl: platform.controlUrl,
    gatewayUrl: platform.gatewayUrl,
    perSecond: 800,
    passes: 1,
    labelDelayMs: [0, 400],
    signal: new AbortController().signal,
    print: () => {},
  });
  const from = new Date(Date.now() - 3_600_000).toISOString();
  await waitFor('every label is joined', async () => {
    const to = new Date(Date.now() + 60_000).toISOString();
    const { current } = await api<{ current: { labelled: number } }>(platform, `/overview?from=${from}&to=${to}`);
    return current.labelled === REPLAYED ? true : undefined;
  });
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
    ],
  });
});

afterAll(async () => {
  await browser?.close();
  await platform.stop();
  removeDataDirectory(platform.config);
});

async function open(path: string, scheme: 'light' | 'dark' = 'light'): Promise<{ page: Page; errors: string[] }> {
  // axe opens a page of its own beside this one, which only a context of one's own allows.
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, colorScheme: scheme });
  const page = await context.newPage();
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  await page.goto(`${platform.controlUrl}${path}`);
  await page.getByRole('main').waitFor();
  return { page, errors };
}

async function features(): Promise<[string, number][]> {
  const endpoint = await api<{ features: { name: string }[] }>(platform, '/endpoints/fraud');
  return endpoint.features.map(({ name }) => [name, 1]);
}

const percent = (share: number, digits: number) => `${(share * 100).toFixed(digits)}`;

describe('the dashboard on the running platform', () => {
  it('shows the accuracy that scikit-learn computes, and the number of predictions', async () => {
    const wanted = JSON.parse(readFileSync(new URL('./fixtures/expected-replay.json', import.meta.url), 'utf8')) as {
      accuracy: number;
    };
    const { page, errors } = await open('/?from=now-1h&to=now');
    const main = page.getByRole('main');
    await waitFor('the cards are filled', async () => {
      const text = (await main.textContent()) ?? '';
      return text.includes(percent(wanted.accuracy, 1)) && text.replaceAll(/[\s,.  ]/g, '').includes(String(REPLAYED))
        ? true
        : undefined;
    });
    expect(errors).toEqual([]);
    await page.close();
  });

  it('lists the models with their versions, and opens one', async () => {
    const { page, errors } = await open('/models');
    for (const model of ['rule-based', 'random-forest', 'xgboost', 'neural-network']) {
      await page.getByRole('link', { name: model, exact: true }).first().waitFor();
    }
    await page.getByRole('link', { name: 'xgboost', exact: true }).first().click();
    await page.getByRole('link', { name: 'Signature' }).click();
    await page.getByText('V28').first().waitFor();
    expect(errors).toEqual([]);
    await page.close();
  });

  it('opens a prediction with its decision, features and outcome', async () => {
    const { items } = await api<{ items: { id: string }[] }>(platform, '/predictions?limit=1&model=neural-network');
    const { page, errors } = await open(`/predictions/${items[0]?.id}`);
    await page.getByRole('region', { name: 'Decision' }).getByText('neural-network').first().waitFor();
    await page.getByRole('region', { name: 'Features' }).getByText('V14').waitFor();
    expect(errors).toEqual([]);
    await page.close();
  });

  it('shows what each branch of an endpoint does, tries it, and publishes a change that is tried again', async () => {
    const { page, errors } = await open('/endpoints/fraud?from=now-1h&to=now');
    const policy = page.getByRole('region', { name: 'Live policy' });
    await policy.getByRole('link', { name: '100 % of traffic: all requests' }).waitFor();
    await policy.getByText('ready', { exact: true }).first().waitFor();

    const send = async (path: RegExp) => {
      await page.getByRole('link', { name: 'Try it' }).click();
      await page.getByText(/as of a prediction/).waitFor();
      await page.getByRole('button', { name: 'Send' }).click();
      const answer = page.getByRole('region', { name: 'Answer' });
      await answer.getByRole('region', { name: 'Decision' }).waitFor();
      expect(await answer.innerText()).toMatch(path);
      return answer.getByRole('region', { name: 'Members' });
    };
    await send(/Path\s+\S/);

    await page.getByRole('link', { name: 'Edit' }).click();
    await page.getByRole('button', { name: 'Wrap the root' }).click();
    await page.getByRole('menuitem', { name: 'Shadow' }).click();
    await page.getByRole('group', { name: 'shadow shadow-1' }).getByLabel('Name', { exact: true }).fill('beside');
    await page.getByRole('region', { name: 'Check' }).getByText('can be served').waitFor();
    await page.getByRole('list', { name: 'Changes' }).getByText('beside').waitFor();
    await page.getByLabel('Why').fill('To compare');
    await page.getByRole('button', { name: 'Publish' }).click();
    await page.getByRole('row', { name: /live .*To compare/ }).waitFor();
    const { live } = await api<{ live: { revision: number; policy: { kind: string } } }>(platform, '/endpoints/fraud');
    expect(live.policy.kind).toBe('shadow');
    await waitFor('the gateway serves the revision', async () => {
      const tried = await fetch(`${platform.controlUrl}/api/v1/endpoints/fraud/try`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ features: Object.fromEntries(await features()) }),
      });
      return ((await tried.json()) as { revision?: number }).revision === live.revision ? true : undefined;
    });
    await (await send(/Path\s+\S/)).getByRole('cell', { name: 'beside', exact: true }).waitFor();
    // A record that is not readable yet is asked for again: that is no failure of the page.
    expect(errors.filter((error) => !error.includes('404'))).toEqual([]);
    await page.close();
  });

  it.each(['light', 'dark'] as const)('has nothing serious for axe to find, %s', async (scheme) => {
    for (const path of ['/', '/models', '/models/xgboost', '/endpoints/fraud', '/predictions']) {
      const { page } = await open(path, scheme);
      await page.waitForLoadState('networkidle').catch(() => undefined);
      const { violations } = await new AxeBuilder({ page }).analyze();
      const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
      expect(serious.map(({ id, nodes }) => `${path}: ${id}: ${nodes[0]?.html.slice(0, 200)}`)).toEqual([]);
      await page.close();
    }
  });
});
