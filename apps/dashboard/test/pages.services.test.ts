import { readFile } from 'node:fs/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { axeFindings, hasBrowser, launchBrowser, openPage } from './browser.ts';
import { buildDashboard } from './build-dashboard.ts';
import { type MockApi, type Scenario, startMockApi } from './mock-api.ts';
import { fraudPolicy } from './mock-data.ts';

if (!hasBrowser) console.warn('left out: the pages of the dashboard, because there is no Chromium (set CHROMIUM_PATH)');

describe.skipIf(!hasBrowser)('the pages of the dashboard', () => {
  let browser: Browser;
  let api: MockApi;
  let built: Awaited<ReturnType<typeof buildDashboard>>;

  beforeAll(async () => {
    built = await buildDashboard();
    api = await startMockApi({ directory: built.directory, liveIntervalMs: 200 });
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await api?.close();
    built?.remove();
  });
  beforeEach(() => api.setScenario('data'));
  afterEach(async () => {
    // A failed test leaves its page open, and live pages take time from those after them.
    for (const context of browser.contexts()) await context.close();
  });

  async function open(path: string, options: Parameters<typeof openPage>[2] = {}) {
    const opened = await openPage(browser, api.url + path, options);
    // Keys and clicks before the page is drawn would be lost.
    await opened.page.locator('#main').locator('h1, p').first().waitFor();
    return { ...opened, close: () => opened.page.context().close() };
  }

  const ADDRESSES = [
    '/',
    '/models',
    '/models/random-forest',
    '/models/random-forest?tab=signature',
    '/models/random-forest?tab=lineage',
    '/endpoints',
    '/endpoints?view=new',
    '/endpoints/fraud',
    '/endpoints/purchase',
    '/endpoints/purchase?tab=edit',
    '/endpoints/purchase?tab=try',
    '/predictions',
  ];

  describe.each(['light', 'dark'] as const)('in %s', (colorScheme) => {
    test.each(ADDRESSES)(
      '%s has nothing that axe finds, and the browser has nothing to complain about',
      async (path) => {
        const { page, complaints, close } = await open(path, { colorScheme });
        await page.waitForLoadState('networkidle');
        expect(await axeFindings(page)).toEqual([]);
        expect(complaints).toEqual([]);
        await close();
      },
    );

    test.each(['empty', 'failing', 'slow', 'alerting'] satisfies Scenario[])(
      'the overview is accessible when it is %s',
      async (scenario) => {
        api.setScenario(scenario);
        const { page, complaints, close } = await open('/', { colorScheme });
        await page.waitForTimeout(500);
        expect(await axeFindings(page)).toEqual([]);
        expect(complaints).toEqual([]);
        await close();
      },
    );

    test('dialogs, the palette, the range form and the peek panel are accessible', async () => {
      const { page, close } = await open('/models/random-forest', { colorScheme, reducedMotion: 'reduce' });
      await page.getByRole('button', { name: 'Deploy version 3' }).click();
      await page.getByRole('dialog').getByRole('heading', { name: 'What will change' }).waitFor();
      expect(await axeFindings(page)).toEqual([]);
      await page.keyboard.press('Escape');
      await page.getByRole('button', { name: 'Upload a version' }).click();
      await page.getByText('Choose an ONNX file').waitFor();
      expect(await axeFindings(page)).toEqual([]);
      await page.keyboard.press('Escape');
      await page.keyboard.press('Control+k');
      await page.getByRole('option').first().waitFor();
      expect(await axeFindings(page)).toEqual([]);
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'hidden' });
      await page.keyboard.press('t');
      await page.getByLabel('Type a range').waitFor();
      expect(await axeFindings(page)).toEqual([]);
      await page.goto(`${api.url}/predictions`);
      await page.getByRole('row').nth(3).click();
      await page.getByRole('region', { name: 'Decision' }).waitFor();
      expect(await axeFindings(page)).toEqual([]);
      await close();
    });
  });

  describe('the overview', () => {
    test('answers with a verdict, and compares each number with the period before', async () => {
      const { page, close } = await open('/');
      await page.getByText('Everything is healthy.').waitFor();
      const predictions = page.getByRole('article', { name: 'Predictions', exact: true });
      expect(await predictions.innerText()).toContain('184,213');
      expect(await predictions.innerText()).toContain('+9.5 %');
      expect(await page.getByRole('article', { name: 'Mean latency' }).innerText()).toContain('lower is better');
      expect(await page.getByRole('article', { name: 'Accuracy' }).innerText()).toMatch(
        /−0\.3 pts[\s\S]*higher is better/,
      );
      await close();
    });

    test('an empty platform shows what is not known as not known, with the reason and the next step', async () => {
      api.setScenario('empty');
      const { page, close } = await open('/');
      await page.getByText('Ready, and nothing is deployed yet.').waitFor();
      const accuracy = await page.getByRole('article', { name: 'Accuracy' }).innerText();
      expect(accuracy).toContain('—');
      expect(accuracy).toContain('no label has arrived');
      expect(accuracy).not.toMatch(/\b0\b/);
      await page.getByText('Nothing is alerting.').waitFor();
      await page.getByRole('link', { name: 'Create a model' }).click();
      await page.getByRole('heading', { name: 'Models', level: 1 }).waitFor();
      await close();
    });

    test('loading, failing and stale are three different states, and a failure can be retried', async () => {
      api.setScenario('slow');
      const slow = await open('/');
      await expect.poll(() => slow.page.locator('[aria-busy=true]').count()).toBeGreaterThan(3);
      expect(await slow.page.getByRole('alert').count()).toBe(0);
      await slow.close();

      api.setScenario('failing');
      const failing = await open('/');
      const traffic = failing.page.getByRole('region', { name: 'Traffic' });
      await traffic.getByText('storage_unavailable').waitFor();
      api.setScenario('data');
      await traffic.getByRole('button', { name: 'Retry' }).click();
      await traffic.getByRole('group', { name: 'Traffic' }).waitFor();
      api.setScenario('failing');
      await failing.page.getByRole('button', { name: 'Refresh now' }).click();
      await traffic.getByText(/^Stale/).waitFor();
      expect(await traffic.getByRole('group', { name: 'Traffic' }).count()).toBe(1);
      await failing.close();
    });

    test('alerts are told and decide the verdict', async () => {
      api.setScenario('alerting');
      const { page, close } = await open('/');
      const verdict = page.getByRole('region', { name: 'Is everything healthy?' });
      await verdict.getByText('gateway-1 stopped reporting').waitFor();
      expect(await page.getByRole('region', { name: 'Alerts' }).getByRole('listitem').count()).toBe(2);
      await close();
    });

    test('the feed follows, holds still under the pointer, says how many wait, and tells a lost connection', async () => {
      const { page, close } = await open('/');
      const feed = page.getByRole('region', { name: 'Live predictions', exact: true });
      const first = () => feed.getByRole('row').nth(1).getByRole('link').getAttribute('href');
      const before = await first();
      await expect.poll(first).not.toBe(before);
      await feed.getByRole('row').nth(2).hover();
      await feed.getByText('paused').waitFor();
      const held = await first();
      await feed.getByRole('button', { name: /^\d+ new$/ }).waitFor();
      expect(await first()).toBe(held);
      expect(await feed.getByText(/of .* not shown/).count()).toBe(1);
      await feed.getByRole('button', { name: /new$/ }).click();
      await page.mouse.move(5, 5);
      await expect.poll(first).not.toBe(held);
      // Who scrolls down reads: the same.
      const list = feed.getByRole('region', { name: 'Live predictions, newest first' });
      await list.evaluate((element) => element.scrollTo({ top: 120 }));
      await feed.getByText('paused').waitFor();
      const read = await first();
      await feed.getByRole('button', { name: /^\d+ new$/ }).waitFor();
      expect(await first()).toBe(read);
      await feed.getByRole('button', { name: /new$/ }).click();
      await page.mouse.move(5, 5);
      await feed.getByText('paused').waitFor({ state: 'hidden' });
      expect(await list.evaluate((element) => element.scrollTop)).toBe(0);
      api.setScenario('failing');
      api.dropSockets();
      await feed.getByText('stale, reconnecting').waitFor();
      api.setScenario('data');
      await feed.getByText('stale, reconnecting').waitFor({ state: 'hidden', timeout: 15_000 });
      await close();
    });

    test('dragging over a chart zooms the page, and back undoes it', async () => {
      const { page, close } = await open('/');
      const plot = page.getByRole('group', { name: 'Latency' }).locator('.u-over');
      const box = (await plot.boundingBox()) ?? expect.fail('no plot');
      await page.mouse.move(box.x + 40, box.y + 30);
      await page.mouse.down();
      await page.mouse.move(box.x + 140, box.y + 40, { steps: 6 });
      await page.mouse.up();
      await expect.poll(() => new URL(page.url()).searchParams.get('from')).toMatch(/^\d{4}-/);
      await page.goBack();
      await expect.poll(() => new URL(page.url()).searchParams.get('from')).toBe(null);
      await close();
    });

    test('the arrow keys move the cursor of a chart, and Enter opens the predictions of the step', async () => {
      const { page, close } = await open('/');
      const chart = page.getByRole('group', { name: 'Latency' });
      await chart.focus();
      for (let press = 0; press < 8; press += 1) await page.keyboard.press('ArrowLeft');
      const tooltip = page.locator('.sy-chart-tooltip');
      expect(await tooltip.innerText()).toContain('p99');
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: 'Predictions', level: 1 }).waitFor();
      expect(new URL(page.url()).searchParams.get('from')).toMatch(/^\d{4}-/);
      await close();
    });

    test('a chart can be taken along as numbers and as a picture', async () => {
      const { page, close } = await open('/');
      const exported = async (item: string) => {
        await page.getByRole('button', { name: 'Export Accuracy' }).click();
        const [download] = await Promise.all([
          page.waitForEvent('download'),
          page.getByRole('menuitem', { name: item }).click(),
        ]);
        return readFile(await download.path());
      };
      const csv = (await exported('Numbers as CSV')).toString('utf8').split('\r\n');
      expect(csv[0]).toBe('time,Accuracy,Accuracy lower,Accuracy upper,Accuracy n');
      expect(csv[1]).toMatch(/^\d{4}-\d{2}-\d{2}T[\d:.]+Z,0\.9\d*,/);
      const png = await exported('Picture as PNG');
      expect(png.subarray(1, 4).toString()).toBe('PNG');
      expect(png.length).toBeGreaterThan(5_000);
      await close();
    });
  });

  describe('the shell', () => {
    test('the range is in the address, stays relative, and goes along', async () => {
      const { page, close } = await open('/');
      await page.keyboard.press('t');
      await page.getByLabel('Type a range').fill('2h');
      await page.keyboard.press('Enter');
      await page.getByRole('button', { name: 'Time range: Last 2 hours' }).waitFor();
      expect(new URL(page.url()).search).toBe('?from=now-2h&to=now');
      await page.getByRole('link', { name: 'Models' }).click();
      await page.getByRole('heading', { name: 'Models', level: 1 }).waitFor();
      expect(new URL(page.url()).searchParams.get('from')).toBe('now-2h');
      await page.keyboard.press('t');
      await page.getByLabel('Type a range').fill('soonish');
      await page.keyboard.press('Enter');
      await page.getByRole('alert').getByText('not understood').waitFor();
      await close();
    });

    test('keys go to pages, open the sheet and the palette, and the palette finds entities', async () => {
      const { page, close } = await open('/');
      await page.keyboard.press('g');
      await page.keyboard.press('e');
      await page.getByRole('heading', { name: 'Endpoints', level: 1 }).waitFor();
      await page.keyboard.press('?');
      await page.getByRole('dialog', { name: 'Keyboard' }).waitFor();
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'hidden' });
      await page.keyboard.press('Control+k');
      await page.getByRole('combobox', { name: /Search pages/ }).fill('xgb');
      await page.getByRole('option', { name: /xgboost/ }).waitFor();
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: 'xgboost', level: 1 }).waitFor();
      await page.keyboard.press('g');
      await page.keyboard.press('m');
      await page.getByRole('heading', { name: 'Models', level: 1 }).waitFor();
      await page.keyboard.press('/');
      await page.keyboard.type('forest');
      await expect.poll(() => page.getByRole('rowheader').allInnerTexts()).toEqual(['random-forest']);
      expect(page.url()).toContain('filter=forest');
      await close();
    });

    test('the theme follows the system until one is chosen, and the choice is kept', async () => {
      const { page, close } = await open('/', { colorScheme: 'dark' });
      const theme = () => page.locator('html').getAttribute('data-mantine-color-scheme');
      expect(await theme()).toBe('dark');
      await page.getByRole('button', { name: 'Theme' }).click();
      await page.getByRole('menuitemcheckbox', { name: 'Light' }).click();
      expect(await theme()).toBe('light');
      await page.reload();
      expect(await theme()).toBe('light');
      await close();
    });

    test('an address that is no page says so', async () => {
      const { page, close } = await open('/nowhere');
      await page.getByText('There is no such page.').waitFor();
      await close();
    });
  });

  describe('models and endpoints', () => {
    test('a deploy shows what will change, is published against the revision it was made from, and can be undone', async () => {
      const { page, close } = await open('/models/random-forest');
      await page.getByRole('button', { name: 'Deploy version 3' }).click();
      const dialog = page.getByRole('dialog');
      const change = dialog.getByRole('row', { name: /middle\/forest/ });
      await change.waitFor();
      await expect.poll(() => change.innerText()).toMatch(/random-forest v2[\s\S]*random-forest v3[\s\S]*%/);
      expect(api.changes).toEqual([]);
      await dialog.getByLabel('Who').fill('grace');
      await dialog.getByRole('button', { name: 'Deploy', exact: true }).click();
      await page.getByText('random-forest v3 is deployed to fraud.').waitFor();
      expect(api.bodies.at(-1)).toMatchObject({ author: 'grace', note: 'Deploy random-forest v3' });
      expect(api.changes).toEqual(['PUT /api/v1/endpoints/fraud']);
      await page.getByRole('button', { name: 'Undo' }).click();
      await page.getByText('Undone: fraud serves what revision 4 did.').waitFor();
      expect(api.changes.at(-1)).toBe('POST /api/v1/endpoints/fraud/rollback');
      expect(api.bodies.at(-1)).toMatchObject({ author: 'grace', note: 'Undo of revision 5' });
      await close();
    });

    test('what clients send and a new version would refuse is told, and it can be published all the same', async () => {
      const { page, close } = await open('/models/random-forest');
      api.refuseClients("feature 'country': it is required; 120 of 187 recent requests");
      await page.getByRole('button', { name: 'Deploy version 3' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByRole('button', { name: 'Deploy', exact: true }).click();
      await dialog.getByRole('alert').getByText('120 of 187 recent requests').waitFor();
      await dialog.getByRole('alert').getByText('clients_refused').waitFor();
      expect(api.bodies.at(-1)).not.toHaveProperty('force');
      const insist = dialog.getByRole('button', { name: 'Deploy all the same' });
      expect(await insist.isDisabled()).toBe(true);
      await dialog.getByLabel('Refuse these requests from now on').check();
      await insist.click();
      await page.getByText('random-forest v3 is deployed to fraud.').waitFor();
      expect(api.bodies.at(-1)).toMatchObject({ force: true });
      await close();
    });

    test('what is deployed already cannot be deployed again', async () => {
      const { page, close } = await open('/models/random-forest');
      await page.getByRole('button', { name: 'Deploy version 2' }).click();
      await page.getByText('Nothing would change').waitFor();
      expect(await page.getByRole('dialog').getByRole('button', { name: 'Deploy', exact: true }).isDisabled()).toBe(
        true,
      );
      await close();
    });

    test('a model without an endpoint gets a new one', async () => {
      const { page, close } = await open('/models/logistic');
      await page.getByRole('button', { name: 'Deploy version 1' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel('Name of the new endpoint').fill('fraud');
      await dialog.getByText('There is an endpoint fraud already.').waitFor();
      await dialog.getByLabel('Name of the new endpoint').fill('scoring');
      await dialog.getByRole('row', { name: /all requests/ }).waitFor();
      await dialog.getByRole('button', { name: 'Deploy', exact: true }).click();
      await page.getByText('logistic v1 is deployed to scoring.').waitFor();
      expect(api.changes).toEqual(['PUT /api/v1/endpoints/scoring']);
      await close();
    });

    test('a rollback shows what will change and becomes a revision of its own', async () => {
      const { page, close } = await open('/endpoints/fraud');
      await page.getByRole('button', { name: 'Roll back' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByRole('row', { name: /middle\/forest/ }).waitFor();
      await dialog.getByText('published as revision 5').waitFor();
      await dialog.getByLabel('Why').fill('The other was right');
      await dialog.getByLabel('Who').fill('dana');
      await dialog.getByRole('button', { name: 'Roll back' }).click();
      await page.getByText('fraud serves what revision 3 did.').waitFor();
      await page.getByRole('row', { name: /^5 live .*dana back to 3 The other was right/ }).waitFor();
      await close();
    });

    test('a revision of the history can be restored', async () => {
      const { page, close } = await open('/endpoints/fraud');
      await page.getByRole('button', { name: 'Restore revision 1' }).click();
      const dialog = page.getByRole('dialog');
      expect(await dialog.getByLabel('Back to').inputValue()).toBe('1');
      await dialog.getByText('random-forest v1').waitFor();
      await close();
    });

    test('a model is created, refused names are told at the field, and a version is uploaded or refused with the reason', async () => {
      const { page, close } = await open('/models?dialog=create');
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel('Name').fill('Bad Name');
      await dialog.getByRole('button', { name: 'Create' }).click();
      await dialog.getByRole('alert').getByText('1 to 64 characters').waitFor();
      await dialog.getByLabel('Name').fill('churn');
      await dialog.getByRole('button', { name: 'Create' }).click();
      await page.getByText('No version has been uploaded.').waitFor();
      await page.getByRole('button', { name: 'Upload a version' }).first().click();
      const file = dialog.getByLabel('ONNX file');
      await file.setInputFiles({
        name: 'broken.onnx',
        mimeType: 'application/octet-stream',
        buffer: Buffer.from('text'),
      });
      await dialog.getByRole('button', { name: 'Upload' }).click();
      await dialog.getByRole('alert').getByText('invalid_artifact').waitFor();
      await file.setInputFiles({
        name: 'churn.onnx',
        mimeType: 'application/octet-stream',
        buffer: Buffer.from('GOOD'),
      });
      await dialog.getByRole('button', { name: 'Upload' }).click();
      await page.getByText('Version 1 of churn is stored.').waitFor();
      await page.getByRole('rowheader', { name: 'v1' }).waitFor();
      await close();
    });
  });

  describe('the endpoint page', () => {
    const arm = (page: Page, name: string) => page.getByRole('group', { name: `arm ${name}`, exact: true });
    const verdict = (page: Page, text: string) =>
      page.getByRole('region', { name: 'Check' }).getByRole('status').getByText(text, { exact: true }).waitFor();

    test('draws every kind of node in plain words, with what took each branch and whether its model is ready', async () => {
      const { page, complaints, close } = await open('/endpoints/purchase');
      const policy = page.getByRole('region', { name: 'Live policy' });
      for (const text of [
        'answers with the primary; shadows run beside it, are logged and never waited for',
        'takes the first rule that holds',
        'asks all members and lets a meta-model decide from their answers',
        'asks one after the other until one is sure enough',
        'asks the next one when one fails',
        'takes the candidate with the best recent F1',
        'draws an arm by weight; a unit keeps its arm',
        'learns which arm earns the most, by LinUCB',
      ]) {
        await policy.getByText(text, { exact: true }).waitFor();
      }
      await policy.getByText('means version 2 now').first().waitFor();
      await policy.getByText('129 more requests refused').waitFor();
      const item = (name: string) => policy.getByRole('listitem').filter({ hasText: new RegExp(`^${name}`) });
      // What is below a node adds up to the node; a quantile is told of single paths only.
      expect(await item('big-basket').first().innerText()).toMatch(/9 %\s+4\.6\/s/);
      expect(await item('cheap').innerText()).toMatch(/7\.1 %\s+3\.6\/s\s+0 %\s+306 µs\s+710 µs/);
      expect(await item('boosted').first().innerText()).toMatch(/asked 20,000×\s+2\.1 %/);
      expect(await item('next-forest').innerText()).toMatch(/loading[\s\S]*not asked/);
      await item('remote').getByRole('link', { name: '3.4 % failed: torch' }).click();
      await page.getByRole('heading', { name: 'Predictions', level: 1 }).waitFor();
      expect(new URL(page.url()).search).toBe('?endpoint=purchase&path=remote%2Ftorch&status=error');
      expect(complaints).toEqual([]);
      await close();
    });

    test('the policy is there while its traffic is not, and says so when that fails', async () => {
      const { page, close } = await open('/endpoints/fraud');
      await page.getByText('takes the first rule that holds').waitFor();
      await page.route('**/traffic?*', (route) =>
        route.fulfill({
          status: 503,
          contentType: 'application/problem+json',
          body: JSON.stringify({ code: 'storage_unavailable', detail: 'The store is away.', requestId: 'r' }),
        }),
      );
      await page.reload();
      await page.getByRole('alert').getByText('storage_unavailable').waitFor();
      await page.getByText('takes the first rule that holds').waitFor();
      await close();
      api.setScenario('slow');
      const slow = await open('/endpoints/fraud');
      await expect.poll(() => slow.page.locator('[aria-busy=true]').count()).toBeGreaterThan(0);
      await slow.close();
      api.setScenario('failing');
      const failing = await open('/endpoints/fraud');
      await failing.page.getByRole('alert').getByText('storage_unavailable').first().waitFor();
      await failing.close();
    });

    test('weights are edited with their sum in sight, what changes is shown, and it is published with who and why', async () => {
      const { page, complaints, close } = await open('/endpoints/fraud?tab=edit');
      await verdict(page, 'can be served');
      await page.getByText('Nothing yet: the draft is what is live.').waitFor();
      await arm(page, 'forest').getByLabel('Weight (%)').fill('30');
      await page.getByText('Sum 80 %: 20 % missing').waitFor();
      await page.getByRole('list', { name: 'Problems' }).getByText('the weights sum to 0.8, not to 1').waitFor();
      const publish = page.getByRole('button', { name: 'Publish' });
      expect(await publish.isDisabled()).toBe(true);
      await page.getByRole('button', { name: 'Normalise' }).click();
      await page.getByText('Sum 100 %').waitFor();
      expect(await arm(page, 'network').getByLabel('Weight (%)').inputValue()).toBe('62.5');
      await verdict(page, 'can be served');
      const changes = page.getByRole('list', { name: 'Changes' });
      expect(await changes.getByRole('listitem').allInnerTexts()).toEqual([
        expect.stringMatching(/middle\/forest\s+17 % of traffic\s+weight 0\.5[^\n]*\s+weight 0\.375/),
        expect.stringMatching(/middle\/network\s+16\.5 % of traffic\s+weight 0\.5[^\n]*\s+weight 0\.625/),
      ]);
      await page.getByText('As JSON').click();
      const diff = page.getByRole('region', { name: 'What will change, as JSON' });
      expect(await diff.innerText()).toMatch(/−\s*removed:\s*"weight": 0\.5/);
      await page.getByLabel('Why').fill('The network did better');
      await page.getByLabel('Who').fill('ada');
      await publish.click();
      await page.getByText('Revision 5 of fraud is published.').waitFor();
      await page.getByRole('row', { name: /^5 live .*ada The network did better/ }).waitFor();
      expect(api.changes).toEqual(['PUT /api/v1/endpoints/fraud']);
      expect(api.bodies[0]).toMatchObject({
        baseRevision: 4,
        author: 'ada',
        note: 'The network did better',
        policy: { rules: [{}, { policy: { arms: [{ weight: 0.375 }, { weight: 0.625 }] } }] },
      });
      expect(complaints).toEqual([]);
      // Who it was is kept for the next time, and the draft is gone.
      await page.getByRole('link', { name: 'Edit', exact: true }).click();
      expect(await page.getByLabel('Who').inputValue()).toBe('ada');
      await page.getByText('revision 5, unchanged').waitFor();
      await close();
    });

    test('branches are added, renamed, moved and removed, nodes wrapped and turned into other kinds', async () => {
      const { page, close } = await open('/endpoints/fraud?tab=edit');
      await page.getByRole('button', { name: 'Add an arm to middle' }).click();
      await arm(page, 'arm-3').getByLabel('Name').fill('boosted');
      const added = page.getByRole('group', { name: 'node boosted' });
      await added.getByLabel('Model', { exact: true }).selectOption('xgboost');
      // The alias that means the version in use is offered first.
      expect(await added.getByLabel('Version').inputValue()).toBe('@champion');
      await page.getByRole('button', { name: 'Move boosted up' }).click();
      await page.getByRole('button', { name: 'Remove forest' }).click();
      await page.getByRole('button', { name: 'Normalise the weights of middle' }).click();
      await page.getByRole('button', { name: 'Wrap network' }).click();
      await page.getByRole('menuitem', { name: 'Fallback' }).click();
      await page.getByLabel('Skip a target when (%)').fill('25');
      await page.getByRole('button', { name: 'Add a target to network' }).click();
      await page.getByLabel('Kind of otherwise').selectOption('shadow');
      await page.getByRole('group', { name: 'shadow shadow-1' }).getByLabel('Share of requests (%)').fill('10');
      await verdict(page, 'can be served');
      await page.getByText('JSON', { exact: true }).click();
      const { policy } = JSON.parse(await page.getByLabel('Policy and settings as JSON').inputValue());
      const network = { kind: 'model', model: 'neural-network', version: '1' };
      const champion = { kind: 'model', model: 'xgboost', alias: 'champion' };
      expect(policy.rules[1].policy.arms).toEqual([
        { name: 'boosted', weight: 0, policy: champion },
        {
          name: 'network',
          weight: 1,
          policy: {
            kind: 'fallback',
            targets: [
              { name: 'target-1', policy: network },
              { name: 'target-2', policy: network },
            ],
            breaker: { failureShare: 0.25 },
          },
        },
      ]);
      expect(policy.otherwise).toEqual({
        kind: 'shadow',
        primary: champion,
        shadows: [{ name: 'shadow-1', policy: champion, share: 0.1 }],
      });
      await close();
    });

    test('what is wrong is told at the field as it is typed: by the schema here, by the registry there', async () => {
      const { page, close } = await open('/endpoints/fraud?tab=edit');
      const low = page.getByRole('group', { name: 'rule low', exact: true });
      await low.getByLabel('When').fill('');
      await low.getByRole('alert').getByText('Too small').waitFor();
      await low.getByLabel('When').fill('true');
      await low.getByLabel('Name').fill('Not A Name');
      await page.getByRole('group', { name: 'rule Not A Name' }).getByRole('alert').waitFor();
      await page.getByRole('group', { name: 'rule Not A Name' }).getByLabel('Name', { exact: true }).fill('low');
      await arm(page, 'forest').getByLabel('Weight (%)').fill('half');
      await arm(page, 'forest').getByRole('alert').getByText('expected number').waitFor();
      await arm(page, 'forest').getByLabel('Weight (%)').fill('50');
      await verdict(page, 'can be served');
      await page.getByText('JSON', { exact: true }).click();
      const json = page.getByLabel('Policy and settings as JSON');
      await json.fill((await json.inputValue()).replace('"version": "2"', '"version": "9"'));
      const problem = page.getByRole('list', { name: 'Problems' }).getByRole('button');
      await problem.waitFor();
      expect(await problem.innerText()).toBe('middle › forest: version');
      await problem.click();
      const selected = await json.evaluate((area: HTMLTextAreaElement) =>
        area.value.slice(area.selectionStart, area.selectionEnd).trim(),
      );
      expect(selected).toBe('"version": "9"');
      await page.getByText('Form', { exact: true }).click();
      await page.getByText("model 'random-forest' has no version 9").first().waitFor();
      expect(await page.getByRole('group', { name: 'node forest' }).getByLabel('Version').inputValue()).toBe('9');
      await close();
    });

    test('settings are edited beside the policy, as form and as JSON, and published with it', async () => {
      const { page, complaints, close } = await open('/endpoints/fraud?tab=edit');
      await page.getByLabel('Time limit (ms)').fill('0');
      await page.getByRole('list', { name: 'Problems' }).getByRole('button', { name: 'Time limit' }).waitFor();
      await page.getByLabel('Time limit (ms)').fill('250');
      await page.getByLabel('Keep answers for (s)').fill('60');
      await page.getByLabel('Features that nothing knows').selectOption('ignore');
      await verdict(page, 'can be served');
      const changes = page.getByRole('list', { name: 'Changes' });
      expect(await changes.getByRole('listitem').allInnerTexts()).toEqual([
        expect.stringMatching(/^Features that nothing knows\s+100 % of traffic/),
        expect.stringMatching(/^Time limit\s+100 % of traffic/),
        expect.stringMatching(/^Answers to the same row\s+100 % of traffic\s+off/),
      ]);
      await page.getByText('JSON', { exact: true }).click();
      const json = page.getByLabel('Policy and settings as JSON');
      expect(JSON.parse(await json.inputValue()).settings).toEqual({
        onLogFailure: 'refuse',
        unknownFeatures: 'ignore',
        timeoutMs: 250,
        maximumQueuedRows: 10_000,
        cache: { ttlSeconds: 60 },
      });
      await json.fill((await json.inputValue()).replace('"timeoutMs": 250', '"timeoutMs": 400, "speed": 9'));
      await page.getByRole('list', { name: 'Problems' }).getByText('Unrecognized key').waitFor();
      await json.fill((await json.inputValue()).replace(', "speed": 9', ''));
      await page.getByText('Form', { exact: true }).click();
      expect(await page.getByLabel('Time limit (ms)').inputValue()).toBe('400');
      await verdict(page, 'can be served');
      await page.getByRole('button', { name: 'Publish' }).click();
      const settings = page.getByRole('region', { name: 'Settings' });
      await settings.getByText('are given again for 60 s').waitFor();
      await settings.getByText('nothing was answered in the range').waitFor();
      expect(api.bodies.at(-1)).toMatchObject({
        settings: { timeoutMs: 400, unknownFeatures: 'ignore', cache: { ttlSeconds: 60 } },
      });
      // Emptied: off again, and said so.
      await settings.getByRole('button', { name: 'Edit the settings' }).click();
      await page.getByLabel('Keep answers for (s)').fill('');
      await verdict(page, 'can be served');
      await page.getByRole('button', { name: 'Publish' }).click();
      await settings.getByText('are asked for each time').waitFor();
      expect(api.bodies.at(-1)).toMatchObject({ settings: { cache: null } });
      expect(complaints).toEqual([]);
      await close();
    });

    test('what clients send and a draft would refuse is told, and published by force on purpose only', async () => {
      const { page, close } = await open('/endpoints/fraud?tab=edit');
      api.refuseClients("feature 'country': it is required; 120 of 187 recent requests");
      await page.getByLabel('Time limit (ms)').fill('900');
      await verdict(page, 'can be served');
      await page.getByRole('button', { name: 'Publish' }).click();
      const panel = page.getByRole('region', { name: 'Publish' });
      await panel.getByRole('alert').getByText('120 of 187 recent requests').waitFor();
      await panel.getByText('the history says that it was forced').waitFor();
      const insist = panel.getByRole('button', { name: 'Publish all the same' });
      expect(await insist.isDisabled()).toBe(true);
      await panel.getByLabel('Refuse these requests from now on').check();
      expect(await insist.isDisabled()).toBe(false);
      // What was insisted on is not insisted on for another draft.
      await page.getByLabel('Time limit (ms)').fill('901');
      await panel.getByRole('button', { name: 'Publish', exact: true }).waitFor();
      await verdict(page, 'can be served');
      await panel.getByRole('button', { name: 'Publish', exact: true }).click();
      await panel.getByRole('alert').waitFor();
      expect(await panel.getByLabel('Refuse these requests from now on').isChecked()).toBe(false);
      expect(await axeFindings(page)).toEqual([]);
      await panel.getByLabel('Refuse these requests from now on').check();
      await insist.click();
      await page.getByText('Revision 5 of fraud is published.').waitFor();
      expect(api.bodies.map((body) => (body as { force?: boolean }).force)).toEqual([undefined, undefined, true]);
      await page.getByRole('row', { name: /^5 live .*forced/ }).waitFor();
      await page
        .getByRole('region', { name: 'Rollout' })
        .getByText('120 of 187 recent requests would be refused. Published by force.')
        .waitFor();
      await close();
    });

    test('a new endpoint has a name that is free, a policy and settings, and is there when it is published', async () => {
      const { page, complaints, close } = await open('/endpoints');
      await page.getByRole('button', { name: 'New endpoint' }).click();
      await page.getByRole('heading', { name: 'New endpoint', level: 1 }).waitFor();
      const name = page.getByLabel('Name of the endpoint');
      await name.fill('Not A Name');
      await page.getByRole('alert').getByText('an endpoint name is 1 to 64 characters').waitFor();
      await name.fill('fraud');
      await page.getByRole('alert').getByText('there is an endpoint fraud already').waitFor();
      expect(await page.getByRole('button', { name: 'Publish' }).isDisabled()).toBe(true);
      await name.fill('scoring');
      await page.getByLabel('Model', { exact: true }).selectOption('xgboost');
      await page.getByRole('button', { name: 'Wrap the root' }).click();
      await page.getByRole('menuitem', { name: 'Split' }).click();
      await page.getByLabel('Keep answers for (s)').fill('30');
      await verdict(page, 'can be served');
      expect(await page.getByRole('list', { name: 'Changes' }).innerText()).toMatch(/all requests[\s\S]*xgboost/);
      // The draft outlives leaving the page.
      await page.getByRole('link', { name: 'Models' }).click();
      await page.getByRole('heading', { name: 'Models', level: 1 }).waitFor();
      await page.goBack();
      expect(await name.inputValue()).toBe('scoring');
      await verdict(page, 'can be served');
      await page.getByLabel('Why').fill('Score the basket');
      await page.getByRole('button', { name: 'Publish' }).click();
      await page.getByRole('heading', { name: 'scoring', level: 1 }).waitFor();
      expect(api.changes).toEqual(['PUT /api/v1/endpoints/scoring']);
      expect(api.bodies[0]).toMatchObject({
        policy: { kind: 'split', arms: [{ policy: { model: 'xgboost', alias: 'champion' }, weight: 1 }] },
        settings: { cache: { ttlSeconds: 30 } },
        baseRevision: 0,
        note: 'Score the basket',
      });
      await page.getByRole('region', { name: 'Rollout' }).getByText('nobody had asked before').waitFor();
      await page.getByRole('button', { name: 'Undo' }).click();
      await page.getByText('Endpoint scoring was removed again.').waitFor();
      expect(complaints).toEqual([]);
      await close();
      api.setScenario('empty');
      const empty = await open('/endpoints?view=new');
      await empty.page.getByText('There is no version of a model that could answer.').waitFor();
      await empty.close();
    });

    test('what became of a change is followed: tried on recent requests, compared, taken over, or refused with the reason', async () => {
      const { page, complaints, close } = await open('/endpoints/fraud?tab=edit');
      await page.getByLabel('Time limit (ms)').fill('700');
      await verdict(page, 'can be served');
      await page.getByRole('button', { name: 'Publish' }).click();
      const notice = page.getByRole('status').filter({ hasText: 'Revision 5 of fraud is published.' });
      await notice.getByText('Gateways are taking it over').waitFor();
      await notice.getByText('1 gateway serves it. 32 recent requests tried, none refused').waitFor();
      const rollout = page.getByRole('region', { name: 'Rollout' });
      expect(await rollout.innerText()).toMatch(
        /187 recent requests tried, all would be accepted[\s\S]*gateway-0\s+serves it[\s\S]*32 compared: the label differs for 1 \(3\.1 %\)/,
      );
      await page.route('**/api/v1/status', async (route) => {
        const response = await route.fetch();
        const body = await response.json();
        const [gateway] = body.gateways;
        gateway.snapshot.hash = 'b'.repeat(64);
        gateway.snapshotError = "endpoint 'fraud' revision 5 cannot answer 3 of 32 recent requests: model_failed";
        Object.assign(gateway.rehearsal.endpoints[0], { refused: 3, reasons: ['model_failed: shape mismatch'] });
        await route.fulfill({ response, json: body });
      });
      await page.reload();
      await rollout.getByText('refused it').waitFor();
      await rollout.getByText(/cannot answer 3 of 32 recent requests/).waitFor();
      await rollout.getByText('model_failed: shape mismatch').waitFor();
      expect(await axeFindings(page)).toEqual([]);
      const serve = rollout.getByRole('button', { name: 'Serve it all the same' });
      expect(await serve.isDisabled()).toBe(true);
      await rollout.getByLabel('Let these requests fail from now on').check();
      await page.unroute('**/api/v1/status');
      await serve.click();
      await page.getByRole('row', { name: /^6 live .*forced Revision 5, whatever its rehearsal said/ }).waitFor();
      expect(api.bodies.at(-1)).toMatchObject({ force: true, baseRevision: 5, settings: { timeoutMs: 700 } });
      await rollout.getByText('serves it').waitFor();
      await serve.waitFor({ state: 'hidden' });
      expect(complaints).toEqual([]);
      await close();
    });

    test('how much the cache saves is told of endpoints that have one', async () => {
      const { page, close } = await open('/endpoints');
      await page.getByRole('row', { name: /^purchase .* 31 %/ }).waitFor();
      await page
        .getByRole('row', { name: /^fraud .* off/ })
        .first()
        .waitFor();
      await page.getByRole('link', { name: 'purchase', exact: true }).click();
      await page.getByRole('region', { name: 'Settings' }).getByText('31 % of 184,213 predictions').waitFor();
      await close();
    });

    test('a text that is no JSON keeps the last draft that was, and the draft outlives leaving the page', async () => {
      const { page, close } = await open('/endpoints/fraud?tab=edit');
      await page.getByText('JSON', { exact: true }).click();
      const json = page.getByLabel('Policy and settings as JSON');
      const text = await json.inputValue();
      await json.fill(text.replace('{', '{{'));
      await page.getByRole('alert').getByText('This is no JSON yet').waitFor();
      await page.getByText('Form', { exact: true }).click();
      await page.getByText('The form cannot show this draft.').waitFor();
      await page.getByRole('button', { name: 'Edit as JSON' }).click();
      await json.fill(text.replace('"low"', '"small"'));
      await verdict(page, 'can be served');
      await page.getByRole('link', { name: 'Models' }).click();
      await page.getByRole('heading', { name: 'Models', level: 1 }).waitFor();
      await page.goBack();
      await page.getByRole('group', { name: 'rule small', exact: true }).waitFor();
      await page.getByRole('button', { name: 'Discard the draft' }).click();
      await page.getByRole('group', { name: 'rule low', exact: true }).waitFor();
      await close();
    });

    test('who publishes first wins: the other sees what changed and puts the draft on top of it', async () => {
      const { page, close } = await open('/endpoints/fraud?tab=edit');
      await arm(page, 'forest').getByLabel('Name').fill('trees');
      await verdict(page, 'can be served');
      const theirs = fraudPolicy('3');
      if (theirs.kind !== 'rules') throw new Error('not the policy that was');
      api.publish(
        'fraud',
        { ...theirs, otherwise: { kind: 'model', model: 'rules', version: '1' } },
        'dana',
        'Rules last',
      );
      const conflict = page.getByRole('alert', { name: 'Published meanwhile' });
      await conflict.getByText('Revision 5 was published just now by dana').waitFor();
      await conflict.getByText('Their reason: Rules last').waitFor();
      expect(await page.getByRole('button', { name: 'Publish' }).isDisabled()).toBe(true);
      await conflict.getByText('What they changed').click();
      await conflict.getByText('"xgboost"').waitFor();
      await conflict.getByRole('button', { name: 'Put my changes on top of revision 5' }).click();
      await conflict.waitFor({ state: 'hidden' });
      // Theirs is in, mine is kept; they changed the version of the arm that was renamed here, so both are there.
      expect(
        await page.getByRole('group', { name: 'node otherwise' }).getByLabel('Model', { exact: true }).inputValue(),
      ).toBe('rules');
      await page.getByText('Both sides had changed this; yours is kept').waitFor();
      await page.getByRole('button', { name: 'Remove forest' }).click();
      await verdict(page, 'can be served');
      await page.getByRole('button', { name: 'Publish' }).click();
      await page.getByText('Revision 6 of fraud is published.').waitFor();
      expect(api.bodies.at(-1)).toMatchObject({ baseRevision: 5 });
      await close();
    });

    test('a conflict that only the control plane knows of is told too', async () => {
      const { page, close } = await open('/endpoints/fraud?tab=edit');
      await arm(page, 'forest').getByLabel('Weight (%)').fill('60');
      await arm(page, 'network').getByLabel('Weight (%)').fill('40');
      await verdict(page, 'can be served');
      await page.route('**/api/v1/endpoints/fraud', async (route) => {
        if (route.request().method() === 'PUT') api.publish('fraud', fraudPolicy('1'), 'eve', '');
        await route.continue();
      });
      await page.getByRole('button', { name: 'Publish' }).click();
      await page.getByRole('alert', { name: 'Published meanwhile' }).getByText('by eve').waitFor();
      expect(await arm(page, 'forest').getByLabel('Weight (%)').inputValue()).toBe('60');
      await close();
    });

    test('a trial shows its answer at once, and how it was decided when the record can be read', async () => {
      const { page, complaints, close } = await open('/endpoints/fraud?tab=try');
      await page.getByText(/as of a prediction/).waitFor();
      await page.getByLabel('Segment').fill('region=eu\ntier=gold');
      await page.getByLabel('amount', { exact: true }).fill('');
      await page.getByRole('button', { name: 'Send' }).click();
      await page.getByRole('alert').getByText('is missing, and has no default').waitFor();
      await page.getByLabel('amount', { exact: true }).fill('much');
      await page.getByRole('alert').getByText('is no number').waitFor();
      expect(await page.getByRole('button', { name: 'Send' }).isDisabled()).toBe(true);
      await page.getByLabel('amount', { exact: true }).fill('950');
      await page.getByRole('button', { name: 'Send' }).click();
      const answer = page.getByRole('region', { name: 'Answer' });
      await answer.getByText('Answered and logged.').waitFor();
      await answer.getByText('412 µs').waitFor();
      const decision = answer.getByRole('region', { name: 'Decision' });
      await decision.getByText('from the answers of 2 of 3 members').waitFor();
      expect(await answer.getByRole('region', { name: 'Members' }).innerText()).toMatch(
        /Asked before[\s\S]*upstream_failed[\s\S]*Asked together[\s\S]*deadline_exceeded[\s\S]*Shadows[\s\S]*next-forest/,
      );
      expect(api.bodies.at(-1)).toMatchObject({ features: { amount: 950 }, segment: { region: 'eu', tier: 'gold' } });
      await answer.getByRole('button', { name: 'Copy as curl' }).click();
      const copied = await page.evaluate(() => navigator.clipboard.readText());
      expect(copied).toContain("curl -sS 'http://127.0.0.1:7071/v1/models/fraud:predict'");
      expect(copied).toContain('"segment":{"region":"eu","tier":"gold"}');
      await answer.getByRole('link', { name: 'Open the prediction' }).click();
      await page.getByRole('region', { name: 'Unit, segment and context' }).getByText('dashboard').waitFor();
      expect(complaints).toEqual([]);
      await close();
    });

    test.each(['light', 'dark'] as const)(
      'drafts with problems, conflicts and answers are accessible in %s',
      async (colorScheme) => {
        const { page, close } = await open('/endpoints/fraud?tab=edit', { colorScheme, reducedMotion: 'reduce' });
        await arm(page, 'forest').getByLabel('Weight (%)').fill('130');
        await page.getByRole('list', { name: 'Problems' }).waitFor();
        expect(await axeFindings(page)).toEqual([]);
        await arm(page, 'forest').getByLabel('Weight (%)').fill('50');
        await arm(page, 'forest').getByLabel('Name').fill('trees');
        await page.getByRole('list', { name: 'Changes' }).waitFor();
        await page.getByText('As JSON').click();
        api.publish('fraud', fraudPolicy('1'), 'dana', '');
        await page.getByRole('alert', { name: 'Published meanwhile' }).getByText('What they changed').click();
        expect(await axeFindings(page)).toEqual([]);
        await page.getByText('JSON', { exact: true }).click();
        await page.getByLabel('Policy and settings as JSON').fill('{');
        await page.getByRole('alert').getByText('no JSON yet').waitFor();
        expect(await axeFindings(page)).toEqual([]);
        await page.goto(`${api.url}/endpoints/purchase?tab=try`);
        await page.getByRole('button', { name: 'Send' }).click();
        await page.getByRole('region', { name: 'Decision' }).waitFor();
        expect(await axeFindings(page)).toEqual([]);
        await close();
      },
    );

    test('nothing is pushed out of a page of 900 pixels', async () => {
      for (const path of ADDRESSES) {
        const { page, close } = await open(path, { viewport: { width: 900, height: 900 } });
        await page.waitForLoadState('networkidle');
        expect(await page.evaluate(() => document.documentElement.scrollWidth), path).toBeLessThanOrEqual(900);
        await close();
      }
    });
  });

  describe('predictions', () => {
    test('filters live in the address and a link with them opens the same list', async () => {
      const { page, close } = await open('/predictions?outcome=wrong');
      await page.getByLabel('Model').selectOption('random-forest');
      await expect.poll(() => new URL(page.url()).searchParams.get('model')).toBe('random-forest');
      await expect
        .poll(() => page.getByRole('table', { name: 'Predictions' }).getByText('✗ was').count())
        .toBeGreaterThan(1);
      expect(await page.getByRole('table', { name: 'Predictions' }).getByText('✓').count()).toBe(0);
      await page.getByLabel('Unit').fill('nobody');
      await page.getByText('No prediction matches these filters in this range.').waitFor();
      await page.getByRole('button', { name: 'Clear' }).click();
      await expect.poll(() => new URL(page.url()).search).toBe('');
      await close();
    });

    test('J and K go through the rows, the panel shows how it was decided, and the address is permanent', async () => {
      const { page, close } = await open('/predictions?path=middle');
      await page.getByRole('rowheader').first().waitFor();
      await page.keyboard.press('j');
      await page.keyboard.press('j');
      const peek = page.getByRole('complementary', { name: 'Prediction' });
      await peek.getByText('2 of 100').waitFor();
      const decision = peek.getByRole('region', { name: 'Decision' });
      await decision.getByText('bucket 231,407 of 1,000,000').waitFor();
      expect(await decision.innerText()).toContain('Probability of this whole path: 50 %');
      expect(await peek.getByRole('region', { name: 'Features' }).innerText()).toContain('missing');
      await peek.getByRole('button', { name: 'Copy as curl' }).click();
      const copied = await page.evaluate(() => navigator.clipboard.readText());
      expect(copied).toContain("curl -sS 'http://127.0.0.1:7071/v1/models/fraud:predict'");
      expect(copied).toContain('"segment":{"channel":"online","region":"eu"}');
      const id = new URL(page.url()).searchParams.get('selected');
      await page.keyboard.press('k');
      await peek.getByText('1 of 100').waitFor();
      await page.keyboard.press('Escape');
      await peek.waitFor({ state: 'hidden' });
      await page.goto(`${api.url}/predictions/${id}`);
      await page.getByRole('region', { name: 'Decision' }).waitFor();
      await close();
    });

    test('more is loaded below what is there, and what is shown is exported', async () => {
      const { page, close } = await open('/predictions');
      const rows = page.getByRole('rowheader');
      await rows.first().waitFor();
      expect(await rows.count()).toBe(100);
      await page.getByRole('button', { name: 'Load 100 more' }).click();
      await expect.poll(() => rows.count()).toBe(200);
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('button', { name: 'Export these 200 rows as CSV' }).click(),
      ]);
      const lines = (await readFile(await download.path(), 'utf8')).trimEnd().split('\r\n');
      expect(lines).toHaveLength(201);
      expect(new Set(lines.slice(1).map((line) => line.split(',')[0])).size).toBe(200);
      await close();
    });

    test('an id that is not known is told with its code', async () => {
      const { page, close } = await open('/predictions/00000000-0000-7000-8000-000000000000');
      await page.getByText('prediction_not_found').waitFor();
      await close();
    });
  });
});
