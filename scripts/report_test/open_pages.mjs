// open_pages.mjs OUT PAGE...: opens each page as scripts/test_report says; exit code 1 when one fails.
import {createRequire} from 'node:module';
import {basename, join, resolve} from 'node:path';

const require = createRequire(import.meta.url);
const {chromium} = require(resolve('.deps/browser/package'));
const kOpenWithin = 2000;  // ms
const [out, ...pages] = process.argv.slice(2);
let failures = 0;
const fail = (page, what) => {
  ++failures;
  console.error(`FAILED ${page}: ${what}`);
};

async function open(browser, path, options) {
  const context = await browser.newContext({viewport: {width: 1280, height: 900}, ...options});
  const page = await context.newPage();
  const name = basename(path);
  page.on('console', (message) => { if (['error', 'warning'].includes(message.type())) fail(name, `console: ${message.text()}`); });
  page.on('pageerror', (error) => fail(name, `error: ${error.message}`));
  page.on('request', (request) => { if (!/^(file|data|blob):/.test(request.url())) fail(name, `request: ${request.url()}`); });
  await page.addInitScript(() => { window.fail = () => console.error('markup from data was run'); });
  const started = Date.now();
  await page.goto(`file://${resolve(path)}`, {waitUntil: 'domcontentloaded'});
  await page.waitForSelector('html[data-ready]', {timeout: 30000, state: 'attached'});
  const opened = Date.now() - started;
  await page.waitForSelector('html[data-complete]', {timeout: 60000, state: 'attached'});
  return {context, page, opened, complete: Date.now() - started};
}

async function checkGallery(page, name) {
  const gallery = page.locator('.gallery').first();
  if (await gallery.count() === 0) return;
  await gallery.scrollIntoViewIfNeeded();
  await page.waitForSelector('.gallery .strip[style*="blob"]');
  const [order, set] = [gallery.locator('select').nth(0), gallery.locator('select').nth(1)];
  await order.selectOption('highest score');
  await set.selectOption({index: 2});
  const shown = await gallery.locator('.controls [role=status]').textContent();
  if (!/^\d+ of \d+ cases shown$/.test(shown) || shown.startsWith('0 ')) fail(name, `gallery shows "${shown}"`);
  await set.selectOption({index: 0});
  await order.selectOption('wrong first');
}

async function checkLatents(page, name) {
  const button = page.locator('[data-umap]').first();
  if (await button.count() === 0 || !(await button.isVisible())) return;
  const canvas = button.locator('xpath=ancestor::section').locator('canvas').first();
  await canvas.scrollIntoViewIfNeeded();
  const box = await canvas.boundingBox();
  search: for (let y = 80; y < box.height - 40; y += 7) {
    for (let x = 60; x < box.width - 20; x += 60) {
      await page.mouse.move(box.x + x, box.y + y);
      if (await page.locator('#tip .strip').isVisible()) break search;
    }
  }
  if (!(await page.locator('#tip .strip').isVisible())) fail(name, 'no thumbnails over the latent space');
  else await page.screenshot({path: join(out, `${name}_tip.png`)});
  await button.click();
  await page.waitForFunction((element) => /UMAP of/.test(element.parentElement.textContent), await button.elementHandle(), {timeout: 120000});
  console.log(`  ${await button.locator('xpath=..').locator('[role=status]').textContent()}`);
  const download = page.waitForEvent('download');
  await page.locator('[data-export]').first().click();
  await (await download).saveAs(join(out, `${name}_umap.csv`));
}

const browser = await chromium.launch({executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox']});
for (const path of pages) {
  const name = basename(path, '.html');
  const {context, page, opened, complete} = await open(browser, path, {});
  console.log(`${name}: first screen after ${opened} ms, all figures after ${complete} ms`);
  if (opened > kOpenWithin) fail(name, `opens in ${opened} ms, more than ${kOpenWithin}`);
  await checkGallery(page, name);
  await page.screenshot({path: join(out, `${name}_light.png`), fullPage: true});
  await checkLatents(page, name);
  await page.emulateMedia({media: 'print'});
  await page.setViewportSize({width: 794, height: 1123});
  await page.screenshot({path: join(out, `${name}_print.png`), fullPage: true});
  await page.pdf({path: join(out, `${name}_print.pdf`), format: 'A4', printBackground: true});
  await context.close();
  for (const [kind, options] of [['dark', {colorScheme: 'dark'}], ['phone', {viewport: {width: 390, height: 844}, isMobile: true, deviceScaleFactor: 2}]]) {
    const other = await open(browser, path, options);
    const wide = await other.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    if (wide > 1) fail(name, `${kind}: ${wide} pixels wider than the screen`);
    if (await other.page.locator('.gallery').count() > 0) {
      await other.page.locator('.gallery').first().scrollIntoViewIfNeeded();
      await other.page.waitForSelector('.gallery .strip[style*="blob"]');
    }
    await other.page.screenshot({path: join(out, `${name}_${kind}.png`), fullPage: true});
    await other.context.close();
  }
}
await browser.close();
console.log(failures === 0 ? 'All pages pass.' : `${failures} failure(s)`);
process.exit(failures === 0 ? 0 : 1);
