// The board as a person uses it: by mouse, by keyboard, through menus and the plan sheet.

import { type Locator, type Page, expect } from '@playwright/test';
import { open } from '../fixtures/index.ts';
import type { Function, Host } from './rack.ts';

/** The most presses of an arrow key that it can take to get anywhere on a small rack. */
const presses_max = 40;

/** The board in one browser. */
export class Board {
  readonly page: Page;
  /** The plan sheet, before and while a change runs. */
  readonly sheet: Locator;
  /** What is carried, with words on what a drop would do. */
  readonly carried: Locator;
  /** The one sentence at the end of a change. */
  readonly ending: Locator;

  constructor(page: Page) {
    this.page = page;
    this.sheet = page.getByTestId('sheet');
    this.carried = page.locator('.carry');
    this.ending = page.getByTestId('ending');
  }

  /** Opens the board and waits until it lives. */
  async open(): Promise<this> {
    await open(this.page, '/');
    await this.page.locator('body[data-live="on"]').waitFor({ state: 'attached' });
    return this;
  }

  /** A host's card. */
  host({ id }: Host): Locator {
    return this.page.locator(`section[data-host="${id}"]`);
  }

  /** An adapter's card: the pool of its functions. */
  pool({ adapter }: Function): Locator {
    return this.page.locator(`section[data-adapter="${adapter}"]`);
  }

  /** A function in a host's card. */
  chip(host: Host, { id }: Function): Locator {
    return this.host(host).locator(`.chip[data-function="${id}"]`);
  }

  /** A function in its adapter's card. */
  cell({ id }: Function): Locator {
    return this.page.locator(`.cell[data-function="${id}"]`);
  }

  /** Drags something onto something, as a hand would: in small moves. */
  async drag(from: Locator, to: Locator, over?: (board: Board) => Promise<void>): Promise<void> {
    const { mouse } = this.page;
    await from.scrollIntoViewIfNeeded();
    const [start, end] = [await middle(from), await spot(to)];
    await mouse.move(start.x, start.y);
    await mouse.down();
    await mouse.move(start.x + 8, start.y + 3);
    await mouse.move(end.x, end.y, { steps: 12 });
    await over?.(this);
    await mouse.up();
  }

  /** Picks something up with the space bar. */
  async pickUp(what: Locator): Promise<void> {
    await what.focus();
    await this.page.keyboard.press('Space');
    await expect(this.carried).toBeVisible();
  }

  /** Presses a key until the words on what is carried say so. */
  async press(key: string, until: RegExp | string): Promise<void> {
    for (let i = 0; i < presses_max; i += 1) {
      await this.page.keyboard.press(key);
      const words = await this.carried.textContent();
      if (words !== null && (typeof until === 'string' ? words.includes(until) : until.test(words))) return;
    }
    throw new Error(`${presses_max} presses of ${key} did not lead to ${until}`);
  }

  /** Writes the reason and presses Enter, as the sheet asks. */
  async apply(reason: string): Promise<void> {
    const field = this.sheet.getByLabel(/Reason/);
    await expect(field).toBeFocused();
    await this.page.keyboard.type(reason);
    await this.page.keyboard.press('Enter');
  }

  /** Waits until the change has ended as applied, and closes the sheet. */
  async applied(): Promise<void> {
    await expect(this.ending).toContainText('Applied.');
    await this.sheet.getByRole('button', { name: 'Close' }).click();
    await expect(this.sheet).toBeHidden();
  }
}

async function box(of: Locator): Promise<{ x: number; y: number; width: number; height: number }> {
  const found = await of.boundingBox();
  if (found === null) throw new Error(`${of} is not on the screen`);
  return found;
}

async function middle(of: Locator): Promise<{ x: number; y: number }> {
  const { x, y, width, height } = await box(of);
  return { x: x + width / 2, y: y + height / 2 };
}

/** A place on a card that is no chip, or the middle of anything smaller. */
async function spot(of: Locator): Promise<{ x: number; y: number }> {
  const { x, y, width, height } = await box(of);
  return height > 60 ? { x: x + width - 14, y: y + 30 } : { x: x + width / 2, y: y + height / 2 };
}
