#!/usr/bin/env node
/** The entry. What stands here must run on any Node, so that an old one can say what is missing. */
const needed = 24;
if (Number(process.versions.node.split('.')[0]) < needed) {
  process.stderr.write(`pvebak needs Node.js ${needed} or later; this is ${process.versions.node}\n`);
  process.exitCode = 1;
} else {
  import('./main.ts').then(({ main }) => main());
}
