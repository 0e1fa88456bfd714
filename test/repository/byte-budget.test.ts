import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { ByteBudget } from '../../src/repository/byte-budget.ts';

describe('a byte budget', () => {
  it('lets in what fits, then who waited longest', async () => {
    const budget = new ByteBudget(10);
    const entered: string[] = [];
    const take = (name: string, bytes: number) => budget.take(bytes).then(() => entered.push(name));
    await take('a', 6);
    await take('b', 4);
    const later = [take('c', 5), take('d', 1)];
    await turn();
    expect(entered).toEqual(['a', 'b']);
    budget.give(4);
    await turn();
    expect(entered, 'd fits, but c came first').toEqual(['a', 'b']);
    budget.give(6);
    await Promise.all(later);
    expect(entered).toEqual(['a', 'b', 'c', 'd']);
  });

  it('lets in alone what is larger than the whole budget', async () => {
    const budget = new ByteBudget(10);
    await budget.take(1);
    let entered = false;
    const large = budget.take(100).then(() => {
      entered = true;
    });
    await turn();
    expect(entered).toBe(false);
    budget.give(1);
    await large;
    let small = false;
    void budget.take(1).then(() => {
      small = true;
    });
    await turn();
    expect(small).toBe(false);
    budget.give(100);
    await turn();
    expect(small).toBe(true);
  });
});
