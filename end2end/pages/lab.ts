// "Lab: break something", in a tab of its own: the hands on the hardware.

import { type BrowserContext, type Locator, type Page, expect } from '@playwright/test';

/** The lab's page. */
export class Lab {
  readonly page: Page;
  /** What was done here, newest first. */
  readonly said: Locator;

  private constructor(page: Page) {
    this.page = page;
    this.said = page.getByRole('list', { name: 'What was done here' }).getByRole('listitem');
  }

  /** Opens it in a new tab. */
  static async open(context: BrowserContext): Promise<Lab> {
    const lab = new Lab(await context.newPage());
    await lab.page.goto('/lab');
    return lab;
  }

  /** The form of an order, for a port where the order has one. */
  form(order: string, port?: number): Locator {
    const within = port === undefined ? this.page : this.page.locator(`tr[data-port="${port}"]`);
    return within.locator(`form[data-order="${order}"]`).first();
  }

  /** Fills a form in and sends it; the page then says that it was done. */
  async order(order: string, fields: Record<string, string> = {}, port?: number): Promise<void> {
    await this.send(order, fields, port);
    await expect(this.said.first()).toHaveAttribute('data-tone', 'ok');
  }

  /** Fills a form in and sends it. */
  async send(order: string, fields: Record<string, string> = {}, port?: number): Promise<void> {
    const before = await this.said.count();
    const form = this.form(order, port);
    for (const [name, value] of Object.entries(fields)) {
      const field = form.locator(`[name="${name}"]`);
      if ((await field.evaluate((one) => one.tagName)) === 'SELECT') await field.selectOption(value);
      else await field.fill(value);
    }
    await form.getByRole('button').click();
    await expect(this.said).toHaveCount(before + 1);
  }
}
