import type { Reporter, TestCase, TestModule } from 'vitest/node';

/**
 * Names each test that did not run, and closes with the plain line that machines read. A skipped test fails a run in CI:
 * nobody would see it there.
 */
export default class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const inState = (state: string) => tests.filter((test) => test.result().state === state);
    const skipped = [...inState('skipped'), ...inState('pending')];
    for (const test of skipped) process.stdout.write(`did not run: ${titleOf(test)}\n`);
    process.stdout.write(
      `${inState('passed').length} passed, ${inState('failed').length} failed, ${skipped.length} skipped\n`,
    );
    if (skipped.length > 0 && process.env['CI'] !== undefined) process.exitCode = 1;
  }
}

function titleOf(test: TestCase): string {
  return `${test.module.relativeModuleId}: ${test.fullName}`;
}
